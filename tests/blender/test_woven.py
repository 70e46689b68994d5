"""Woven patterns in renders: they lie on the cloth laid flat, not on the pictures' own coordinates."""

import dataclasses

import numpy as np

from synth.blender.config import RenderConfig
from synth.blender.render import render_clip
from synth.bodies import wardrobe
from synth.bodies.catalogue import bpy_hdris
from synth.conventions import Part, Semantic
from synth.geometry import Material, Mesh
from synth.spec.fabrics import FabricSpec
from tests.props.worlds import HEIGHT, WIDTH, still_camera
from tests.scenes import people, posed, spec_of

REPEAT = 0.3  # metres
CLOSER = 1.0  # the cloth hangs this far before the person, who is 5 m away


def hung_cloth() -> Mesh:
    """A square of cloth that hangs before the camera; its picture's coordinates are squeezed towards the bottom."""
    x, y = np.meshgrid(np.linspace(-0.8, 0.8, 17), np.linspace(0.3, 1.9, 17))
    points = np.stack([x, np.full_like(x, -CLOSER), y], -1).reshape(1, -1, 3).astype(np.float32)
    k = np.arange(17 * 17).reshape(17, 17)
    a, b, c, d = (v.ravel() for v in (k[:-1, :-1], k[:-1, 1:], k[1:, :-1], k[1:, 1:]))
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)]).astype(np.int32)
    fabric = FabricSpec(weave="stripes", colours=((0.02,) * 3, (0.8,) * 3, (0.8,) * 3), repeat=REPEAT, seed=3)
    item = wardrobe.load_item("sweater")
    look = Material("cloth", diffuse=item.texture(), settings={"luminance": 0.57, "fabric": fabric.model_dump()})
    uv = np.stack([x / 1.6, ((y - 0.3) / 1.6) ** 3], -1).reshape(-1, 2).astype(np.float32)
    count = len(faces)
    return Mesh(
        name="cloth", person=0, faces=faces, positions=points, uv=uv, face_uv=faces,
        part=np.full(count, Part.NONE, np.uint8), semantic=np.full(count, Semantic.PROP, np.uint8),
        canonical=np.full((len(uv), 3), np.nan, np.float32), shown=np.ones(count, bool), materials=(look,),
        material_index=np.zeros(count, np.uint8), cloth=np.stack([x, y], -1).reshape(-1, 2).astype(np.float32),
    )  # fmt: skip


def test_stripes_are_as_wide_at_the_top_as_at_the_bottom(tmp_path):
    cameras = still_camera(3, target=(0.0, 0.0, 1.3))
    geometry = people(posed([{}] * 3), cameras=cameras)
    geometry = dataclasses.replace(geometry, meshes=(*geometry.meshes, hung_cloth()))
    config = RenderConfig(samples=8, denoise=False, motion_blur=False, threads=1)
    spec = spec_of(geometry, WIDTH, HEIGHT)
    rgb = render_clip(geometry, spec, config, bpy_hdris()["courtyard"], tmp_path / "log").rgb[0]
    metre = cameras.intrinsics[1, 1, 1] / (5.0 - CLOSER)  # pixels
    middle = HEIGHT / 2  # where 1.3 m over the floor is seen
    rows = slice(round(middle - 0.5 * metre), round(middle + 0.9 * metre))
    light = rgb[rows, WIDTH // 2 - 8 : WIDTH // 2 + 8].astype(float).mean((1, 2))
    bright = light > (light.min() + light.max()) / 2
    rises = np.flatnonzero(bright[1:] & ~bright[:-1])
    assert light.max() > 2 * light.min()
    assert len(rises) >= 4
    np.testing.assert_allclose(np.diff(rises), REPEAT * metre, atol=1.5)
