"""The image sets of the course.

The lecture's own set (photographs on a private drive) is not public. ``data/objects`` holds
path-traced images of the same five classes, free to use; :func:`load_npy` reads the original
for those who have it, and :func:`load_folder` anybody's own photographs. With :func:`use` the
lessons run on images of one's own in place of the rendered ones.
"""

import os
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from course_utils import arrays, manifest
from course_utils.decoding import is_image
from course_utils.images import as_pair, read_image, read_images, read_mask
from course_utils.paths import data_dir

# Of the rendered objects; what lessons import as CLASS_NAMES are those of the images in use.
_RENDERED = ("Hat", "Cube", "Card", "Torch", "Screw")
CLASSES_FILE = "classes.txt"
IN_USE = "COURSE_DATA"  # environment variable
IMAGE_SIZE = (224, 224)

Split = tuple[np.ndarray, np.ndarray]
CLASS_NAMES: tuple[str, ...]


def __getattr__(name: str):
    if name == "CLASS_NAMES":
        return classes_in_use()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def use(folder: str | Path) -> None:
    """Have the lessons run on another image set, which ``course new-data`` made.

    From now on `load_objects`, its masks and instances, and ``CLASS_NAMES`` are those of the
    folder, also in processes started from here. Call it before ``CLASS_NAMES`` is imported. The
    environment variable ``COURSE_DATA`` does the same for lessons that are not edited.

    Parameters
    ----------
    folder : path

    Raises
    ------
    FileNotFoundError, ValueError
        If it holds no such image set.
    """
    before = os.environ.get(IN_USE)
    os.environ[IN_USE] = str(Path(folder).expanduser().absolute())
    try:
        read_manifest()
    except Exception:
        if before is None:
            del os.environ[IN_USE]
        else:
            os.environ[IN_USE] = before
        raise


def objects_dir() -> Path:
    """Folder of the images in use: ``data/objects``, or another that was chosen by `use`."""
    chosen = os.environ.get(IN_USE)
    return Path(chosen).expanduser() if chosen else data_dir() / "objects"


def photographs_dir() -> Path:
    """Folder of photographs to try a model on, one folder for each class, as `load_folder` reads.

    The course's ``data/photographs``; where images of one's own are in use, their test images.
    """
    if os.environ.get(IN_USE):
        return objects_dir() / "images" / "test"
    return data_dir() / "photographs"


def classes_in_use() -> tuple[str, ...]:
    """Names of the classes of the images in use, in the order of their labels.

    Raises
    ------
    FileNotFoundError, ValueError
        If images of one's own are in use, and their list of classes is missing or empty.
    """
    if not os.environ.get(IN_USE):
        return _RENDERED
    return manifest.read_classes(objects_dir() / CLASSES_FILE)


def load_objects() -> tuple[Split, Split]:
    """Load the rendered objects: five classes, 65 training and 200 test images.

    Training and test images show different objects (no shared instance).

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        ``x``: uint8 RGB, shape (n, 224, 224, 3). ``y``: int64, shape (n,), an index into
        ``CLASS_NAMES``.

    Raises
    ------
    FileNotFoundError, ValueError
        If the manifest or an image is missing, incomplete, or of an unknown class; the
        message names the file.

    References
    ----------
    ``data/objects/README.md`` (how they were made, known limits, licence).
    """
    return _load_split("train"), _load_split("test")


def load_objects_masks() -> tuple[np.ndarray, np.ndarray]:
    """Load the object masks that belong to :func:`load_objects`, in the same order.

    Returns
    -------
    masks_train, masks_test
        uint8, shape (n, 224, 224): 0 background, 1 object. In image sets that ``course
        new-data`` made, the object is what GrabCut took for it: rough.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_objects`.
    """
    return _load_masks("train"), _load_masks("test")


