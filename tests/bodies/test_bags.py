"""Bags and glasses: they keep their form, go with the trunk or the head, and lie on what is worn."""

from functools import cache

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.spatial import cKDTree

from synth.bodies.clip import build_clip
from synth.bodies.wardrobe import load_catalogue, load_item
from synth.config import GenerateConfig
from synth.conventions import JOINT_NAMES, Part, Semantic
from synth.geometry import Mesh
from synth.make import clip_spec, library_of
from synth.spec.model import ItemSpec

ITEMS = load_catalogue()["items"]
BAGS = sorted(name for name, item in ITEMS.items() if item["kind"] == "bags")
GLASSES = sorted(name for name, item in ITEMS.items() if item["kind"] == "glasses")
WORN = ("jeans_women", "sweater")
CONFIG = GenerateConfig.model_validate({
    "seed": 4, "clips": 99,
    "spec": {"video": {"frames": 7, "fps": 24, "width": 64, "height": 64}, "props": {"count": [0, 0]},
             "people": {"hair": False, "count": 1, "genders": ["female"]}, "motion": {"actions": ["dance"]}},
})  # fmt: skip


@cache
def built(accessory: str, index: int = 0) -> tuple[list[Mesh], np.ndarray]:
    """The meshes of a dressed dancer who wears the accessory, and her joints (S, J, 3)."""
    spec = clip_spec(CONFIG, index)
    clothes = tuple(ItemSpec(name=n) for n in (*WORN, accessory))
    spec = spec.model_copy(update={"people": (spec.people[0].model_copy(update={"clothes": clothes}),)})
    geometry = build_clip(spec, CONFIG.bodies, library_of(CONFIG.bodies))
    return [m for m in geometry.meshes if m.person == 1], geometry.joints[0]


def _worn(name: str, index: int = 0) -> Mesh:
    return next(m for m in built(name, index)[0] if m.name == name)


def _distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, ::40, None] - points[:, None, ::40], axis=-1)


@pytest.mark.parametrize("name", BAGS)
def test_a_bag_keeps_its_form_and_goes_with_the_trunk(name):
    mesh, (_, joints) = _worn(name), built(name)
    box = mesh.positions[:, load_item(name).rigid]
    lengths = _distances(box)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:1], lengths.shape), atol=1e-4)
    trunk = joints[:, [JOINT_NAMES.index(n) for n in ("spine1", "spine2", "spine3")]].mean(1)
    away = np.linalg.norm(box.mean(1) - trunk, axis=1)
    assert np.ptp(away) < 0.05 and away.max() < 0.55
    assert (mesh.semantic == Semantic.ACCESSORY).all()
    assert np.isin(mesh.part, (Part.CHEST, Part.ABDOMEN, Part.HIPS)).mean() > 0.8


@pytest.mark.parametrize("name", BAGS)
def test_the_box_of_a_bag_lies_on_its_wearer_in_every_frame(name):
    meshes, _ = built(name)
    box = _worn(name).positions[:, load_item(name).rigid]
    for sample in (0, 4, 8):
        near, deep = np.inf, 0.0
        for mesh in meshes:
            if mesh.name in (*WORN, "body"):
                solid = trimesh.Trimesh(mesh.positions[sample], mesh.faces, process=False)
                spots, face = trimesh.sample.sample_surface(solid, 100_000, seed=0)
                away, at = cKDTree(spots).query(box[sample])
                height = ((box[sample] - spots[at]) * solid.face_normals[face[at]]).sum(1)
                trunk = np.isin(mesh.part[face[at]], (Part.CHEST, Part.ABDOMEN, Part.HIPS))
                inside = trunk & (height < -0.8 * away) & (away < 0.1)
                near, deep = min(near, away.min()), min(deep, height[inside].min(initial=0))
        assert near < 0.015 and deep > -0.025, (sample, near, deep)  # it is soft


@pytest.mark.parametrize("name", BAGS)
def test_straps_lie_on_clothes_in_every_frame(name):
    """From a strap, away from the clothes beneath, no garment is met again; and clothes are near beneath it."""
    meshes, _ = built(name)
    ends = ~load_item(name).rigid
    if not ends.any():
        return
    strap = _worn(name)
    for sample in (0, 4, 8):
        sweater = next(m for m in meshes if m.name == "sweater")
        cloth = trimesh.Trimesh(sweater.positions[sample], sweater.faces, process=False)
        points = strap.positions[sample][ends].astype(float)
        near = cKDTree(cloth.vertices).query(points)[1]
        ahead = cloth.vertex_normals[near]
        spots, ray, _ = cloth.ray.intersects_location(points, ahead, multiple_hits=False)
        covered = np.linalg.norm(spots - points[ray], axis=1) < 0.03
        assert covered.sum() < 0.07 * len(points), sample  # a sleeve is near, in armpits
        spots, ray, _ = cloth.ray.intersects_location(points, -ahead, multiple_hits=False)
        assert np.median(np.linalg.norm(spots - points[ray], axis=1)) < 0.012, sample


@pytest.mark.parametrize("name", GLASSES)
def test_glasses_sit_before_the_eyes(name):
    mesh, (_, joints) = _worn(name), built(name)
    eyes = joints[:, [JOINT_NAMES.index(f"{s}_eye_smplhf") for s in ("left", "right")]]
    head = joints[:, JOINT_NAMES.index("head")]
    for side in (0, 1):
        away = mesh.positions - eyes[:, side][:, None]
        near = np.linalg.norm(away, axis=2).min(1)
        assert (near > 0.01).all() and (near < 0.04).all()
        ahead = eyes.mean(1) - head
        front = np.einsum("svc,sc->sv", away, ahead).max(1) / np.linalg.norm(ahead, axis=1)
        assert (front > 0.015).all() and (front < 0.06).all()
    lengths = _distances(mesh.positions)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:1], lengths.shape), atol=1e-3)  # but for correctives
    assert (mesh.semantic == Semantic.ACCESSORY).all()


@pytest.mark.parametrize("name, dark", [("glasses_round", False), ("sunglasses_pilot", True)])
def test_one_sees_through_glasses_but_not_through_sunglasses(name, dark):
    alpha = np.asarray(Image.open(load_item(name).texture()).getchannel("A")) / 255
    assert alpha[:, :6].min() == 1.0
    assert (alpha[:, 10:].mean() > 0.5) == dark


def test_the_share_of_bags_is_the_config_s():
    def carried(share: float) -> float:
        people = CONFIG.spec.people.model_copy(update={"bag": share})
        config = CONFIG.model_copy(update={"spec": CONFIG.spec.model_copy(update={"people": people})})
        worn = [{i.name for i in clip_spec(config, k).people[0].clothes} for k in range(60)]
        return np.mean([bool(names.intersection(BAGS)) for names in worn])

    assert carried(0.0) == 0.0 and carried(1.0) == 1.0 and 0.2 < carried(0.5) < 0.8
