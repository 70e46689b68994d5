"""People keep out of each other and of obstacles at all times: judged by embree's ray casts, clothes and all."""

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree
from trimesh.ray.ray_pyembree import RayMeshIntersector

from synth.bodies.apart import Balls, keep_apart
from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig
from synth.bodies.person import heading
from synth.conventions import JOINT_NAMES, ClipRejected
from synth.geometry import ClipGeometry, Mesh
from synth.props.obstacles import Box
from synth.qa import BodyTrack
from synth.qa.apart import penetration, sunk
from synth.spec.config import GroupConfig, MotionConfig, PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip
from tests.props.worlds import cut

CONFIG = BodiesConfig()
FRAMES = 4


@pytest.fixture(scope="module")
def library():
    return load_library(CONFIG)


def crowd(library, formation: str, people: int, seed: int = 0, obstacles=(), dressed=False, **motion) -> ClipGeometry:
    """People who would like to stand much too near to each other."""
    config = SpecConfig(
        video=VideoConfig(frames=FRAMES, fps=2, width=64, height=64),
        people=PeopleConfig(count=people, clothes=dressed, hair=dressed),
        group=GroupConfig(formations=(formation,), apart=(0.15, 0.15), bystanders=0), props={"count": (0, 0)},
        motion=MotionConfig(**motion),
    )  # fmt: skip
    return build_clip(sample_clip(config, library.catalogue, seed, 0), CONFIG, library, obstacles=obstacles)


@pytest.fixture(scope="module", params=[("scattered", 2, True), ("walking", 3, False)], ids=["dressed", "walking"])
def tight(library, request) -> ClipGeometry:
    formation, people, dressed = request.param
    return crowd(library, formation, people, seed=1, dressed=dressed)


def of(geometry: ClipGeometry, person: int) -> list[Mesh]:
    return [m for m in geometry.meshes if m.person == person or m.name == f"stool {person}"]


def surface(meshes: list[Mesh], sample: int) -> trimesh.Trimesh:
    parts = [
        trimesh.Trimesh(m.positions[min(sample, len(m.positions) - 1)], m.faces, process=False, validate=False)
        for m in meshes
    ]
    joined = trimesh.util.concatenate(parts)
    joined.remove_unreferenced_vertices()
    return joined


def gap(a: trimesh.Trimesh, b: trimesh.Trimesh) -> float:
    return float(cKDTree(a.vertices).query(b.vertices)[0].min())


def test_nobody_touches_anybody_at_any_time(tight):
    nearest = np.inf
    for s in range(FRAMES + 2):
        people = [surface(of(tight, k), s) for k in range(1, len(tight.smplx) + 1)]
        for k, one in enumerate(people):
            for other in people[:k]:
                assert not cut(one, other), s
                nearest = min(nearest, gap(one, other))
    assert 0.01 < nearest < 0.35, "they are moved no farther than they must"


def test_bodies_do_not_sink_into_each_other(tight):
    tracks = [BodyTrack(m.positions[1:-1], m.faces) for m in tight.meshes if m.name == "body"]
    assert max(penetration(tracks, t) for t in range(FRAMES)) == 0.0


def test_the_measure_of_penetration_is_that_of_ray_casts(library):
    """Two bodies pushed into each other: which vertices are inside, and how deep the deepest one is."""
    geometry = crowd(library, "side_by_side", 2, synthesised=0.0)
    bodies = [m for m in geometry.meshes if m.name == "body"]
    worlds = [m.positions[1].astype(float) for m in bodies]
    aside = worlds[1][:, :2].mean(0) - worlds[0][:, :2].mean(0)
    for share in (0.6, 0.8):
        moved = worlds[1].copy()
        moved[:, :2] -= share * aside
        tracks = [BodyTrack(w[None], m.faces) for w, m in zip((worlds[0], moved), bodies, strict=True)]
        said, true = penetration(tracks, 0), 0.0
        for mine, (theirs, mesh) in ((worlds[0], (moved, bodies[1])), (moved, (worlds[0], bodies[0]))):
            other = trimesh.Trimesh(theirs, mesh.faces, process=False)
            mine = mine[np.unique(mesh.faces)]
            inside = RayMeshIntersector(other).contains_points(mine)
            used = np.unique(mesh.faces)
            mine_says = sunk(mine, theirs[used], other.vertex_normals[used]) > 0
            assert (mine_says == inside).mean() > 0.97
            if inside.any():
                skin, _ = trimesh.sample.sample_surface(other, 100_000, seed=0)
                true = max(true, cKDTree(skin).query(mine[inside])[0].max())
        assert true > 0.03 and said == pytest.approx(true, abs=0.01)


