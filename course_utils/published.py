"""Published figures of the networks of the lecture, with their sources."""

from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.tables import Table


@dataclass(frozen=True)
class Net:
    """A network of the course's history.

    Attributes
    ----------
    name : str
    year : int
        Of the first publication, preprints included.
    depth : int
        Layers with weights on the longest path, as the paper counts.
    parameters : int
        Those that are trained, without biases before batch normalization.
    multiply_adds : int
        Of one image of the paper's size.
    top1 : float or None
        ImageNet validation accuracy in per cent, one central crop of 224 × 224 pixels. All of
        one source, because papers report different crops and scales.
    source : str
        Paper, and where in it depth and size stand.
    """

    name: str
    year: int
    depth: int
    parameters: int
    multiply_adds: int
    top1: float | None
    source: str


# Parameters and multiply-adds are counted by course_utils.costs from Keras models of the nets,
# so that all are counted alike. Top-1: torchvision documentation, "Models and pre-trained
# weights", table of classification weights, IMAGENET1K_V1. AlexNet's is that of the slimmer
# single-tower variant of Krizhevsky (2014), the only one there.
# fmt: off
NETS = (
    Net("LeNet-5", 1998, 5, 61_706, 416_520, None,
        "LeCun et al. 1998, Proc. IEEE, section II.B and figure 2"),
    Net("AlexNet", 2012, 8, 62_378_344, 1_135_256_096, 56.5,
        "Krizhevsky et al. 2012, NIPS, section 3.5 and figure 2"),
    Net("VGG-16", 2014, 16, 138_357_544, 15_470_264_320, 71.6,
        "Simonyan & Zisserman 2014, arXiv:1409.1556, tables 1 and 2"),
    Net("VGG-19", 2014, 19, 143_667_240, 19_632_062_464, 72.4,
        "Simonyan & Zisserman 2014, arXiv:1409.1556, tables 1 and 2"),
    Net("GoogLeNet", 2014, 22, 6_998_552, 1_582_671_872, 69.8,
        "Szegedy et al. 2014, arXiv:1409.4842, table 1"),
    Net("U-Net", 2015, 23, 31_030_658, 150_428_424_448, None,
        "Ronneberger et al. 2015, arXiv:1505.04597, section 2 and figure 1"),
    Net("ResNet-50", 2015, 50, 25_557_032, 3_857_973_248, 76.1,
        "He et al. 2015, arXiv:1512.03385, table 1"),
    Net("ResNet-152", 2015, 152, 60_192_808, 11_282_415_616, 78.3,
        "He et al. 2015, arXiv:1512.03385, table 1"),
    Net("DenseNet-121", 2016, 121, 7_978_856, 2_834_161_664, 74.4,
        "Huang et al. 2016, arXiv:1608.06993, table 1"),
    Net("DenseNet-201", 2016, 201, 20_013_928, 4_291_365_888, 76.9,
        "Huang et al. 2016, arXiv:1608.06993, table 1"),
)
# fmt: on


def table(nets: Sequence[Net] = NETS) -> Table:
    """The history as a table with its sources."""
    return Table(
        ["net", "year", "layers", "parameters [M]", "multiply-adds [G]", "top-1 [%]", "source"],
        [
            (
                net.name,
                net.year,
                net.depth,
                net.parameters / 1e6,
                net.multiply_adds / 1e9,
                net.top1,
                net.source,
            )
            for net in nets
        ],
        ["", "d", "d", ",.2f", ",.2f", ".1f", ""],
    )
