"""The table of ImageNet models: what is published of each, and the files of its weights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightsFile:
    """Where the weights of a model stand, with or without its classifier.

    Attributes
    ----------
    keras : str or None
        Name of the file in Keras's cache; None for a model that is not Keras's.
    md5 : str or None
        Its MD5; None where Keras states none.
    bundled : str or None
        Name of the file in `data/weights`; None where the course brings none.
    remote : str or None
        Its name on Keras's server, where that is another.
    """

    keras: str | None = None
    md5: str | None = None
    bundled: str | None = None
    remote: str | None = None


@dataclass(frozen=True)
class ModelInfo:
    """One ImageNet model.

    Attributes
    ----------
    name, family : str
        As in `keras.applications`; the family is the architecture's.
    input_size : int
        Height and width of its images in pixels.
    parameters : int
        With the 1000-class layer, in Keras's counting (moving averages included).
    size_mb : int
        Size of the float32 weights in MB, as Keras states it (1 MB = 2**20 bytes).
    top1, top5 : float
        Accuracy on ImageNet's validation set; None where it was not published.
    depth : int
        Layers with weights, batch normalisation included (Keras's counting).
    year, paper : int, str
        First publication.
    module : str
        Where its constructor and `preprocess_input` are.
    top, notop : WeightsFile
        With the 1000-class layer, and the convolutional base alone.

    References
    ----------
    https://keras.io/api/applications/ (accuracy, size, depth); for EfficientNet-Lite the table
    of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
    """

    name: str
    family: str
    input_size: int
    parameters: int
    size_mb: int
    top1: float
    top5: float | None
    depth: int
    year: int
    paper: str
    module: str
    top: WeightsFile
    notop: WeightsFile

    def file(self, *, include_top: bool) -> WeightsFile:
        """Return the weights of the whole model, or of its convolutional base."""
        return self.top if include_top else self.notop


_HUANG = "Huang et al., arXiv:1608.06993"
_SIMONYAN = "Simonyan & Zisserman, arXiv:1409.1556"
_ZOPH = "Zoph et al., arXiv:1707.07012"
_SZEGEDY_2015 = "Szegedy et al., arXiv:1512.00567"
_SZEGEDY_2016 = "Szegedy et al., arXiv:1602.07261"
_HE = "He et al., arXiv:1512.03385"
_HOWARD = "Howard et al., arXiv:1704.04861"
_SANDLER = "Sandler et al., arXiv:1801.04381"
_TAN = "Tan & Le, arXiv:1905.11946"

CATALOGUE = (
    ModelInfo(
        name="DenseNet121",
        family="DenseNet",
        input_size=224,
        parameters=8_062_504,
        size_mb=33,
        top1=0.75,
        top5=0.923,
        depth=242,
        year=2016,
        paper=_HUANG,
        module="keras.applications.densenet",
        top=WeightsFile(
            keras="densenet121_weights_tf_dim_ordering_tf_kernels.h5",
            md5="9d60b8095a5708f2dcce2bca79d332c7",
        ),
        notop=WeightsFile(
            keras="densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="30ee3e1110167f948a6b9946edeeb738",
        ),
    ),
    ModelInfo(
        name="DenseNet169",
        family="DenseNet",
        input_size=224,
        parameters=14_307_880,
        size_mb=57,
        top1=0.762,
        top5=0.932,
        depth=338,
        year=2016,
        paper=_HUANG,
        module="keras.applications.densenet",
        top=WeightsFile(
            keras="densenet169_weights_tf_dim_ordering_tf_kernels.h5",
            md5="d699b8f76981ab1b30698df4c175e90b",
        ),
        notop=WeightsFile(
            keras="densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="b8c4d4c20dd625c148057b9ff1c1176b",
        ),
    ),
    ModelInfo(
        name="DenseNet201",
        family="DenseNet",
        input_size=224,
        parameters=20_242_984,
        size_mb=80,
        top1=0.773,
        top5=0.936,
        depth=402,
        year=2016,
        paper=_HUANG,
        module="keras.applications.densenet",
        top=WeightsFile(
            keras="densenet201_weights_tf_dim_ordering_tf_kernels.h5",
            md5="1ceb130c1ea1b78c3bf6114dbdfd8807",
        ),
        notop=WeightsFile(
            keras="densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="c13680b51ded0fb44dff2d8f86ac8bb1",
        ),
    ),
    ModelInfo(
        name="InceptionResNetV2",
        family="Inception",
        input_size=299,
        parameters=55_873_736,
        size_mb=215,
        top1=0.803,
        top5=0.953,
        depth=449,
        year=2016,
        paper=_SZEGEDY_2016,
        module="keras.applications.inception_resnet_v2",
        top=WeightsFile(
            keras="inception_resnet_v2_weights_tf_dim_ordering_tf_kernels.h5",
            md5="e693bd0210a403b3192acc6073ad2e96",
        ),
        notop=WeightsFile(
            keras="inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="d19885ff4a710c122648d3b5c3b684e4",
        ),
    ),
    ModelInfo(
        name="InceptionV3",
        family="Inception",
        input_size=299,
        parameters=23_851_784,
        size_mb=92,
        top1=0.779,
        top5=0.937,
        depth=189,
        year=2015,
        paper=_SZEGEDY_2015,
        module="keras.applications.inception_v3",
        top=WeightsFile(
            keras="inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
            md5="9a0d58056eeedaa3f26cb7ebd46da564",
        ),
        notop=WeightsFile(
            keras="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="bcbd6486424b2319ff4ef7d526e38f63",
        ),
    ),
    ModelInfo(
        name="MobileNet",
        family="MobileNet",
        input_size=224,
        parameters=4_253_864,
        size_mb=16,
        top1=0.704,
        top5=0.895,
        depth=55,
        year=2017,
        paper=_HOWARD,
        module="keras.applications.mobilenet",
        top=WeightsFile(keras="mobilenet_1_0_224_tf.h5"),
        notop=WeightsFile(keras="mobilenet_1_0_224_tf_no_top.h5"),
    ),
    ModelInfo(
        name="MobileNetV2",
        family="MobileNet",
        input_size=224,
        parameters=3_538_984,
        size_mb=14,
        top1=0.713,
        top5=0.901,
        depth=105,
        year=2018,
        paper=_SANDLER,
        module="keras.applications.mobilenet_v2",
        top=WeightsFile(keras="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"),
        notop=WeightsFile(
            keras="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
        ),
    ),
    ModelInfo(
        name="NASNetMobile",
        family="NASNet",
        input_size=224,
        parameters=5_326_716,
        size_mb=23,
        top1=0.744,
        top5=0.919,
        depth=389,
        year=2017,
        paper=_ZOPH,
        module="keras.applications.nasnet",
        top=WeightsFile(
            keras="nasnet_mobile.h5",
            md5="020fb642bf7360b370c678b08e0adf61",
            remote="NASNet-mobile.h5",
        ),
        notop=WeightsFile(
            keras="nasnet_mobile_no_top.h5",
            md5="1ed92395b5b598bdda52abe5c0dbfd63",
            remote="NASNet-mobile-no-top.h5",
        ),
    ),
    ModelInfo(
        name="NASNetLarge",
        family="NASNet",
        input_size=331,
        parameters=88_949_818,
        size_mb=343,
        top1=0.825,
        top5=0.96,
        depth=533,
        year=2017,
        paper=_ZOPH,
        module="keras.applications.nasnet",
        top=WeightsFile(
            keras="nasnet_large.h5",
            md5="11577c9a518f0070763c2b964a382f17",
            remote="NASNet-large.h5",
        ),
        notop=WeightsFile(
            keras="nasnet_large_no_top.h5",
            md5="d81d89dc07e6e56530c4e77faddd61b5",
            remote="NASNet-large-no-top.h5",
        ),
    ),
    ModelInfo(
        name="ResNet50",
        family="ResNet",
        input_size=224,
        parameters=25_636_712,
        size_mb=98,
        top1=0.749,
        top5=0.921,
        depth=107,
        year=2015,
        paper=_HE,
        module="keras.applications.resnet",
        top=WeightsFile(
            keras="resnet50_weights_tf_dim_ordering_tf_kernels.h5",
            md5="2cb95161c43110f7111970584f804107",
        ),
        notop=WeightsFile(
            keras="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="4d473c1dd8becc155b73f8504c6f6626",
        ),
    ),
    ModelInfo(
        name="VGG16",
        family="VGG",
        input_size=224,
        parameters=138_357_544,
        size_mb=528,
        top1=0.713,
        top5=0.901,
        depth=16,
        year=2014,
        paper=_SIMONYAN,
        module="keras.applications.vgg16",
        top=WeightsFile(
            keras="vgg16_weights_tf_dim_ordering_tf_kernels.h5",
            md5="64373286793e3c8b2b4e3219cbf3544b",
        ),
        notop=WeightsFile(
            keras="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="6d6bbae143d832006294945121d1f1fc",
            bundled="vgg16_notop.weights.h5",
        ),
    ),
    ModelInfo(
        name="VGG19",
        family="VGG",
        input_size=224,
        parameters=143_667_240,
        size_mb=549,
        top1=0.713,
        top5=0.9,
        depth=19,
        year=2014,
        paper=_SIMONYAN,
        module="keras.applications.vgg19",
        top=WeightsFile(
            keras="vgg19_weights_tf_dim_ordering_tf_kernels.h5",
            md5="cbe5617147190e668d6c5d5026f83318",
        ),
        notop=WeightsFile(
            keras="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            md5="253f8cb515780f3b799900260a226db6",
        ),
    ),
    ModelInfo(
        name="EfficientNetLite0",
        family="EfficientNet",
        input_size=224,
        parameters=4_694_024,
        size_mb=18,
        top1=0.751,
        top5=None,
        depth=99,
        year=2020,
        paper=_TAN,
        module="course_utils.models.efficientnet_lite",
        top=WeightsFile(bundled="efficientnet_lite0.weights.h5"),
        notop=WeightsFile(bundled="efficientnet_lite0.weights.h5"),
    ),
    ModelInfo(
        name="EfficientNetLite1",
        family="EfficientNet",
        input_size=240,
        parameters=5_470_344,
        size_mb=21,
        top1=0.767,
        top5=None,
        depth=129,
        year=2020,
        paper=_TAN,
        module="course_utils.models.efficientnet_lite",
        top=WeightsFile(bundled="efficientnet_lite1.weights.h5"),
        notop=WeightsFile(bundled="efficientnet_lite1.weights.h5"),
    ),
    ModelInfo(
        name="EfficientNetLite2",
        family="EfficientNet",
        input_size=260,
        parameters=6_150_168,
        size_mb=23,
        top1=0.776,
        top5=None,
        depth=129,
        year=2020,
        paper=_TAN,
        module="course_utils.models.efficientnet_lite",
        top=WeightsFile(bundled="efficientnet_lite2.weights.h5"),
        notop=WeightsFile(bundled="efficientnet_lite2.weights.h5"),
    ),
)
