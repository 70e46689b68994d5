"""A data set proves itself: what smplx, embree and the stored cameras say must be what the stored labels say.

Clips go the whole way (spec, geometry, Blender, labels, checks, shard, decoder). Bare bodies are then recomputed by the
smplx library from the stored label alone, clothes come from the geometry of the stored spec, and rays are cast at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import smplx
import torch
import trimesh
from PIL import Image
from scipy.ndimage import binary_erosion

from synth import shards
from synth.bodies.clip import build_clip
from synth.bodies.config import assets_folder
from synth.config import GenerateConfig
from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT, JOINT_PART, NUM_TREE_JOINTS, Semantic, Visibility
from synth.geometry import Mesh
from synth.make import library_of, make_clip
from synth.spec.model import ClipSpec
from synth.validate import validate
from tests.opencv import project_points, radial_rays
from tests.raycast import Hits, cast_rays

WIDTH, HEIGHT, FRAMES = 128, 96, 4
ENOUGH = 0.995
_TURNS = ("global_orient", "body_pose", "left_hand_pose", "right_hand_pose", "jaw_pose", "leye_pose", "reye_pose")


def _config(dressed: bool, move: str, genders: tuple[str, ...], seed: int, people: int) -> GenerateConfig:
    """Half of the clips are filmed through a barrel lens, in focus at the people alone; crowds stand close together."""
    lens = float(move in ("orbit", "zoom"))
    return GenerateConfig.model_validate({
        "seed": seed,
        "clips": 1,
        "spec": {
            "video": {"frames": FRAMES, "fps": 12, "width": WIDTH, "height": HEIGHT},
            "people": {"count": people, "clothes": dressed, "hair": dressed, "genders": genders},
            "group": {"apart": [0.3, 0.5], "bystanders": 0.0, "singled_out": 0.0},
            "camera": {"moves": [move], "framings": ["full_body"], "fill": [0.9, 0.92], "focal_mm": [20, 85],
                       "distorted": lens, "distortion": [-0.1, -0.08], "depth_of_field": lens,
                       "rolling_shutter": 0.0},
            "props": {"count": [2, 3] if dressed else [0, 0], "in_front": 0.7, "held": 0.2},
        },
        "render": {"samples": 1, "denoise": False, "threads": 2},
    })  # fmt: skip


def _through_a_shard(config: GenerateConfig, root) -> shards.Clip:
    made, _ = make_clip(config, 0, root / "logs")
    fields = {name: made.fields[name] for name in shards.FIELDS}
    members = shards.encode_clip(made.key, made.fields["fps"], fields, made.fields["meta"])
    shards.stage_clip(root, made.key, members)
    shards.assemble_shard(root, "shard-000000", [made.key])
    shards.build_manifest(root, config.model_dump(mode="json"))
    (clip,) = shards.read_clips(root)
    return clip


@dataclass(frozen=True)
class Soup:
    """The surfaces of a clip, joined.

    ``positions`` (T, V, 3), ``faces`` (F, 3); per face ``person``, ``part``, ``semantic``, ``mesh`` and ``shown``; per
    vertex ``canonical`` (V, 3); ``solid``: number of a mesh whose texture has holes -> where it has none.
    """

    positions: np.ndarray
    faces: np.ndarray
    person: np.ndarray
    part: np.ndarray
    semantic: np.ndarray | None
    canonical: np.ndarray
    mesh: np.ndarray
    shown: np.ndarray
    solid: dict[int, Callable]


def _bare(clip: shards.Clip) -> tuple[Soup, np.ndarray]:
    """All bodies and their joints (P, T, 144, 3), by the smplx library from the stored labels alone."""
    bodies, joints = zip(*(_body(label, number) for number, label in enumerate(clip.smplx, 1)), strict=True)
    count = bodies[0].positions.shape[1]
    soup = Soup(
        positions=np.concatenate([b.positions for b in bodies], 1),
        faces=np.concatenate([b.faces + k * count for k, b in enumerate(bodies)]),
        person=np.concatenate([b.person for b in bodies]),
        part=np.concatenate([b.part for b in bodies]),
        semantic=None,
        canonical=np.concatenate([b.canonical for b in bodies]),
        mesh=np.concatenate([b.mesh + k for k, b in enumerate(bodies)]),
        shown=np.concatenate([b.shown for b in bodies]),
        solid={},
    )
    return soup, np.stack(joints)


def _body(label: dict, number: int) -> tuple[Soup, np.ndarray]:
    """The body of person ``number`` and its joints (T, 144, 3)."""
    model = smplx.create(
        str(assets_folder() / "bodies"), "smplx", gender=label["gender"], ext="npz", use_pca=False, flat_hand_mean=True,
        use_face_contour=True, num_betas=10, num_expression_coeffs=10,
    )  # fmt: skip
    inputs = {name: torch.tensor(label[name]) for name in (*_TURNS, "transl")}
    inputs |= {
        "betas": torch.tensor(label["betas"])[None].expand(FRAMES, -1),
        "expression": torch.tensor(label["expression"]),
    }
    with torch.no_grad():
        posed = model(**inputs)
    faces = model.faces.astype(np.int64)
    weights = model.lbs_weights.numpy()[faces].sum(1)
    parts = np.array(JOINT_PART)
    per_part = np.stack([weights[:, :NUM_TREE_JOINTS][:, parts == p].sum(1) for p in range(parts.max() + 1)], 1)
    with np.load(assets_folder() / "bodies" / "smplx" / "SMPLX_NEUTRAL.npz", allow_pickle=False) as neutral:
        canonical = (neutral["v_template"] - np.array(CANONICAL_CENTRE)) / CANONICAL_EXTENT + 0.5
    one = np.ones(len(faces), int)
    who = number * one
    soup = Soup(posed.vertices.numpy(), faces, who, per_part.argmax(1), None, canonical, 0 * one, one > 0, {})
    joints = posed.joints.numpy()[:, :144]
    return soup, joints


def _solid(mesh: Mesh) -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """(faces, corner weights) -> whether the texture is opaque there, by the rule of labels: alpha above one half."""
    look = mesh.materials[0]
    if not look.alpha or look.diffuse is None:
        return None
    with Image.open(look.diffuse) as opened:
        alpha = np.asarray(opened.convert("RGBA").getchannel("A"), np.float64) / 255
    height, width = alpha.shape

    def solid(faces: np.ndarray, weights: np.ndarray) -> np.ndarray:
        u, v = np.einsum("nk,nkc->nc", weights, mesh.uv[mesh.face_uv[faces]]).T
        x, y = u * width - 0.5, (1 - v) * height - 0.5
        left, top = np.floor(x).astype(int), np.floor(y).astype(int)
        value = np.zeros(len(faces))
        for dy, row in ((1 - (y - top), top), (y - top, top + 1)):
            for dx, column in ((1 - (x - left), left), (x - left, left + 1)):
                value += dy * dx * alpha[row % height, column % width]
        return value > 0.5

    return solid


def _dressed(clip: shards.Clip, config: GenerateConfig) -> Soup:
    """All surfaces of the stored spec, clothes, hair and floor included."""
    spec = ClipSpec.model_validate(clip.meta["spec"])
    geometry = build_clip(spec, config.bodies, library_of(config.bodies))
    meshes = geometry.meshes
    vertex = np.cumsum([0] + [m.positions.shape[1] for m in meshes])[:-1]
    holes = {number: _solid(mesh) for number, mesh in enumerate(meshes)}
    still = [np.broadcast_to(m.positions, (FRAMES + 2, *m.positions.shape[1:])) for m in meshes]
    return Soup(
        positions=np.concatenate(still, 1)[1:-1],
        faces=np.concatenate([m.faces + s for m, s in zip(meshes, vertex, strict=True)]),
        person=np.concatenate([np.full(len(m.faces), m.person) for m in meshes]),
        part=np.concatenate([m.part for m in meshes]),
        semantic=np.concatenate([m.semantic for m in meshes]),
        canonical=np.concatenate([m.canonical for m in meshes]),
        mesh=np.concatenate([np.full(len(m.faces), number) for number, m in enumerate(meshes)]),
        shown=np.concatenate([m.shown for m in meshes]),
        solid={number: solid for number, solid in holes.items() if solid is not None},
    )


def _cast(soup: Soup, clip: shards.Clip, t: int) -> Hits:
    """The first hits of a frame; ``face`` counts over the whole soup."""
    shown = [np.flatnonzero(soup.shown & (soup.mesh == number)) for number in range(soup.mesh.max() + 1)]
    first = [np.searchsorted(soup.mesh, number) for number in range(len(shown))]
    solid = {n: lambda f, w, n=n, rule=rule: rule(shown[n][f] - first[n], w) for n, rule in soup.solid.items()}
    meshes = [(soup.positions[t], soup.faces[faces]) for faces in shown]
    grid = np.stack(np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5), -1).reshape(-1, 2)
    rays = radial_rays(grid, clip.intrinsics[t], clip.distortion[t]).reshape(HEIGHT, WIDTH, 3)
    turn, shift = clip.world_to_camera[t][:3, :3], clip.world_to_camera[t][:3, 3]
    hits = cast_rays(meshes, -turn.T @ shift, rays @ turn, solid)
    face = np.full_like(hits.face, -1)
    for number, faces in enumerate(shown):
        here = hits.mesh == number
        face[here] = faces[hits.face[here]]
    return Hits(hits.mesh, face, hits.weights, hits.depth)


def _camera(points: np.ndarray, clip: shards.Clip, t: int) -> np.ndarray:
    return points @ clip.world_to_camera[t][:3, :3].T + clip.world_to_camera[t][:3, 3]


def _pixels(points: np.ndarray, clip: shards.Clip, t: int) -> np.ndarray:
    return project_points(_camera(points, clip, t), clip.intrinsics[t], clip.distortion[t])


def agreement(soup: Soup, clip: shards.Clip) -> dict[str, np.ndarray]:
    """Per label, which interior person pixels of all frames agree with the ray casts, (N,) bool."""
    found: dict[str, list] = {}
    for t in range(FRAMES):
        hits = _cast(soup, clip, t)
        person = np.where(hits.face >= 0, soup.person[hits.face], 0)
        inner = np.zeros_like(person, bool)
        for k in range(1, person.max() + 1):
            inner |= binary_erosion(person == k, np.ones((3, 3)))
        at = np.nonzero(inner)
        face, weights = hits.face[at], hits.weights[at]
        corner = soup.faces[face]

        def mix(values: np.ndarray, corner=corner, weights=weights) -> np.ndarray:
            return np.einsum("nk,nkc->nc", weights, values[corner].astype(np.float64))

        mesh = trimesh.Trimesh(soup.positions[t], soup.faces, process=False, validate=False)
        normal = mix(mesh.vertex_normals) @ clip.world_to_camera[t][:3, :3].T * (1, -1, -1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        point = _camera(mix(soup.positions[t]), clip, t)
        flat = np.cross(*(soup.positions[t][corner[:, k]] - soup.positions[t][corner[:, 0]] for k in (1, 2)))
        seen_behind = np.einsum("nc,nc->n", flat @ clip.world_to_camera[t][:3, :3].T, point) > 0
        normal[seen_behind] *= -1
        cosine = np.einsum("nc,nc->n", normal, clip.normals[t][at])
        result = {
            "instances": clip.instances[t][at] == person[at],
            "parts": clip.parts[t][at] == soup.part[face],
            "depth": np.abs(clip.depth[t][at] / hits.depth[at] - 1) < 1e-3,
            "normals": cosine > np.cos(np.radians(2)),
            "surface": np.abs(clip.surface[t][at] - mix(soup.canonical)).max(1) < 0.002,
        }
        if soup.semantic is not None:
            result["semantics"] = clip.semantics[t][at] == soup.semantic[face]
        centres = np.stack([at[1] + 0.5, at[0] + 0.5], -1)
        for name, then in (("flow_forward", t + 1), ("flow_backward", t - 1)):
            if 0 <= then < FRAMES:
                flow = _pixels(mix(soup.positions[then]), clip, then) - centres
                result[name] = np.linalg.norm(getattr(clip, name)[t][at] - flow, axis=1) < 0.1
        for name, good in result.items():
            found.setdefault(name, []).append(good)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _assert_agrees(found: dict[str, np.ndarray]) -> None:
    shares = {name: float(good.mean()) for name, good in found.items()}
    print({name: round(s, 5) for name, s in shares.items()}, len(found["depth"]), "pixels")
    assert len(found["depth"]) > 1500
    assert min(shares.values()) >= ENOUGH, shares


BARE = [("orbit", ("female",), 3, 1), ("follow", ("male",), 10, 1), ("orbit", ("female", "male"), 4, 3)]


@pytest.fixture(scope="module", params=BARE, ids=["orbit", "follow", "crowd"])
def bare(request, tmp_path_factory) -> shards.Clip:
    return _through_a_shard(_config(False, *request.param), tmp_path_factory.mktemp("bare"))


def test_a_bare_body_is_where_its_labels_say(bare):
    soup, _ = _bare(bare)
    _assert_agrees(agreement(soup, bare))


def test_keypoints_are_the_projected_joints_of_smplx(bare):
    _, joints = _bare(bare)
    for t in range(FRAMES):
        for k, true in enumerate(joints):
            np.testing.assert_allclose(bare.joints3d[k, t], _camera(true[t], bare, t), atol=1e-4)
            miss = np.linalg.norm(bare.keypoints2d[k, t] - _pixels(true[t], bare, t), axis=1)
            assert miss.max() < 0.05


def test_the_bare_data_set_validates(bare):
    assert list(validate(Path(bare.shard).parent)) == []


def test_half_of_the_clips_have_a_lens(bare):
    lens = bare.meta["spec"]["camera"]["lens"]
    bends = bare.meta["spec"]["camera"]["move"] == "orbit"
    assert (np.abs(bare.distortion[:, 0]) > 0.005).all() if bends else not bare.distortion.any()
    assert np.allclose(bare.distortion[:, :2], (lens["k1"], lens["k2"])) and (lens["f_stop"] is not None) == bends


def test_the_bare_camera_moved(bare):
    steps = np.linalg.norm(np.diff(np.linalg.inv(bare.world_to_camera)[:, :3, 3], axis=0), axis=1)
    assert steps.min() > 1e-3, "a truth test with a still camera would not see a wrong one"


DRESSED = [("orbit", ("female",), 7, 1), ("pan", ("male",), 6, 1), ("zoom", ("female", "male"), 9, 3)]


@pytest.fixture(scope="module", params=DRESSED, ids=["woman", "man", "crowd"])
def dressed(request, tmp_path_factory) -> tuple[shards.Clip, GenerateConfig]:
    config = _config(True, *request.param)
    return _through_a_shard(config, tmp_path_factory.mktemp("dressed")), config


def test_clothes_and_hair_are_where_their_labels_say(dressed):
    clip, config = dressed
    soup = _dressed(clip, config)
    _assert_agrees(agreement(soup, clip))
    classes = set(np.unique(clip.semantics).tolist())
    assert {Semantic.SKIN, Semantic.HAIR, Semantic.GROUND} <= classes
    assert classes & {Semantic.UPPER_GARMENT, Semantic.DRESS, Semantic.SUIT_ONE_PIECE, Semantic.JACKET}


def test_the_dressed_data_set_validates(dressed):
    assert list(validate(Path(dressed[0].shard).parent)) == []


def test_a_dressed_body_stands_behind_its_clothes(dressed):
    """The body that smplx recomputes is seldom in front of what its person wears, and never beside it or a prop.

    In a crowd, what others wear may be in front of it too.
    """
    clip, _ = dressed
    soup, _ = _bare(clip)
    for t in range(FRAMES):
        hits = _cast(soup, clip, t)
        body = binary_erosion(hits.face >= 0, np.ones((3, 3)))
        prop = body & (clip.semantics[t] == Semantic.PROP)
        here = body & ~prop
        alone = len(clip.smplx) == 1
        assert (clip.instances[t] == soup.person[hits.face])[here].mean() > (ENOUGH if alone else 0.95)
        assert (clip.depth[t][prop] < hits.depth[prop]).all()
        # Cloth may sink into skin that it hides, in the folds of a pose.
        assert np.mean(clip.depth[t][body] - hits.depth[body] < 0.03) > 0.98


def test_in_a_crowd_labels_tell_who_hides_whom(bare):
    """A joint is hidden by somebody else where a ray to it meets another body well before it, and only there."""
    if len(bare.smplx) == 1:
        pytest.skip("nobody else is there")
    soup, joints = _bare(bare)
    hidden = clear = 0
    for t in range(FRAMES):
        turn, shift = bare.world_to_camera[t][:3, :3], bare.world_to_camera[t][:3, 3]
        eye = -turn.T @ shift
        for k, own in enumerate(joints[:, t, :NUM_TREE_JOINTS].astype(float)):
            flags = bare.visibility[k, t, :NUM_TREE_JOINTS]
            inside = (flags & Visibility.IN_FRAME) > 0
            others = trimesh.Trimesh(soup.positions[t], soup.faces[soup.person != k + 1], process=False, validate=False)
            shades = []
            # a label speaks of a pixel: only joints around which all agrees can be judged
            for aside in ((0, 0), (0.05, 0), (-0.05, 0), (0, 0.05), (0, -0.05)):
                towards = own + np.array([*aside, 0]) @ turn - eye
                place, ray, _ = others.ray.intersects_location(
                    np.tile(eye, (len(own), 1)), towards, multiple_hits=False
                )
                shade = np.zeros(len(own), bool)
                shade[ray] = np.linalg.norm(place - eye, axis=1) < np.linalg.norm(towards[ray], axis=1) - 0.15
                shades.append(shade)
            said = (flags & Visibility.OTHER_OCCLUDED) > 0
            sure, none = np.all(shades, 0) & inside, ~np.any(shades, 0) & inside
            assert said[sure].mean() > 0.98 if sure.any() else True
            hidden, clear = hidden + said[sure].sum(), clear + (none & ~said).sum()
            assert (said & none).sum() <= 0.02 * len(own) + 1
    assert hidden > 20 and clear > 100
