"""How well do features tell classes apart? Handcrafted features, and a head that suits any."""

import numpy as np

from course_utils.guards import check_images

Split = tuple[np.ndarray, np.ndarray]


def hog_features(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal & Triggs 2005) of the grey images.

    9 orientations, cells of 16×16 pixels, blocks of 2×2 cells.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB.

    Returns
    -------
    ndarray of float, shape (n, d)
        d = 6084 for 224×224 pixels.
    """
    from skimage.color import rgb2gray
    from skimage.feature import hog

    check_images(images)
    return np.stack(
        [hog(rgb2gray(image), pixels_per_cell=(16, 16), cells_per_block=(2, 2)) for image in images]
    )


def colour_histogram(images: np.ndarray) -> np.ndarray:
    """Share of the pixels of each colour (Swain & Ballard 1991): where they are does not count.

    8 bins of hue, 4 of saturation, 4 of value.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB.

    Returns
    -------
    ndarray of float32, shape (n, 128)
        Each row sums to 1.
    """
    import cv2

    check_images(images)
    ranges = [0, 180, 0, 256, 0, 256]  # OpenCV halves the hue's 360 degrees to fit a byte

    def histogram(image):
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        return cv2.calcHist([hsv], [0, 1, 2], None, [8, 4, 4], ranges).ravel()

    return np.stack([histogram(image) for image in images]) / images[0, ..., 0].size


def fisher_vectors(
    train: np.ndarray, test: np.ndarray, *, modes: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """How the SIFT descriptors of each image differ from those of the training images.

    SIFT (Lowe 2004) describes the gradients around points that stand out; their square roots
    compare better (Arandjelović & Zisserman 2012). A mixture of Gaussians learns from the training
    images which descriptors there are, in the 64 directions in which they differ most. A Fisher
    vector, "improved" by its root and length, says how the mixture would have to change to fit
    an image (Perronnin, Sánchez & Mensink 2010).

    Parameters
    ----------
    train, test : ndarray of uint8, shape (n, height, width, 3)
        RGB. The mixture is learned from ``train`` alone.
    modes : int
        Gaussians of the mixture.

    Returns
    -------
    of_train, of_test : ndarray of float, shape (n, 129 * modes)
        Zero for an image in which no point stands out.
    """
    from skimage.feature import fisher_vector, learn_gmm
    from sklearn.decomposition import PCA

    described = [_root_sift(image) for image in train]
    rotation = PCA(64, random_state=0).fit(np.concatenate(described))
    settings = {"covariance_type": "diag", "random_state": 0, "tol": 0.01, "max_iter": 200}
    mixture = learn_gmm(
        list(map(rotation.transform, filter(len, described))), n_modes=modes, gm_args=settings
    )

    def vector(descriptors):
        if not len(descriptors):
            return np.zeros(modes * (2 * rotation.n_components + 1))
        return fisher_vector(rotation.transform(descriptors), mixture, improved=True)

    return (
        np.stack([vector(descriptors) for descriptors in described]),
        np.stack([vector(_root_sift(image)) for image in test]),
    )


def _root_sift(image: np.ndarray) -> np.ndarray:
    """Square roots of the SIFT descriptors of an image, shape (points, 128)."""
    import cv2

    check_images(image[None])
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    _, descriptors = cv2.SIFT_create().detectAndCompute(grey, None)
    if descriptors is None:
        return np.zeros((0, 128), np.float32)
    return np.sqrt(descriptors / descriptors.sum(axis=1, keepdims=True))


FOLDS = 5  # of the cross-validation, where each class has as many objects


def tuned(head, folds: int):
    """A scikit-learn head that tunes scale and C by cross-validation on what it is fed.

    Features differ in size and spread from one extractor to the next; so that none is
    favoured, each gets the scaling and regularisation that suit it, and no test image has a say.

    Parameters
    ----------
    head : scikit-learn classifier
        With a parameter C.
    folds : int
        At most as many as the smallest class has objects, so that each fold shows every class.

    Returns
    -------
    sklearn.model_selection.GridSearchCV
        Whose ``fit`` takes as ``groups`` which object each image shows.
    """
    from sklearn.decomposition import PCA
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    # A rotation onto the directions in which training images differ. A penalised head has no
    # weights in other directions, so it stays the same, and 6000 columns become 64.
    pipeline = Pipeline([("scale", StandardScaler()), ("rotate", PCA()), ("head", head)])
    grid = {
        "scale": [StandardScaler(), Normalizer(), "passthrough"],
        "head__C": [0.01, 0.1, 1, 10, 100],
    }
    return GridSearchCV(pipeline, grid, cv=StratifiedGroupKFold(folds))


def correct(
    train: Split, test: Split, *, objects: np.ndarray | None = None, head=None
) -> np.ndarray:
    """Fit a tuned linear head on training features; which test images does it get right?

    Parameters
    ----------
    train, test : (features, labels)
        Features of shape (n, d), labels of shape (n,).
    objects : ndarray, shape (n,), optional
        Which object each training image shows: the head is never tuned on one view of an object
        that it has learned from another. By default each shows one of its own.
    head : scikit-learn classifier, optional
        By default logistic regression.

    Returns
    -------
    ndarray of bool, shape (n,)
        One for each test image.

    Raises
    ------
    ValueError
        If a class has a single training object: none is left to tune on.
    """
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(solver="newton-cholesky") if head is None else head
    # In single precision the solver meets matrices that it takes for singular.
    groups = np.arange(len(train[1])) if objects is None else objects
    model = tuned(head, _folds(train[1], groups))
    model.fit(np.asarray(train[0], np.float64), train[1], groups=groups)
    return model.predict(np.asarray(test[0], np.float64)) == test[1]


def _folds(labels: np.ndarray, groups: np.ndarray) -> int:
    counts = {label: len(np.unique(groups[labels == label])) for label in np.unique(labels)}
    fewest = min(counts, key=lambda label: counts[label])
    if counts[fewest] < 2:
        raise ValueError(
            f"Class {fewest} has a single training object. The head is tuned by cross-validation, "
            "which needs at least 2 of each class: add images of others, or leave it out."
        )
    return min(FOLDS, counts[fewest])
