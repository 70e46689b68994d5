"""Props in rendered clips: label passes and colour show the meshes that the labels speak of."""

import numpy as np
import pytest
import trimesh

from synth.blender.config import RenderConfig
from synth.blender.render import render_clip
from synth.bodies.catalogue import bpy_hdris
from synth.conventions import Semantic
from synth.labels import compute_labels
from synth.props import place_props
from synth.qa import QaConfig, check_clip
from synth.spec.props.model import PropSpec
from tests.props.worlds import HEIGHT, LIBRARY, WIDTH, still_camera
from tests.raycast import cast
from tests.scenes import ARMS_DOWN, cast_passes, people, posed, spec_of

_POSES = [ARMS_DOWN | {"right_elbow": (0, 1.4 + 0.1 * s, 0), "left_hip": (-0.1 * s, 0, 0)} for s in range(4)]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A person with a bottle behind a crate, and one without any: geometry, passes and labels of both."""
    out = []
    for specs in (
        (PropSpec(name="crate", role="front", hides=(0.05, 0.4), seed=1),
         PropSpec(name="basketball", role="held", hand="right", seed=2),
         PropSpec(name="design_chair", role="beside", seed=3)),
        (),
    ):  # fmt: skip
        geometry = people(posed(_POSES), cameras=still_camera(4))
        bodies = [m for m in geometry.meshes if m.person]
        meshes, facts = place_props(specs, LIBRARY.props, bodies, geometry.joints, geometry.cameras, (WIDTH, HEIGHT))
        assert len(facts) == len(specs)
        geometry = type(geometry)(**{**vars(geometry), "meshes": (*geometry.meshes, *meshes), "props": tuple(facts)})
        log = tmp_path_factory.mktemp("log") / "blender.log"
        config = RenderConfig(samples=2, denoise=False, motion_blur=False, threads=1)
        passes = render_clip(geometry, spec_of(geometry, WIDTH, HEIGHT), config, bpy_hdris()["courtyard"], log)
        out.append((geometry, passes, compute_labels(geometry, passes)))
    return out


def test_every_pixel_of_a_prop_is_the_prop_that_a_ray_meets(rendered):
    geometry, passes, labels = rendered[0]
    casts = cast_passes(geometry, WIDTH, HEIGHT)
    truth = compute_labels(geometry, casts)
    prop = truth["semantics"] == Semantic.PROP
    assert prop.mean() > 0.02
    assert (labels["semantics"][prop] == Semantic.PROP).mean() > 0.985  # edges are anybody's
    both = prop & (labels["semantics"] == Semantic.PROP)
    np.testing.assert_allclose(labels["depth"][both], passes.depth[both], rtol=1e-4)
    near = np.abs(labels["depth"] - truth["depth"])[both] < 1e-3
    assert near.mean() > 0.985


def test_normals_of_props_are_those_of_their_faces(rendered):
    """Faces that meet in a crease keep their own normals; smooth ones may bend by the crease's angle."""
    geometry, passes, labels = rendered[0]
    first = np.cumsum([0] + [len(m.faces) for m in geometry.meshes])
    for number, mesh in enumerate(geometry.meshes):
        if not mesh.name.startswith("prop"):
            continue
        for t in range(geometry.frames):
            here = (passes.face[t] >= first[number]) & (passes.face[t] < first[number + 1])
            if not here.any():
                continue
            vertices = mesh.positions[min(t + 1, len(mesh.positions) - 1)]
            flat = trimesh.Trimesh(vertices, mesh.faces, process=False).face_normals[
                passes.face[t][here] - first[number]
            ]
            world = geometry.cameras.world_to_camera[t + 1][:3, :3]
            flat = flat @ world.T * (1, -1, -1)
            cosine = np.abs((labels["normals"][t][here] * flat).sum(1))
            assert np.quantile(cosine, 0.02) > np.cos(np.radians(32)), mesh.name
            assert np.allclose(np.linalg.norm(labels["normals"][t][here], axis=1), 1, atol=1e-4)


def test_held_things_flow_with_the_hand(rendered):
    geometry, passes, labels = rendered[0]
    (ball,) = [m for m in geometry.meshes if m.name.endswith("basketball")]
    first = sum(len(m.faces) for m in geometry.meshes[: geometry.meshes.index(ball)])
    here = (passes.face[0] >= first) & (passes.face[0] < first + len(ball.faces))
    assert here.sum() > 10
    camera = (WIDTH, HEIGHT, geometry.cameras.intrinsics[1], geometry.cameras.world_to_camera[1])
    hits = cast([(ball.positions[1], ball.faces)], *camera)
    rows, columns = np.nonzero(here & (hits.face >= 0))
    corners = ball.faces[hits.face[rows, columns]]
    moved = np.einsum("nk,nkc->nc", hits.weights[rows, columns], ball.positions[2][corners])
    pose, k = geometry.cameras.world_to_camera[2], geometry.cameras.intrinsics[2]
    image = (moved @ pose[:3, :3].T + pose[:3, 3]) @ k.T
    expected = image[:, :2] / image[:, 2:] - np.stack([columns + 0.5, rows + 0.5], 1)
    error = np.linalg.norm(labels["flow_forward"][0][rows, columns] - expected, axis=1)
    assert np.median(np.linalg.norm(expected, axis=1)) > 0.1
    assert np.quantile(error, 0.95) < 0.02


def test_colour_shows_the_props_and_the_matte_gives_way(rendered):
    (_, with_props, labels), (_, without, _) = rendered
    prop = labels["semantics"] == Semantic.PROP
    changed = np.abs(with_props.rgb.astype(int) - without.rgb).max(-1) > 8
    assert changed[prop].mean() > 0.8
    hidden = prop & (without.matte > 0.9)
    assert hidden.sum() > 50
    assert with_props.matte[hidden].mean() < 0.2


def test_checks_pass_with_props(rendered):
    from synth.make import body_tracks

    geometry, passes, labels = rendered[0]
    fields = {"fps": 24.0, "rgb": passes.rgb, "matte": passes.matte, **labels, "smplx": list(geometry.smplx)}
    verdict = check_clip(fields, body_tracks(geometry, spec_of(geometry, WIDTH, HEIGHT)), QaConfig())
    assert verdict.passed, verdict.reasons
