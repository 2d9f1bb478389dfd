"""Put the images of a class and split on one sheet, to look at them.

python data/make/objects/contact_sheet.py Hat test sheet.png --data data/objects
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw


def contact_sheet(paths: list[Path], columns: int = 8, size: int = 224) -> Image.Image:
    """Tile images, each labelled with its number."""
    rows = -(-len(paths) // columns)
    sheet = Image.new("RGB", (columns * size, rows * size), "white")
    draw = ImageDraw.Draw(sheet)
    for i, path in enumerate(paths):
        x, y = i % columns * size, i // columns * size
        with Image.open(path) as image:
            picture = image.convert("L").point(lambda v: 255 * v) if image.mode == "L" else image
            sheet.paste(picture.convert("RGB").resize((size, size)), (x, y))
        draw.rectangle((x, y, x + 66, y + 13), fill="black")
        draw.text((x + 2, y + 1), path.stem.replace("_train_", " ").replace("_test_", " "), "white")
    return sheet


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("label", help="class, or * for all")
    parser.add_argument("split", choices=["train", "test"])
    parser.add_argument("sheet", type=Path)
    data = Path(__file__).resolve().parents[2] / "objects"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--kind", choices=["images", "masks"], default="images")
    parser.add_argument("--columns", type=int, default=8)
    args = parser.parse_args()
    suffix = {"images": "jpg", "masks": "png"}[args.kind]
    folder = args.data / args.kind / args.split
    paths = sorted(folder.glob(f"{args.label}_{args.split}_*.{suffix}"))
    contact_sheet(paths, args.columns).save(args.sheet)


if __name__ == "__main__":
    main()
