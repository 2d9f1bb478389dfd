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
    top5_error : float or None
        On ImageNet's validation images, in per cent: one network, answers averaged over the ten
        crops of Krizhevsky et al. (2012). None where no such figure is published.
    source : str
        Paper, and where in it depth and size stand.
    """

    name: str
    year: int
    depth: int
    parameters: int
    multiply_adds: int
    top5_error: float | None
    source: str


# Parameters and multiply-adds are counted by course_utils.costs from Keras models of the nets,
# so that all are counted alike. Ten-crop errors: Krizhevsky et al. 2012, table 2 ("1 CNN"); He et
# al. 2015 (arXiv:1512.03385), table 3, for VGG-16, GoogLeNet and the ResNets; Huang et al. 2016,
# table 3.
# fmt: off
NETS = (
    Net("LeNet-5", 1998, 5, 61_706, 416_520, None,
        "LeCun et al. 1998, Proc. IEEE, section II.B and figure 2"),
    Net("AlexNet", 2012, 8, 60_965_224, 724_406_816, 18.2,
        "Krizhevsky et al. 2012, NIPS, section 3.5 and figure 2"),
    Net("VGG-16", 2014, 16, 138_357_544, 15_470_264_320, 9.33,
        "Simonyan & Zisserman 2014, arXiv:1409.1556, tables 1 and 2"),
    Net("VGG-19", 2014, 19, 143_667_240, 19_632_062_464, None,
        "Simonyan & Zisserman 2014, arXiv:1409.1556, tables 1 and 2"),
    Net("GoogLeNet", 2014, 22, 6_998_552, 1_582_671_872, 9.15,
        "Szegedy et al. 2014, arXiv:1409.4842, table 1"),
    Net("U-Net", 2015, 23, 31_030_658, 150_428_424_448, None,
        "Ronneberger et al. 2015, arXiv:1505.04597, section 2 and figure 1"),
    Net("ResNet-50", 2015, 50, 25_557_032, 3_857_973_248, 6.71,
        "He et al. 2015, arXiv:1512.03385, table 1"),
    Net("ResNet-152", 2015, 152, 60_192_808, 11_282_415_616, 5.71,
        "He et al. 2015, arXiv:1512.03385, table 1"),
    Net("DenseNet-121", 2016, 121, 7_978_856, 2_834_161_664, 6.66,
        "Huang et al. 2016, arXiv:1608.06993, table 1"),
    Net("DenseNet-201", 2016, 201, 20_013_928, 4_291_365_888, 5.54,
        "Huang et al. 2016, arXiv:1608.06993, table 1"),
)
# fmt: on


@dataclass(frozen=True)
class Winner:
    """The best entry of a year of ImageNet's classification challenge (ILSVRC).

    Attributes
    ----------
    year : int
    top5_error : float
        In per cent, on the challenge's test images.
    name : str
    layers : int or None
        With weights, of the deepest network in the entry; None for entries without one.
    source : str
    """

    year: int
    top5_error: float
    name: str
    layers: int | None
    source: str


# fmt: off
CHALLENGE = (
    Winner(2010, 28.2, "NEC-UIUC", None, "Russakovsky et al. 2015, arXiv:1409.0575"),
    Winner(2011, 25.8, "XRCE", None, "Russakovsky et al. 2015, arXiv:1409.0575"),
    Winner(2012, 15.3, "AlexNet", 8,
        "Krizhevsky et al. 2012, section 6: trained on further images too; 16.4 without"),
    Winner(2013, 11.2, "Clarifai", 8,
        "Russakovsky et al. 2015: trained on further images too; 11.7 without"),
    Winner(2014, 6.7, "GoogLeNet", 22, "Szegedy et al. 2014, arXiv:1409.4842, table 2"),
    Winner(2015, 3.57, "ResNet", 152, "He et al. 2015, arXiv:1512.03385, table 5"),
)
# fmt: on
# One trained person, on 1,500 test images: Russakovsky et al. 2015, section 6.4.
HUMAN_TOP5_ERROR = 5.1


def table(nets: Sequence[Net] = NETS) -> Table:
    """The history as a table with its sources."""
    return Table(
        [
            "net",
            "year",
            "layers",
            "parameters [M]",
            "multiply-adds [G]",
            "top-5 error [%]",
            "source",
        ],
        [
            (
                net.name,
                net.year,
                net.depth,
                net.parameters / 1e6,
                net.multiply_adds / 1e9,
                net.top5_error,
                net.source,
            )
            for net in nets
        ],
        ["", "d", "d", ",.2f", ",.2f", ".2f", ""],
    )
