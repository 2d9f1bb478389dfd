"""What one machine, several cards and several machines compute alike: see test_workers.py.

As a program it runs as one worker (``TF_CONFIG``), or with a number of cards that are parts of the
processor, and stores what it found: ``python worker_experiment.py found.npz [cards]``.
"""

import sys

import numpy as np
from notebook_source import definitions

from course_utils import data, runtime, training, transfer
from course_utils.networks import set_seed

BLOCK5 = ["block5_conv1", "block5_conv2", "block5_conv3"]
PER_CLASS = 13  # as in the lesson


def scale(batch):
    return batch / 127.5 - 1


def features() -> np.ndarray:
    """Of the course's photographs, read from disk in batches that no two replicas share evenly."""
    import keras

    keras.utils.set_random_seed(0)
    base = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    photographs = data.folder_dataset(data.photographs_dir(), 32, 3)
    return transfer.extract_features(base, photographs, scale, batch_size=5)


def fine_tuning() -> dict[str, np.ndarray]:
    """Lesson 10's own functions on a small block 5 and random maps: losses, and what is right."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    maps = keras.Input((6, 6, 8))
    x = maps
    for name in BLOCK5:
        x = layers.Conv2D(8, 3, padding="same", activation="relu", name=name)(x)
    pooled = layers.GlobalAveragePooling2D()(x)
    tail = keras.Model(maps, layers.Dense(5, name="head")(pooled))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    tail.compile(keras.optimizers.Adam(), loss)

    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), PER_CLASS)
    images = random.normal(size=(len(labels), 6, 6, 8)).astype("float16")
    images[..., :5] += np.eye(5, dtype="float16")[labels][:, None, None]
    lesson = definitions("10_fine_tuning")
    pooled_train = lesson.answers(keras.Model(maps, pooled), images)
    of_the_lesson = {
        "CLASSES": 5,
        "LOSS": loss,
        "MOST": 4,  # epochs: each step of Adam makes more of what rounding began
        "FROM_IMAGENET": [tail.get_layer(name).get_weights() for name in BLOCK5],
        "in_block5": [tail.get_layer(name) for name in BLOCK5],
        "maps_train": images,
        "maps_test": images,
        "maps_photographs": images[:7],
        "objects_train": np.arange(len(labels)),
        "one_hot": np.eye(5)[labels],
        "pooled_train": pooled_train,
        "tail": tail,
        "y_photographs": labels[:7],
        "y_test": labels,
        "y_train": labels,
    }
    lesson.answers.__globals__.update(of_the_lesson)
    found = {}
    for way, rate in (("last block", 1e-3), ("both at once", 1e-2)):
        set_seed(3)
        found |= {f"{way}: {key}": value for key, value in lesson.fine_tune(way, rate, 0).items()}
    return found


def experiment() -> dict[str, np.ndarray]:
    """All of it."""
    return {"features": features(), **fine_tuning()}


def with_seeds_that_differ() -> str:
    """What a training says whose workers draw different batches."""
    import keras

    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    net.compile("sgd", "mse")
    set_seed(runtime.worker()[0])
    try:
        training.fit(net, np.ones((9, 3)), np.ones((9, 1)), epochs=1, batch_size=3)
    except ValueError as error:
        return str(error)
    return "nothing"


def main(path: str, cards: str = "0") -> None:
    """Run it under the strategy for this process, and store what was found."""
    runtime.setup()
    import tensorflow as tf

    if int(cards):
        parts = [tf.config.LogicalDeviceConfiguration()] * int(cards)
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(int(cards))])
    else:
        strategy = runtime.strategy()
    tf.distribute.experimental_set_strategy(strategy)
    found = experiment()
    if runtime.worker()[1] > 1:
        found["seeds that differ"] = np.array(with_seeds_that_differ())
    np.savez(path, replicas=strategy.num_replicas_in_sync, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
