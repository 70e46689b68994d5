"""Draw what synthesised motions look like: a row a kind, a column a moment, bare bodies on a floor with lines.

python tools/motion_sheet.py out/motion.png                 # every kind, its middle parameters
python tools/motion_sheet.py out/motion.png walk dance --seed 3 --seconds 4
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from synth.bodies.config import BodiesConfig  # noqa: E402
from synth.bodies.model import POSE_FIELDS, load_body  # noqa: E402
from synth.bodies.synth_motion.kinds import KINDS, synthesise  # noqa: E402
from synth.conventions import ThfmError  # noqa: E402

_SKIN, _FLOOR, _LINE = (205, 170, 150, 255), (160, 168, 160, 255), (105, 113, 105, 255)


def _floor(scene, middle: np.ndarray) -> None:
    import pyrender
    import trimesh

    def slab(size: tuple[float, float, float], place: tuple[float, float, float], colour: tuple[int, ...]) -> None:
        box = trimesh.creation.box(size)
        box.apply_translation(place)
        box = trimesh.Trimesh(box.vertices, box.faces, process=False, vertex_colors=colour)
        scene.add(pyrender.Mesh.from_trimesh(box, smooth=False))

    slab((9, 9, 0.002), (middle[0], middle[1], -0.003), _FLOOR)
    for step in range(-4, 5):  # half a metre apart, fixed in the world: feet that slide are seen to
        x, y = np.round(middle[:2] * 2) / 2 + step * 0.5
        slab((0.012, 9, 0.002), (x, middle[1], -0.001), _LINE)
        slab((9, 0.012, 0.002), (middle[0], y, -0.001), _LINE)


def row(kind: str, seed: int, seconds: float, columns: int, size: tuple[int, int], azimuth: float) -> np.ndarray:
    """(H, columns * W, 3) uint8: a kind with the middle of its parameters, at moments over ``seconds``."""
    import pyrender
    import trimesh

    model = load_body(BodiesConfig().models, "neutral")
    motion = synthesise(kind, {}, seed, model.rig.geometry(), 0.0, columns, (columns - 1) / seconds)
    fields = {name: getattr(motion, name) for name in (*POSE_FIELDS, "transl", "expression")}
    posed = model.pose({**fields, "betas": np.zeros(10)})
    renderer = pyrender.OffscreenRenderer(*size)
    pictures = []
    for vertices in posed.vertices:
        middle = vertices[np.unique(model.faces)].mean(axis=0)
        scene = pyrender.Scene(bg_color=(238, 238, 242, 255), ambient_light=(0.35,) * 3)
        body = trimesh.Trimesh(vertices, model.faces, process=False, vertex_colors=_SKIN)
        scene.add(pyrender.Mesh.from_trimesh(body, smooth=True))
        _floor(scene, middle)
        target = np.array([middle[0], middle[1], 0.92])
        away = np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth)), 0.2])
        back = away / np.linalg.norm(away)
        right = np.cross([0, 0, 1], back)
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(back, right), back, target + 4.3 * away
        scene.add(pyrender.PerspectiveCamera(yfov=np.radians(30)), pose=pose)
        scene.add(pyrender.DirectionalLight(intensity=3.2), pose=pose)
        pictures.append(renderer.render(scene)[0])
    renderer.delete()
    image = Image.fromarray(np.concatenate(pictures, axis=1))
    ImageDraw.Draw(image).text((5, size[1] - 15), kind, fill=(150, 30, 30))
    return np.array(image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("kinds", nargs="*", help="none: all of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.5)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--size", type=int, nargs=2, default=(140, 200), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--azimuth", type=float, default=-45.0, help="degrees; people look along 0")
    given = parser.parse_args()
    rows = [
        row(kind, given.seed, given.seconds, given.columns, tuple(given.size), given.azimuth)
        for kind in given.kinds or KINDS
    ]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(given.out)


if __name__ == "__main__":
    try:
        main()
    except ThfmError as error:
        sys.exit(f"error: {error}")
