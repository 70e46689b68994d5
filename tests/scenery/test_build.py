"""Places of every kind: nobody touches them, nothing hides people, and they are what they are called."""

import numpy as np
import pytest
from trimesh.ray.ray_pyembree import RayMeshIntersector

from synth.conventions import Semantic, ThfmError
from synth.props import place_props
from synth.scenes import SceneAssets, build_scene
from synth.spec.props.model import PropSpec
from tests.scenery.sets import HEIGHT, KINDS, WIDTH, draw, eyes_of, gap, library, person, placed, soup, spec_with

NEAR, FAR = (0.6, -3.5, 1.4), (4.0, -14.0, 7.5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("seed", "eye"), [(1, NEAR), (2, FAR)])
def test_nobody_touches_a_place_and_nothing_hides_people(kind, seed, eye):
    geometry = person(eye, 28.0 if eye == NEAR else 120.0)
    _, built, _ = placed(draw(kind, seed), geometry)
    scene = soup(built.meshes)
    body = geometry.meshes[0]
    for sample in range(len(body.positions)):
        spots = body.positions[sample][np.unique(body.faces)][::80].astype(np.float64)
        high = spots[spots[:, 2] > 0.25]  # feet stand on the ground
        assert gap(built.meshes, high) > 0.05
        eye_now = eyes_of(geometry.cameras)[sample]
        assert gap(built.meshes, eye_now[None]) > 0.2
        ways = high - eye_now
        lengths = np.linalg.norm(ways, axis=1)
        where, ray, _ = RayMeshIntersector(scene).intersects_location(
            np.tile(eye_now, (len(ways), 1)), ways / lengths[:, None], multiple_hits=False
        )
        assert (np.linalg.norm(where - eye_now, axis=1) > lengths[ray]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_people_stand_on_level_ground(kind):
    geometry = person()
    _, built, _ = placed(draw(kind, 3), geometry)
    body = geometry.meshes[0].positions[:, ::50].reshape(-1, 3).astype(np.float64)
    start = np.column_stack([body[:, :2], np.full(len(body), 0.2)])
    scene = soup(tuple(m for m in built.meshes if m.name != "tufts"))
    where, ray, face = RayMeshIntersector(scene).intersects_location(
        start, np.tile([0, 0, -1.0], (len(start), 1)), False
    )
    assert len(ray) == len(start) and np.abs(where[:, 2]).max() < 1e-4
    semantic = np.concatenate([m.semantic[m.shown] for m in built.meshes if m.name != "tufts"])
    assert (semantic[face] == Semantic.GROUND).all()


def test_a_room_is_closed_but_for_its_windows():
    geometry = person()
    rng = np.random.default_rng(0)
    ways = rng.standard_normal((4000, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    for seed in range(4):
        spec = draw("room", seed, windows=(0, 0) if seed < 2 else (4, 4))
        _, built, _ = placed(spec, geometry)
        hit = RayMeshIntersector(soup(built.meshes)).intersects_any(np.tile([0.2, 0.0, 1.2], (len(ways), 1)), ways)
        portals = [lamp for lamp in built.lamps if lamp.kind == "portal"]
        assert len(portals) == built.facts["windows"]
        assert hit.all() if seed < 2 else (~hit).any() and hit.mean() > 0.6


def test_a_room_without_windows_is_lit_though_it_is_day_and_lamps_are_off():
    for seed in range(4):
        for windows in ((0, 0), (4, 4)):
            spec = draw("room", seed, windows=windows, lamps_on=0.0)
            assert not spec.lit
            _, built, _ = placed(spec, person(), time="day")
            lamps = [lamp for lamp in built.lamps if lamp.kind != "portal"]
            assert len(lamps) == (0 if built.facts["windows"] else spec.lamps)


def test_a_room_grows_with_what_it_must_hold():
    spec = draw("room", 5)
    small, large = (placed(spec, person(eye, 50.0))[1] for eye in (NEAR, FAR))
    tall = [np.ptp(b.meshes[0].positions[0][:, 2]) for b in (small, large)]
    assert tall[0] < spec.height + 0.3 and tall[1] > FAR[2]
    assert np.prod(large.facts["size"]) > 2 * np.prod(small.facts["size"])


def test_furniture_stands_along_walls_and_props_keep_off_it():
    geometry = person()
    found = [placed(draw("room", seed, furniture=(8, 8)), geometry)[1] for seed in range(5)]
    assert sum(len(b.facts["things"]) for b in found) >= 12
    built = max(found, key=lambda b: len(b.facts["things"]))
    specs = [PropSpec(name="crate", role="beside", seed=s) for s in range(6)]
    meshes, facts = place_props(
        specs, library().props, geometry.meshes, geometry.joints, geometry.cameras, (WIDTH, HEIGHT), built.boxes
    )
    for mesh in meshes:
        centre = (mesh.positions[0].min(0) + mesh.positions[0].max(0)) / 2
        inside = RayMeshIntersector(soup(built.meshes[:1])).intersects_any(
            np.tile(centre, (4, 1)), np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1.0, 0]])
        )
        assert inside.sum() >= 2  # walls are on its sides: it is in the room
        points = mesh.positions[0].astype(np.float64)
        for other in built.meshes[1:]:
            assert gap((other,), points[::20]) > 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_spec_builds_the_same_place(kind):
    one, two = (placed(draw(kind, 8), person())[1] for _ in range(2))
    assert [m.name for m in one.meshes] == [m.name for m in two.meshes] and one.facts == two.facts
    for a, b in zip(one.meshes, two.meshes, strict=True):
        assert np.array_equal(a.positions, b.positions) and np.array_equal(a.semantic, b.semantic)
        assert a.materials == b.materials