def test_people_keep_out_of_boxes(library):
    free = crowd(library, "side_by_side", 2, seed=3)
    hips = free.joints[0, FRAMES // 2, 0].astype(float)
    box = Box(hips[:2] + (0.1, 0.0), np.array([0.3, 0.2]), 1.0, 0.4)
    assert not box.distance(hips[None]).any()
    kept = crowd(library, "side_by_side", 2, seed=3, obstacles=[box])
    assert 0.1 < np.linalg.norm(kept.joints[0, 0, 0] - free.joints[0, 0, 0]) < 1.5
    for s in range(FRAMES + 2):
        for k in (1, 2):
            assert box.distance(np.asarray(surface(of(kept, k), s).vertices)).min() > 0.0


def test_no_room_is_told():
    hall = Box(np.zeros(2), np.array([30.0, 30.0]), 3.0, 0.0)
    with pytest.raises(ClipRejected, match="person 1 finds no room"):
        keep_apart([Balls(np.zeros((2, 3, 3)), np.ones((2, 3)))], [hall])


def test_labels_move_with_their_people(tight):
    for k, label in enumerate(tight.smplx):
        pelvis = tight.joints[k, 1:-1, 0]
        offset = pelvis - label["transl"]
        assert np.abs(offset - offset[0]).max() < 1e-5  # the rest pelvis, about which the root turns
        body = of(tight, k + 1)[0]
        assert np.abs(body.positions[1:-1].mean(1) - pelvis).max() < 0.6


def test_people_face_where_their_spec_says(library):
    config = SpecConfig(
        video=VideoConfig(frames=4, width=64, height=64), people=PeopleConfig(count=3, clothes=False, hair=False),
        group=GroupConfig(formations=("queue",), turned_degrees=0, bystanders=0), props={"count": (0, 0)},
        motion=MotionConfig(actions=("walk", "stand", "talk")),
    )  # fmt: skip
    spec = sample_clip(config, library.catalogue, 2, 1)
    geometry = build_clip(spec, CONFIG, library)
    left, right = (JOINT_NAMES.index(f"{side}_hip") for side in ("left", "right"))
    for k, person in enumerate(spec.people):
        across = geometry.joints[k, 3, left] - geometry.joints[k, 3, right]
        facing = np.arctan2(-across[0], across[1])  # the front is to the right of left
        assert np.abs(np.angle(np.exp(1j * (facing - person.yaw)))) < 0.15


def test_balls_hold_the_surface():
    mesh = trimesh.creation.capsule(1.0, 0.2, count=(24, 24))
    rows = np.asarray(mesh.vertices, np.float32)[None] + np.array([[[0, 0, 0.4]], [[0.5, 0, 0.4]]], np.float32)
    count = len(mesh.faces)
    body = Mesh("body", 1, np.asarray(mesh.faces, np.int32), rows, np.zeros((1, 2)), np.zeros((count, 3), int),
                np.ones(count, np.uint8), np.ones(count, np.uint8), (rows[0] + 1) / 3, np.ones(count, bool), (),
                np.zeros(count, np.uint8))  # fmt: skip
    balls = Balls.around([body], 2)
    for s in range(2):
        away = np.linalg.norm(rows[s][:, None] - balls.centres[s][None], axis=2)
        assert (away <= balls.radii[s]).any(1).all()
    assert balls.radii.max() < 0.2
    shifts = keep_apart([balls, balls])
    assert not shifts[0].any() and 0.4 < np.linalg.norm(shifts[1]) < 0.8


def test_what_stands_there_for_a_person_is_full():
    """A long box with eight vertices is held all over, the inside included."""
    box = trimesh.creation.box((1.0, 3.0, 1.2))
    vertices = np.asarray(box.vertices, np.float32) + np.float32([2.0, 0, 0.6])
    count = len(box.faces)
    flight = Mesh("stairs 1", 0, np.asarray(box.faces, np.int32), vertices[None], np.zeros((1, 2)),
                  np.zeros((count, 3), int), np.zeros(count, np.uint8), np.ones(count, np.uint8),
                  np.full((8, 3), np.nan, np.float32), np.ones(count, bool), (), np.zeros(count, np.uint8))  # fmt: skip
    balls = Balls.around([flight], 3)
    within = np.random.default_rng(0).uniform([1.5, -1.5, 0], [2.5, 1.5, 1.2], (2000, 3))
    away = np.linalg.norm(within[:, None] - balls.centres[0], axis=2) - balls.radii[0]
    assert away.min(1).max() < 0.05 and balls.radii.max() < 0.35


def test_headings_of_those_who_lie_point_where_their_heads_do():
    from scipy.spatial.transform import Rotation

    from synth.bodies.motion import Motion

    def motion(turn: Rotation) -> Motion:
        return Motion(
            fps=24.0, global_orient=turn.as_rotvec()[None], body_pose=np.zeros((1, 63)), transl=np.zeros((1, 3))
        )

    upright = Rotation.from_euler("x", 90, degrees=True)  # faces -y
    assert heading(motion(upright)) == pytest.approx(-np.pi / 2)
    assert heading(motion(Rotation.from_euler("z", 40, degrees=True) * upright)) == pytest.approx(np.radians(-50))
    prone = Rotation.from_euler("x", 90, degrees=True) * upright  # face down
    assert heading(motion(prone)) == pytest.approx(-np.pi / 2)
