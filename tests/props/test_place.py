"""Places of props, against ray casts: nothing touches, the floor carries, occluders hide what was asked for."""

import dataclasses

import numpy as np
import pytest

from synth.bodies.clip import build_clip
from synth.config import GenerateConfig
from synth.conventions import JOINT_NAMES, Part, Semantic, ThfmError, Visibility
from synth.geometry import ClipGeometry
from synth.labels import compute_labels
from synth.make import clip_spec
from synth.props import place_props
from synth.spec.props.model import PropSpec
from tests.props.worlds import HEIGHT, LIBRARY, WIDTH, cut, still_camera, surface_of
from tests.raycast import cast
from tests.scenes import ARMS_DOWN, cast_passes, people, posed

SAMPLES = 4
_BENT = {"left_elbow": (0, -1.2, 0), "right_elbow": (0, 1.2, 0)}
_WALK = [ARMS_DOWN | _BENT | {"transl": (0.15 * s, 0, 0), "left_hip": (0.3 - 0.2 * s, 0, 0)} for s in range(SAMPLES)]


@pytest.fixture(scope="module")
def walker() -> ClipGeometry:
    """A person who walks to her left with her forearms raised, seen from the front."""
    return people(posed(_WALK), cameras=still_camera(SAMPLES))


def _placed(geometry: ClipGeometry, *specs: PropSpec) -> ClipGeometry:
    persons = [m for m in geometry.meshes if m.person]
    meshes, facts = place_props(specs, LIBRARY.props, persons, geometry.joints, geometry.cameras, (WIDTH, HEIGHT))
    return dataclasses.replace(geometry, meshes=(*geometry.meshes, *meshes), props=tuple(facts))


def _front(name: str, seed: int, low: float = 0.1, high: float = 0.4) -> PropSpec:
    return PropSpec(name=name, role="front", hides=(low, high), hides_most=0.6, seed=seed)


@pytest.fixture(scope="module")
def crowded(walker) -> ClipGeometry:
    """The walker among props of every role."""
    return _placed(
        walker,
        _front("crate", 1),
        _front("armchair", 2, 0.05, 0.3),
        PropSpec(name="vertical_shelves", role="beside", seed=3),
        PropSpec(name="stool", role="beside", seed=4),
        PropSpec(name="yogurt_bottle", role="held", hand="right", seed=5),
        PropSpec(name="basketball", role="held", hand="left", seed=6),
    )


def _props(geometry: ClipGeometry):
    return [m for m in geometry.meshes if m.name.startswith("prop")]


def _hidden(geometry: ClipGeometry, names=("",)) -> np.ndarray:
    """(T,) share of the person's pixels that props hide in the frames of the clip, by ray casts."""
    shares = []
    body = geometry.meshes[0]
    for s in range(1, SAMPLES - 1):
        camera = (WIDTH, HEIGHT, geometry.cameras.intrinsics[s], geometry.cameras.world_to_camera[s])
        alone = [(body.positions[s], body.faces)]
        props = [m for m in _props(geometry) if any(n in m.name for n in names)]
        among = alone + [(m.positions[min(s, len(m.positions) - 1)], m.faces) for m in props]
        seen = [(cast(meshes, *camera).mesh == 0).sum() for meshes in (alone, among)]
        shares.append(1 - seen[1] / seen[0])
    return np.array(shares)


def test_every_role_finds_a_place(crowded):
    assert {f["role"] for f in crowded.props} == {"front", "beside", "held"}
    assert len(crowded.props) == len(_props(crowded)) >= 5


def test_props_touch_neither_people_nor_each_other(crowded):
    things = [crowded.meshes[0], *_props(crowded)]
    for s in range(SAMPLES):
        surfaces = [surface_of(m, s) for m in things]
        for k, one in enumerate(surfaces):
            for other, mesh in zip(surfaces[:k], things[:k], strict=True):
                assert not cut(one, other), (things[k].name, mesh.name, s)


def test_the_check_for_touching_finds_touches(crowded):
    body = surface_of(crowded.meshes[0], 0)
    prop = surface_of(_props(crowded)[-1], 0)
    hips = crowded.joints[0, 0, 0]
    prop.apply_translation(hips + (0.1, 0, 0) - prop.bounds.mean(0))
    assert cut(body, prop)