def test_paper_fills_every_picture():
    geometry = person(FAR, 24.0)
    _, built, _ = placed(draw("studio", 4), geometry)
    eye, k = eyes_of(geometry.cameras), geometry.cameras.intrinsics
    for sample in range(len(eye)):
        pixels = np.array([[x, y, 1.0] for x in (0.5, WIDTH / 2, WIDTH - 0.5) for y in (0.5, HEIGHT - 0.5)])
        ways = pixels @ np.linalg.inv(k[sample]).T @ geometry.cameras.world_to_camera[sample][:3, :3]
        assert RayMeshIntersector(soup(built.meshes)).intersects_any(np.tile(eye[sample], (6, 1)), ways).all()


def test_lamps_of_a_room_hang_in_it():
    light = {"lamps": [{"kind": "point", "azimuth": 0.5, "elevation": 0.6, "distance": 30.0, "size": 0.2,
                        "strength": 1.0, "kelvin": 3000.0}]}  # fmt: skip
    _, built, _ = placed(draw("room", 6), person(), **light)
    lamp = built.lamps[-1]
    assert lamp.kind == "point" and lamp.power > 0 and lamp.colour[0] > 2 * lamp.colour[2]
    room = RayMeshIntersector(soup(built.meshes[:1]))
    ways = np.concatenate([np.eye(3), -np.eye(3)])
    assert room.intersects_any(np.tile(lamp.position, (6, 1)), ways).sum() >= 5


def test_what_is_missing_is_named():
    geometry = person()
    spec = spec_with(draw("room", 1, furniture=(5, 5)), geometry)
    with pytest.raises(ThfmError, match="no prop called"):
        build_scene(spec, geometry.meshes, geometry.cameras, SceneAssets(textures=library().scenes.textures))
    photographed = next(
        s for s in (draw("room", k, photographs=1.0, furniture=(0, 0)) for k in range(20)) if s.walls.photo
    )
    with pytest.raises(ThfmError, match="no texture called"):
        build_scene(spec_with(photographed, geometry), geometry.meshes, geometry.cameras, SceneAssets())
