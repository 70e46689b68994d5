"""Dressed people in motion: skirts swing, and skin stays under clothes."""

from functools import cache

import numpy as np
import pytest

from synth.bodies.clip import build_clip
from synth.bodies.wardrobe import load_catalogue
from synth.config import GenerateConfig
from synth.make import clip_spec, library_of
from synth.spec.model import ItemSpec
from tools.check_clothes import poke_through

CONFIG = GenerateConfig.model_validate({
    "seed": 2, "clips": 99,
    "spec": {"video": {"frames": 7, "fps": 24, "width": 64, "height": 64}, "props": {"count": [0, 0]},
             "people": {"hair": False}},
})  # fmt: skip


@cache
def built(index: int, clothes: tuple[str, ...] = ()) -> list:
    """The meshes of a clip's one person, in other clothes where some are named."""
    spec = clip_spec(CONFIG, index)
    if clothes:
        person = spec.people[0].model_copy(update={"clothes": tuple(ItemSpec(name=c) for c in clothes)})
        spec = spec.model_copy(update={"people": (person,)})
    return [m for m in build_clip(spec, CONFIG.bodies, library_of(CONFIG.bodies)).meshes if m.person == 1]


def test_skin_stays_under_clothes():
    numbers = [n for k in range(5) for s in (1, 7) for n in poke_through(built(k), s).values()]
    bad, shown = np.sum(numbers, axis=0)
    assert shown > 40000
    assert bad / shown < 0.005


def test_the_measure_finds_skin_that_pokes():
    meshes = built(0)
    before = sum(bad for bad, _ in poke_through(meshes, 1).values())
    body, *cloth = meshes
    middle = body.positions.mean(1, keepdims=True)
    shrunk = [m for m in cloth]
    for k, mesh in enumerate(shrunk):
        away = (mesh.positions - middle) * np.array([0.9, 0.9, 1.0], np.float32)
        shrunk[k] = type(mesh)(**{**mesh.__dict__, "positions": middle + away})
    assert sum(bad for bad, _ in poke_through([body, *shrunk], 1).values()) > before + 200


@pytest.mark.parametrize("clothes", [("skirt_flared",), ("dress_maxi",), ("coat_long",), ("trousers_wide",)])
def test_loose_clothes_hang_away_from_the_body_and_move_by_themselves(clothes):
    body, worn = built(1, clothes)
    assert np.isfinite(worn.positions).all()
    hem = np.argsort(worn.positions[1][:, 2])[:60]
    skin = body.positions[1][np.unique(body.faces)]
    gap = np.linalg.norm(worn.positions[1][hem][:, None] - skin[None, ::7], axis=2).min(1)
    assert np.median(gap) > 0.015
    assert worn.positions[:, :, 2].min() > 0.0


def test_many_garments_are_not_painted_on():
    """Garments with a part that hangs free."""
    from synth.bodies.wardrobe import load_item

    garments = [n for n, e in load_catalogue()["items"].items() if e["kind"] == "garments"]
    loose = [n for n in garments if load_item(n).loose.max() > 0.35]
    assert len(garments) >= 40 and len(loose) >= 20
