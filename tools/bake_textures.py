"""Bake photographs of surfaces out of robosuite (MIT) and scikit-image (CC0) into assets/textures.

Get the packages with ``pip download --no-deps robosuite==1.5.2 scikit-image==0.25.2``, then run
``python -m tools.bake_textures --wheels FOLDER``.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from pathlib import Path

from PIL import Image

PIXELS = 512
ROBOSUITE = "robosuite/models/assets/textures/"
SKIMAGE = "skimage/data/"
# name -> file, uses, metres across, range of roughness, whether it has no colour
ITEMS = {
    "brick_white": (ROBOSUITE + "white-bricks.png", ["walls", "front"], 1.6, (0.8, 1.0), False),
    "clay": (ROBOSUITE + "clay.png", ["front", "ground"], 1.5, (0.85, 1.0), False),
    "dirt": (ROBOSUITE + "dirt.png", ["ground"], 1.2, (0.9, 1.0), False),
    "grass": (SKIMAGE + "grass.png", ["ground"], 1.1, (0.9, 1.0), True),
    "gravel": (SKIMAGE + "gravel.png", ["ground", "pavement"], 0.6, (0.9, 1.0), True),
    "parquet": (ROBOSUITE + "wood-tiles.png", ["floor"], 1.2, (0.25, 0.5), False),
    "planks_dark": (ROBOSUITE + "dark-wood.png", ["floor", "walls"], 1.4, (0.3, 0.6), False),
    "planks_light": (ROBOSUITE + "light-gray-floor-tile.png", ["floor"], 1.2, (0.3, 0.6), False),
    "planks_varnished": (ROBOSUITE + "wood-varnished-panels.png", ["floor", "walls"], 1.6, (0.2, 0.45), False),
    "plaster_cream": (ROBOSUITE + "cream-plaster.png", ["walls", "front"], 2.0, (0.85, 1.0), False),
    "plaster_grey": (ROBOSUITE + "gray-plaster.png", ["walls", "front", "pavement"], 2.4, (0.8, 1.0), False),
    "plaster_pink": (ROBOSUITE + "pink-plaster.png", ["walls", "front"], 2.4, (0.85, 1.0), False),
    "plaster_white": (ROBOSUITE + "white-plaster.png", ["walls", "ceiling", "front"], 1.6, (0.9, 1.0), False),
    "plaster_yellow": (ROBOSUITE + "yellow-plaster.png", ["walls", "front"], 2.2, (0.85, 1.0), False),
    "wood_light": (ROBOSUITE + "light-wood.png", ["floor", "walls"], 1.5, (0.3, 0.6), False),
}
SOURCES = {
    ROBOSUITE: ("PyPI robosuite 1.5.2", "MIT", "Stanford Vision and Learning Lab, UT Robot Perception Lab"),
    SKIMAGE: ("PyPI scikit-image 0.25.2", "CC0-1.0", "Linolafett and others (CC0 Textures)"),
}  # fmt: skip


def bake(wheels: Path, out: Path) -> None:
    """Write every item as a JPEG, and catalogue.json."""
    out.mkdir(parents=True, exist_ok=True)
    archives = [zipfile.ZipFile(w) for w in sorted(wheels.glob("*.whl"))]
    entries = []
    for name, (file, uses, metres, roughness, grey) in ITEMS.items():
        archive = next(a for a in archives if file in a.namelist())
        picture = Image.open(io.BytesIO(archive.read(file))).convert("L" if grey else "RGB")
        size = min(PIXELS, *picture.size)
        picture.resize((size, size), Image.Resampling.LANCZOS).save(out / f"{name}.jpg", quality=86, optimize=True)
        source, licence, author = next(v for k, v in SOURCES.items() if file.startswith(k))
        entries.append({"name": name, "file": f"{name}.jpg", "uses": uses, "metres": metres, "roughness": roughness,
                        "grey": grey, "licence": licence, "author": author, "source": f"{source}, {file}"})  # fmt: skip
    (out / "catalogue.json").write_text(json.dumps({"items": entries}, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the two wheels")
    parser.add_argument("--out", type=Path, default=Path("assets/textures"))
    arguments = parser.parse_args()
    bake(arguments.wheels, arguments.out)
