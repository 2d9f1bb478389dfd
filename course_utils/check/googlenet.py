"""Exercises of the lesson on GoogLeNet."""

from collections.abc import Callable, Sequence

from course_utils.check.feedback import Feedback, compare_functions, compare_number, shown

# Szegedy et al. (2014), arXiv:1409.4842, table 1: inception (3a).
_SIZE, _CHANNELS, _MODULE_3A = 28, 192, (64, 96, 128, 16, 32, 32)
_THINNEST = 16  # channels of a branch


def multiply_adds(answer: Callable) -> Feedback:
    """Check the formula for the multiply-adds of a convolution.

    Parameters
    ----------
    answer : callable
        Takes ``size, kernel, channels, filters``: side of the map that is made and of the kernel
        in pixels, channels that come in and go out. Returns the multiply-adds of one image.
    """
    return compare_functions(
        answer,
        _multiply_adds,
        [(28, 1, 192, 16), (28, 5, 16, 32), (14, 3, 96, 208), (1, 1, 1024, 1000)],
        right="That is how each convolution of this course is counted.",
        hint="How many products are there at one place for one kernel, how many places, and how "
        "many kernels?",
    )


def concatenated_channels(answer: int) -> Feedback:
    """Check the number of channels that module 3b hands on.

    Parameters
    ----------
    answer : int
    """
    return compare_number(
        answer,
        480,
        {
            640: "That counts the two reductions, which stay inside their branches.",
            416: "The pooling branch is missing.",
            352: "The stand-alone 1×1 is missing.",
            192: "That is the widest branch. A concatenation keeps all, a sum would need equal "
            "widths.",
            256: "That is what 3b gets from 3a.",
        },
        right="128 + 192 + 96 + 64: what the four branches end with.",
        hint="Which layer is the last of each branch?",
    )


def cheaper_module(answer: Sequence[int]) -> Feedback:
    """Check the widths of an inception module that costs at most half of GoogLeNet's 3a.

    Parameters
    ----------
    answer : sequence of six int
        Channels of the 1×1, of the reduction before the 3×3 and the 3×3, of the reduction before
        the 5×5 and the 5×5, and of the 1×1 behind the pooling. On a map of 28×28 with 192 channels
        the four branches must give 256 channels, at least 16 each.
    """
    if answer is ...:
        return Feedback(False, "Replace the three dots by six widths.")
    try:
        widths = tuple(int(width) for width in answer)
    except (TypeError, ValueError):
        return Feedback(False, f"{shown(answer)} is no list of six whole numbers.")
    if len(widths) != 6 or min(widths) < 1:
        return Feedback(False, f"{widths} should be six widths, each at least 1.")
    n1, _, n3, _, n5, n_pool = widths
    if n1 + n3 + n5 + n_pool != 256:
        return Feedback(
            False,
            f"The branches give {n1} + {n3} + {n5} + {n_pool} = {n1 + n3 + n5 + n_pool} channels, "
            "not 256.",
            "The two reductions do not count: they stay inside.",
        )
    if min(n1, n3, n5, n_pool) < _THINNEST:
        return Feedback(False, f"A branch has fewer than {_THINNEST} channels.")
    cost, limit = _module(*widths), _module(*_MODULE_3A) / 2
    if cost > limit:
        return Feedback(
            False,
            f"It costs {cost / 1e6:.1f} million multiply-adds, not at most {limit / 1e6:.1f}.",
            "What do the 3×3 and its reduction cost, and what the 1×1, which gives channels too?",
        )
    return Feedback(True, f"It costs {cost / 1e6:.1f} of the {limit / 1e6:.1f} million allowed.")


def _multiply_adds(size: int, kernel: int, channels: int, filters: int) -> int:
    return size**2 * kernel**2 * channels * filters


def _module(n1: int, reduce3: int, n3: int, reduce5: int, n5: int, n_pool: int) -> int:
    from_input = _multiply_adds(_SIZE, 1, _CHANNELS, n1 + reduce3 + reduce5 + n_pool)
    three, five = _multiply_adds(_SIZE, 3, reduce3, n3), _multiply_adds(_SIZE, 5, reduce5, n5)
    return from_input + three + five