def load_objects_instances() -> tuple[np.ndarray, np.ndarray]:
    """Which object each image of :func:`load_objects` shows, in the same order.

    The test set shows each of its objects twice, so its images are not independent: statistics
    cluster by object (``intervals.bootstrap(…, clusters=instances_test)``).

    Returns
    -------
    instances_train, instances_test
        str, shape (n,), such as "Hat_13".

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_objects`.
    """
    return _load_instances("train"), _load_instances("test")


def read_manifest(split: str | None = None) -> list[dict[str, str]]:
    """Rows of ``manifest.csv`` of the images in use (of one split, "train" or "test").

    Returns
    -------
    list of dict
        Keys: file, mask, split, class, instance, environment, camera, seed.

    Raises
    ------
    FileNotFoundError, ValueError
        If the manifest is missing or damaged, or names an unknown class or a file outside.
    """
    path = objects_dir() / "manifest.csv"
    rows = manifest.read_rows(path)
    for row in rows:
        if row["class"] not in classes_in_use():
            raise ValueError(
                f"{path}: {row['file']} is of class {row['class']!r}; known: {classes_in_use()}."
            )
    return [row for row in rows if split in (None, row["split"])]


def load_npy(folder: str | Path) -> tuple[Split, Split]:
    """Load the original lecture's four ``.npy`` files.

    Files ``tranfer_learning_{train,test}_{images,labels}.npy`` (spelled as there). Where a file
    ``classes.txt`` beside them names other classes, a line for each, labels count those. They may
    be whole numbers or one-hot; images in 0-255, or floats in 0-1 (:func:`arrays.read_images` says
    how they are told apart). Pickled objects are never loaded. Takes little more memory than the
    result.

    Parameters
    ----------
    folder : path

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        As :func:`load_objects`, with the images in the size they are stored.

    Raises
    ------
    FileNotFoundError, PermissionError
        If one of the four files is missing or cannot be opened.
    ValueError
        If a file is not a plain array, is cut off, holds other values, or labels and images do
        not match. The message names the file and what it holds.
    """
    folder = Path(folder)
    names = folder / CLASSES_FILE
    classes = len(manifest.read_classes(names) if os.path.isfile(names) else classes_in_use())
    return _load_npy_split(folder, "train", classes), _load_npy_split(folder, "test", classes)