def test_furniture_stands_still_on_the_floor(crowded):
    standing = [m for m, f in zip(_props(crowded), crowded.props, strict=True) if f["role"] != "held"]
    for mesh in standing:
        assert len(mesh.positions) == 1
        assert abs(mesh.positions[..., 2].min()) < 1e-3, mesh.name
        entry = LIBRARY.props[mesh.name.split(".")[1]].entry
        assert np.ptp(mesh.positions[0][:, 2]) == pytest.approx(entry["size"][2], abs=0.01)


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.15), (0.3, 0.45)])
def test_an_occluder_hides_the_share_that_was_asked_for(walker, low, high):
    names = ("cupboard", "armchair", "sofa2")
    found = [_placed(walker, _front(name, seed, low, high)) for seed, name in enumerate(names)]
    found = [g for g in found if g.props]
    assert len(found) >= 2
    for geometry in found:
        hidden = _hidden(geometry)
        assert low - 0.03 <= hidden.mean() <= high + 0.03, geometry.props
        assert hidden.max() <= 0.6 + 0.05
        assert geometry.props[0]["hidden"] == pytest.approx(hidden.mean(), abs=0.03)


def _seen(geometry: ClipGeometry, sample: int, things: bool) -> np.ndarray:
    """(H, W) which of the meshes, body first and props after it, pixels show by ray casts; -2 for the head."""
    camera = (WIDTH, HEIGHT, geometry.cameras.intrinsics[sample], geometry.cameras.world_to_camera[sample])
    body = geometry.meshes[0]
    meshes = [(body.positions[sample], body.faces)]
    meshes += [(m.positions[min(sample, len(m.positions) - 1)], m.faces) for m in _props(geometry) if things]
    hit = cast(meshes, *camera)
    head = (hit.mesh == 0) & (body.part[np.where(hit.mesh == 0, hit.face, 0)] == Part.HEAD)
    return np.where(head, -2, hit.mesh)


def _tall(walker: ClipGeometry, **limits: float) -> list[ClipGeometry]:
    """The walker behind shelves that are taller than she is, here and there."""
    specs = [_front("vertical_shelves", seed).model_copy(update=limits) for seed in range(6)]
    return [g for g in (_placed(walker, spec) for spec in specs) if g.props]


def test_heads_are_hidden_no_more_than_is_allowed(walker):
    def hidden(geometry: ClipGeometry) -> float:
        counts = [[(_seen(geometry, s, things) == -2).sum() for s in range(1, SAMPLES - 1)] for things in (False, True)]
        return 1 - sum(counts[1]) / sum(counts[0])

    assert max(map(hidden, _tall(walker))) > 0.4  # what the limit is there for
    found = _tall(walker, hides_head=0.2)
    assert len(found) >= 2
    assert max(map(hidden, found)) <= 0.2 + 0.05


def test_props_fill_no_more_of_the_picture_than_is_allowed(walker):
    def filled(geometry: ClipGeometry) -> float:
        return max((_seen(geometry, s, True) > 0).mean() for s in range(1, SAMPLES - 1))

    assert max(map(filled, _tall(walker))) > 0.25
    found = _tall(walker, fills_most=0.15)
    assert len(found) >= 2
    assert max(map(filled, found)) <= 0.15 + 0.03


def test_all_props_together_leave_the_person_in_sight(crowded):
    assert _hidden(crowded).max() <= 0.6 + 0.05


def test_what_stands_beside_hides_almost_nothing(crowded):
    assert _hidden(crowded, ("vertical_shelves", "stool")).mean() < 0.1


