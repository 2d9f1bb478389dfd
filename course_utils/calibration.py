"""Does a classifier's confidence mean what it says?"""

from dataclasses import dataclass

import numpy as np

from course_utils.intervals import Estimate, proportion


@dataclass(frozen=True)
class ConfidenceBin:
    """The answers whose confidence lies between two bounds.

    Attributes
    ----------
    confidence : float
        Their mean confidence.
    accuracy : Estimate
        Share of right answers, with Wilson's 95 % interval; ``n`` is how many there are.
    """

    confidence: float
    accuracy: Estimate


def reliability(
    confidence: np.ndarray, correct: np.ndarray, *, bins: int = 10
) -> list[ConfidenceBin]:
    """Sort answers into bins of equal width by confidence; empty bins are left out.

    Parameters
    ----------
    confidence : ndarray of float, shape (n,)
        Probability of the answer given, above 0 and up to 1.
    correct : ndarray of bool, shape (n,)
    bins : int
        Equal parts of 0 to 1; a bound belongs to the bin below it.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    return [
        ConfidenceBin(
            float(confidence[place == i].mean()),
            proportion(int(correct[place == i].sum()), int((place == i).sum())),
        )
        for i in np.unique(place)
    ]


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, *, bins: int = 10
) -> float:
    """Mean distance between confidence and accuracy of the bins, weighted by their answers.

    Parameters
    ----------
    confidence, correct, bins
        As for :func:`reliability`.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599.
    """
    found = reliability(confidence, correct, bins=bins)
    counts = [bin_.accuracy.n for bin_ in found]
    distances = [abs(bin_.confidence - bin_.accuracy.mean) for bin_ in found]
    return float(np.average(distances, weights=counts))


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature at which the softmax of ``logits / temperature`` fits the labels best.

    The fit is by mean cross-entropy. The order of the classes stays, and so does every answer:
    only the confidence changes.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        Of images that the classifier was not trained on.
    labels : ndarray of int, shape (n,)

    Returns
    -------
    float
        Between 1/50 and 50. Above 1 the classifier claimed too much, below 1 too little.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def cross_entropy(log_temperature):
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -log_probabilities[np.arange(len(labels)), labels].mean()

    widest = np.log(50)
    found = minimize_scalar(cross_entropy, bounds=(-widest, widest), method="bounded")
    return float(np.exp(found.x))