def load_folder(
    path: str | Path, image_size: int | tuple[int, int] = IMAGE_SIZE
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Load your own photographs: one sub-folder for each class.

    Every file of a format that Pillow reads is taken, whatever its suffix. Hidden files, nested
    folders, links that leave ``path``, pipes and files that are no images are left out, and one
    warning counts them by reason. A file beside the class folders is mentioned only if it is an
    image or hidden. Files are in the order of the classes, then of their names.

    Parameters
    ----------
    path : path
        Holds ``path/<class name>/<any name>.jpg`` (or png, webp, gif, tif, …).
    image_size : int or (height, width)
        In pixels. Proportions are kept; what is over is cut at both ends.

    Returns
    -------
    images : ndarray of uint8, shape (n, height, width, 3)
        RGB.
    labels : ndarray of int64, shape (n,)
        Indices into ``class_names``.
    class_names : tuple of str
        ``CLASS_NAMES`` where every sub-folder is named as one of them, in capitals or not; else
        the sub-folders' names, sorted. A warning tells where only some are.

    Raises
    ------
    FileNotFoundError, PermissionError
        If the folder, its sub-folders or their images are missing, or a folder cannot be opened.
    ValueError
        If two sub-folders stand for one class, or an image cannot be read; see
        :func:`course_utils.images.read_image`, also for further errors.
    """
    files, labels, class_names = _labelled_files(Path(path))
    return read_images(files, image_size), np.array(labels, dtype=np.int64), class_names


def folder_dataset(
    path: str | Path, image_size: int | tuple[int, int] = IMAGE_SIZE, batch_size: int = 16
):
    """Read your own photographs from disk while they are used: for more than memory holds.

    Takes the files that :func:`load_folder` takes, in its order, decoded as there. Several are
    read at a time, and the next batches while one is used. An image is read anew in every epoch.

    Parameters
    ----------
    path, image_size
        As for :func:`load_folder`.
    batch_size : int
        At least 1. The last batch may be smaller.

    Returns
    -------
    tf.data.Dataset
        Batches ``(images, labels)``: uint8 RGB, shape (n, height, width, 3), and int64, shape
        (n,). Its attributes ``class_names`` (tuple of str) and ``file_paths`` (list of str) are
        named as those of Keras's ``image_dataset_from_directory``; what ``map``, ``shuffle`` and
        so on return is without them.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_folder`, at once; or if image or batch size are below 1. An image that
        cannot be read is told when its turn comes: ``tf.errors.InvalidArgumentError``, with the
        message of :func:`course_utils.images.read_image` in it.

    Notes
    -----
    The images come sorted by class. Training wants them mixed:
    ``dataset.unbatch().shuffle(1000).batch(16)``.
    """
    import tensorflow as tf

    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; at least 1 is needed.")
    height, width = as_pair(image_size)
    files, labels, class_names = _labelled_files(Path(path))

    def read(name: bytes) -> np.ndarray:
        try:
            return read_image(os.fsdecode(name), (height, width))
        except (OSError, ValueError) as error:
            # TensorFlow drops a message that is not UTF-8, as a name in it may be.
            message = str(error).encode("utf-8", "backslashreplace").decode("utf-8")
            raise ValueError(message) from error

    def load(name, label):
        # Not stateful, since TensorFlow's determinism would then read one file at a time.
        image = tf.numpy_function(read, [name], tf.uint8, stateful=False)
        return tf.ensure_shape(image, (height, width, 3)), label

    names = [os.fsencode(file) for file in files]  # bytes, since a name need not be UTF-8
    dataset = tf.data.Dataset.from_tensor_slices((names, np.array(labels, dtype=np.int64)))
    dataset = dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.batch(batch_size).prefetch(2)
    dataset.class_names = class_names
    dataset.file_paths = [str(file) for file in files]
    return dataset


def sample_photographs() -> dict[str, Path]:
    """Natural photographs that come with matplotlib and scikit-image.

    Returns
    -------
    dict of str to path
        Name to file: a cat, a cup of coffee, a rocket launch, an astronaut, a navy officer and
        a motorcycle.
    """
    import skimage
    from matplotlib import cbook

    folder = Path(skimage.__file__).parent / "data"
    files = ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png", "motorcycle_left.png")
    photographs = {Path(name).stem.removesuffix("_left"): folder / name for name in files}
    officer = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return photographs | {"grace_hopper": Path(officer)}


def _labelled_files(path: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Images in the folders of classes, their labels, and the classes; warns of what is left out.

    Called by what a user calls, so that the warning names the user's line.
    """
    if not os.path.isdir(path):
        raise FileNotFoundError(f"No folder at {path.absolute()}. Check the spelling.")
    here = entries(path, path)
    names = [folder.name for folder in here.pop("nested folders", [])]
    if not names:
        raise FileNotFoundError(
            f"{path} has no sub-folders. Put the photographs into one folder for each class, "
            f"for example {path / classes_in_use()[0]}."
        )
    here.pop("no images", None)  # such as a README
    here["images beside the class folders"] = here.pop("images", [])
    skipped = Counter({reason: len(entries) for reason, entries in here.items()})
    class_names, folders = _classes(path, names)
    files, labels = [], []
    for label, name in folders:
        inside = entries(path / name, path)
        found = inside.pop("images", [])
        skipped.update({reason: len(entries) for reason, entries in inside.items()})
        if not found:
            raise FileNotFoundError(
                f"{path / name} holds no images. Add some, or remove the folder. "
                f"Left out so far: {_counts(skipped)}."
            )
        files += found
        labels += [label] * len(found)
    for note in (_left_out(path, skipped), _mixed_names(path, class_names)):
        if note:
            warnings.warn(note, stacklevel=3)
    return files, labels, class_names


def _known(name: str) -> str | None:
    """The class of the course that a folder's name stands for."""
    return next((known for known in classes_in_use() if known.casefold() == name.casefold()), None)


def _classes(path: Path, names: list[str]) -> tuple[tuple[str, ...], list[tuple[int, str]]]:
    """Class names, and label and name of each folder in their order."""
    if not all(map(_known, names)):
        class_names = tuple(sorted(names))
        return class_names, list(enumerate(class_names))
    folders = sorted((classes_in_use().index(_known(name)), name) for name in names)
    if len({label for label, _ in folders}) < len(names):
        raise ValueError(
            f"{path} has folders that differ in capitals only ({', '.join(sorted(names))}). "
            "Put their images into one."
        )
    return classes_in_use(), folders


def entries(folder: Path, root: Path) -> dict[str, list[Path]]:
    """What lies in a folder, sorted by name, by what it is.

    Parameters
    ----------
    folder : path
    root : path
        Links that leave it are not followed.

    Returns
    -------
    dict of str to list of path
        Keys are "images", "no images", "nested folders", "hidden", and the like.

    Raises
    ------
    PermissionError
        If the folder cannot be listed.
    """
    found = defaultdict(list)
    try:
        listed = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except PermissionError as error:
        raise PermissionError(
            f"You have no permission to list {folder}. Change it ('chmod u+rx'), or copy it."
        ) from error
    for entry in listed:
        found[_what_it_is(entry, root)].append(entry)
    return found


def _what_it_is(entry: Path, root: Path) -> str:
    if entry.name.startswith(".") or entry.name == "__MACOSX":  # in zip files made on a Mac
        return "hidden"
    if not os.path.exists(entry):  # which raises nothing
        return "links to nothing"
    if not entry.resolve().is_relative_to(root.resolve()):
        return "links that leave the folder"
    if entry.is_dir():
        return "nested folders"
    if not entry.is_file():  # opening a pipe would wait for ever
        return "pipes or devices"
    return "images" if is_image(entry) else "no images"


def _left_out(path: Path, skipped: Counter) -> str:
    return f"Left out of {path}: {_counts(skipped)}." if +skipped else ""


def _counts(skipped: Counter) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted((+skipped).items())) or "none"


def _mixed_names(path: Path, class_names: tuple[str, ...]) -> str:
    others = [name for name in class_names if not _known(name)]
    if len(others) in (0, len(class_names)):
        return ""
    return (
        f"{path}: not among {', '.join(classes_in_use())}: {', '.join(others)}. So the classes are "
        f"in alphabetical order ({', '.join(class_names)}), and labels do not fit CLASS_NAMES."
    )


def _load_split(split: str) -> Split:
    rows = read_manifest(split)
    folder = objects_dir()
    images = read_images([folder / row["file"] for row in rows], IMAGE_SIZE)
    labels = [classes_in_use().index(row["class"]) for row in rows]
    return images, np.array(labels, dtype=np.int64)


def _load_masks(split: str) -> np.ndarray:
    folder = objects_dir()
    return np.stack([read_mask(folder / row["mask"]) for row in read_manifest(split)])


def _load_instances(split: str) -> np.ndarray:
    return np.array([row["instance"] for row in read_manifest(split)])


def _load_npy_split(folder: Path, split: str, classes: int) -> Split:
    image_path = folder / f"tranfer_learning_{split}_images.npy"
    label_path = folder / f"tranfer_learning_{split}_labels.npy"
    images = arrays.read_images(image_path)
    labels = arrays.read_labels(label_path, classes)
    if len(images) != len(labels):
        raise ValueError(
            f"{image_path} holds {len(images)} images but {label_path} {len(labels)} labels. "
            "The two files do not belong together: copy both again."
        )
    return images, labels