def _rigid(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and shift that carry points a (N, 3) to b best (Kabsch)."""
    u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u @ sign @ vt).T
    return rotation, b.mean(0) - rotation @ a.mean(0)


@pytest.mark.parametrize("hand", ["left", "right"])
def test_held_things_follow_the_hand_rigidly_and_closely(crowded, hand):
    (mesh,) = [m for m, f in zip(_props(crowded), crowded.props, strict=True) if f["hand"] == hand]
    body = crowded.meshes[0]
    own = np.unique(body.faces[body.part == (Part.LEFT_HAND if hand == "left" else Part.RIGHT_HAND)])
    skin = body.positions[:, own].astype(float)
    for s in range(SAMPLES):
        rotation, shift = _rigid(skin[0], skin[s])
        moved = mesh.positions[0] @ rotation.T + shift
        assert np.linalg.norm(moved - mesh.positions[s], axis=1).max() < 0.01
        gap = np.linalg.norm(skin[s][:, None] - mesh.positions[s][None], axis=2).min()
        assert gap < 0.03
    assert np.linalg.norm(mesh.positions[-1] - mesh.positions[0], axis=1).min() > 0.3


def test_visibility_says_what_props_hide(crowded):
    labels = compute_labels(crowded, cast_passes(crowded, WIDTH, HEIGHT))
    assert (labels["semantics"] == Semantic.PROP).any(axis=(1, 2)).all()
    hidden = clear = 0
    for t in range(crowded.frames):
        pose = crowded.cameras.world_to_camera[t + 1]
        eye = -pose[:3, :3].T @ pose[:3, 3]
        joints = crowded.joints[0, t + 1].astype(float)
        along = joints - eye
        length = np.linalg.norm(along, axis=1)
        shade = np.zeros((5, len(joints)), bool)
        # A label speaks of a pixel: only joints around which all agrees can be judged.
        for k, (x, z) in enumerate(((0, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))):
            for mesh in _props(crowded):
                place, ray, _ = surface_of(mesh, t + 1).ray.intersects_location(
                    np.tile(eye, (len(joints), 1)), along + (0.04 * x, 0, 0.04 * z), multiple_hits=False
                )
                shade[k, ray] |= np.linalg.norm(place - eye, axis=1) < length[ray] - 0.1
        flags = labels["visibility"][0, t]
        inside = (flags & Visibility.IN_FRAME) > 0
        said = (flags & Visibility.OTHER_OCCLUDED) > 0
        assert said[shade.all(0) & inside].all(), [JOINT_NAMES[j] for j in np.flatnonzero(shade.all(0) & ~said)]
        hidden += (shade.all(0) & inside).sum()
        clear += (~shade.any(0) & inside & ~said).sum()
    assert hidden >= 10 and clear >= 10


@pytest.mark.filterwarnings("error")
def test_people_out_of_sight_are_none_of_its_business():
    behind = [ARMS_DOWN | {"transl": (0, -20, 0)}] * SAMPLES
    geometry = _placed(people(posed(_WALK), posed(behind), cameras=still_camera(SAMPLES)), _front("crate", 1))
    (fact,) = geometry.props
    assert fact["person"] == 0 and 0.1 <= fact["hidden"] <= 0.4
    assert not _placed(geometry, PropSpec(name="crate", role="front", hides=(0.1, 0.4), person=1, seed=1)).props


def test_the_same_spec_gives_the_same_place(walker):
    one, two = (_placed(walker, _front("crate", 9)) for _ in range(2))
    other = _placed(walker, _front("crate", 10))
    np.testing.assert_array_equal(_props(one)[0].positions, _props(two)[0].positions)
    assert np.abs(_props(one)[0].positions - _props(other)[0].positions).max() > 0.05


def test_unknown_props_and_wrong_roles_are_named(walker):
    with pytest.raises(ThfmError, match="sofa9"):
        _placed(walker, PropSpec(name="sofa9", role="beside"))
    with pytest.raises(ThfmError, match="crate"):
        _placed(walker, PropSpec(name="crate", role="held", hand="left"))


@pytest.mark.parametrize(("name", "style"), [("handbag", "hang"), ("yogurt_bottle", "fist"), ("phone", "palm")])
@pytest.mark.parametrize("hand", ["left", "right"])
def test_people_who_hold_something_carry_it(name, style, hand):
    """A whole person of a clip, whose arm and fingers make room for the thing: it finds its place."""
    config = GenerateConfig.model_validate({
        "seed": 2,
        "clips": 2,
        "spec": {"video": {"frames": 4, "width": 64, "height": 64}, "people": {"count": 1}, "props": {"count": [0, 0]},
                 "motion": {"actions": ["walk", "stand"], "splice": 0.0}, "scene": {"kinds": ["plain"]}},
    })  # fmt: skip
    placed = []
    for index in range(2):
        prop = PropSpec(name=name, role="held", hand=hand, seed=1, hides_most=1.0)
        spec = clip_spec(config, index).model_copy(update={"props": (prop,)})
        geometry = build_clip(spec, config.bodies, LIBRARY)
        placed.append(len(geometry.props))
        if not geometry.props:
            continue
        assert LIBRARY.props[name].entry["grip"]["style"] == style
        (mesh,) = _props(geometry)
        wrist, elbow = (geometry.joints[0, :, JOINT_NAMES.index(f"{hand}_{part}")] for part in ("wrist", "elbow"))
        if style != "hang":  # held up before the body, forearm about level
            assert np.abs((wrist - elbow)[:, 2]).max() < 0.15
        knuckles = geometry.joints[0, :, JOINT_NAMES.index(f"{hand}_middle1")].astype(float)
        away = np.linalg.norm(mesh.positions - knuckles[:, None], axis=2).min(1)
        assert away.max() < 0.1 and np.ptp(away) < 0.002  # it goes with the hand
    assert sum(placed) >= 1
