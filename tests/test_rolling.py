"""A rolling shutter: every row shows people, scene and camera at the moment of that row, and so do all labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from scipy.ndimage import binary_erosion
from scipy.stats import theilslopes

from synth import shards
from synth.blender.render import render_clip
from synth.bodies.clip import build_clip
from synth.config import GenerateConfig
from synth.conventions import Semantic, ThfmError
from synth.make import body_tracks, library_of, make_clip
from synth.preview.overlay import Bodies, MeshRenderer
from synth.qa import check_clip
from synth.rolling import Shutter
from synth.spec.model import ClipSpec
from synth.validate import validate
from tests.moments import Moment
from tests.opencv import project_points, radial_rays

WIDTH, HEIGHT, FRAMES, READOUT = 96, 72, 3, 0.8


def _config(lens: float, **render) -> GenerateConfig:
    return GenerateConfig.model_validate({
        "seed": 5,
        "clips": 1,
        "spec": {
            "video": {"frames": FRAMES, "fps": 12, "width": WIDTH, "height": HEIGHT},
            "people": {"count": 1, "hair": 0.0},
            "camera": {"moves": ["truck"], "framings": ["full_body"], "fill": [0.7, 0.8], "focal_mm": [30, 40],
                       "sweep_per_second": [1.0, 1.2], "shake": 1.0, "shake_degrees": [1.5, 2.0],
                       "distorted": lens, "distortion": [-0.1, -0.08], "depth_of_field": 0.0,
                       "rolling_shutter": 1.0, "readout": [READOUT, READOUT]},
            "props": {"count": [0, 0]},
            "scene": {"kinds": ["studio"]},
        },
        "render": {"samples": 12, "denoise": False, "threads": 2, **render},
    })  # fmt: skip


@pytest.fixture(scope="module", params=[0.0, 1.0], ids=["pinhole", "lens"])
def rolling(request, tmp_path_factory):
    config = _config(request.param)
    made, _ = make_clip(config, 0, tmp_path_factory.mktemp("rolling"))
    spec = ClipSpec.model_validate(made.fields["meta"]["spec"])
    return made.fields, build_clip(spec, config.bodies, library_of(config.bodies)), spec


def _time(row: float) -> float:
    """When image height ``row`` is read, in frames: Cycles reads the last row as the frame's last moment comes."""
    return ((row + 0.5) / HEIGHT - 0.5) * READOUT


def test_each_row_is_labelled_as_it_was_when_it_was_read(rolling):
    fields, geometry, spec = rolling
    person = np.concatenate([np.full(len(m.faces), m.person) for m in geometry.meshes])
    part = np.concatenate([m.part for m in geometry.meshes])
    faces, start = [], 0
    for mesh in geometry.meshes:
        faces.append(mesh.faces + start)
        start += mesh.positions.shape[1]
    faces = np.concatenate(faces)
    canonical = np.concatenate([m.canonical for m in geometry.meshes])
    good = {name: [] for name in ("instances", "parts", "depth", "surface", "normals", "still")}
    for t in range(FRAMES):
        k, lens = fields["intrinsics"][t], fields["distortion"][t]
        inner = binary_erosion(fields["instances"][t] == 1, np.ones((3, 3)))
        for row in range(2, HEIGHT, 5):
            columns = np.flatnonzero(inner[row])
            if not len(columns):
                continue
            rays = radial_rays(np.stack([columns + 0.5, np.full(len(columns), row + 0.5)], 1), k, lens)
            moment = Moment(geometry, t + 1 + _time(row + 0.5))
            hits = moment.cast(rays)
            face = hits.face
            good["instances"].append(person[face] == 1)
            good["parts"].append(part[face] == fields["parts"][t, row, columns])
            good["depth"].append(np.abs(hits.depth / fields["depth"][t, row, columns] - 1) < 1e-3)
            surface = np.einsum("nk,nkc->nc", hits.weights, canonical[faces[face]])
            good["surface"].append(np.abs(surface - fields["surface"][t, row, columns]).max(1) < 0.002)
            world = np.concatenate([moment.between(m.positions) for m in geometry.meshes])
            smooth = trimesh.Trimesh(world, faces, process=False, validate=False).vertex_normals
            normal = np.einsum("nk,nkc->nc", hits.weights, smooth[faces[face]]) @ moment.turn.T * (1, -1, -1)
            cosine = np.einsum("nc,nc->n", normal, fields["normals"][t, row, columns])
            good["normals"].append(np.abs(cosine) / np.linalg.norm(normal, axis=1) > np.cos(np.radians(2)))
            still = Moment(geometry, t + 1.0).cast(rays)
            good["still"].append(np.abs(still.depth / fields["depth"][t, row, columns] - 1) < 1e-3)
    shares = {name: float(np.concatenate(values).mean()) for name, values in good.items()}
    print(shares)
    still = shares.pop("still")
    assert min(shares.values()) > 0.99, shares
    assert still < 0.6, "a clip that hardly moves would not see a wrong shutter"


def test_a_joint_is_where_its_row_sees_it(rolling):
    fields, geometry, _ = rolling
    for t in range(FRAMES):
        k, lens = fields["intrinsics"][t], fields["distortion"][t]
        for j in range(0, 55, 6):
            point, pixel = fields["joints3d"][0, t, j], fields["keypoints2d"][0, t, j]
            moment = Moment(geometry, t + 1 + _time(np.clip(pixel[1], 0, HEIGHT)))
            true = moment.camera(moment.between(geometry.joints[0])[j])
            np.testing.assert_allclose(point, true, atol=2e-4)
            np.testing.assert_allclose(pixel, project_points(true[None], k, lens)[0], atol=0.02)


def test_flow_leads_to_where_the_next_frame_shows_the_point(rolling):
    """A pixel's point, found by a ray cast, carried along: it is read when its new row is."""
    fields, geometry, _ = rolling
    missed = []
    for t, then, name in ((0, 1, "flow_forward"), (1, 2, "flow_forward"), (1, 0, "flow_backward")):
        k, lens = fields["intrinsics"][t], fields["distortion"][t]
        inner = binary_erosion(fields["instances"][t] == 1, np.ones((5, 5)))
        for row in range(4, HEIGHT, 5):
            columns = np.flatnonzero(inner[row])[::2]
            if not len(columns):
                continue
            here = np.stack([columns + 0.5, np.full(len(columns), row + 0.5)], 1)
            hits = Moment(geometry, t + 1 + _time(row + 0.5)).cast(radial_rays(here, k, lens))
            first = np.cumsum([0] + [len(m.faces) for m in geometry.meshes])
            for n in range(len(columns)):
                mesh = geometry.meshes[hits.mesh[n]]
                corners = mesh.faces[hits.face[n] - first[hits.mesh[n]]]
                there = here[n] + fields[name][t, row, columns[n]]
                moment = Moment(geometry, then + 1 + _time(np.clip(there[1], 0, HEIGHT)))
                point = hits.weights[n] @ moment.between(mesh.positions[:, corners])
                true = project_points(moment.camera(point)[None], fields["intrinsics"][then], lens)[0]
                missed.append(np.linalg.norm(true - there))
    assert len(missed) > 30
    assert np.mean(np.array(missed) < 0.05) > 0.98, np.sort(missed)[-10:]


def test_the_picture_rolls_as_its_labels_do(rolling):
    """Row by row, the matte of the blurred colour render has its middle where the labels show the person."""
    fields, _, _ = rolling
    apart, at = [], []
    columns = np.arange(WIDTH) + 0.5
    for matte, mask in zip(fields["matte"], fields["instances"] == 1, strict=True):
        for row in np.flatnonzero(mask.sum(1) > 3):
            apart.append((matte[row] @ columns) / matte[row].sum() - columns[mask[row]].mean())
            at.append(row / HEIGHT)
    drift = theilslopes(apart, at).slope
    moved = np.abs(fields["flow_forward"][0, ..., 0][fields["instances"][0] == 1]).mean()
    assert np.median(np.abs(apart)) < 0.4 and abs(drift) < 1.0
    assert moved * READOUT > 3, "a clip that hardly moves would not drift"


def test_the_checks_see_a_wrong_shutter(rolling):
    fields, geometry, spec = rolling
    bodies = body_tracks(geometry, spec)
    limits = _config(0.0).qa
    assert check_clip(fields, bodies, limits).passed
    for wrong in (np.zeros_like(fields["readout"]), -fields["readout"]):
        reasons = check_clip({**fields, "readout": wrong}, bodies, limits).reasons
        assert any(r.startswith(("skin_", "static_flow", "body_")) for r in reasons), reasons


def test_the_stored_clip_validates_and_its_bodies_are_drawn_where_it_shows_them(rolling, tmp_path):
    fields, _, _ = rolling
    stored = {name: fields[name] for name in shards.FIELDS}
    shards.stage_clip(tmp_path, fields["key"], shards.encode_clip(fields["key"], fields["fps"], stored, fields["meta"]))
    shards.assemble_shard(tmp_path, "shard-000000", [fields["key"]])
    shards.build_manifest(tmp_path, _config(0.0).model_dump(mode="json"))
    assert list(validate(tmp_path)) == []
    (clip,) = shards.read_clips(tmp_path)
    with MeshRenderer() as renderer:
        drawn = Bodies(clip).depth(renderer, 1, (WIDTH, HEIGHT)) > 0
    skin = np.isin(clip.semantics[1], (Semantic.SKIN,))
    assert drawn[skin].mean() > 0.97


def test_a_camera_that_zooms_cannot_roll(rolling, tmp_path):
    _, geometry, spec = rolling
    k = geometry.cameras.intrinsics.copy()
    k[-1, 0, 0] += 1
    zoomed = replace(geometry, cameras=replace(geometry.cameras, intrinsics=k))
    config = _config(0.0)
    with pytest.raises(ThfmError, match="zoom"):
        render_clip(zoomed, spec, config.render, library_of(config.bodies).hdri(spec.light.hdri), tmp_path / "log")


def test_a_global_shutter_sees_all_at_once():
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[:, 0, 3] = (-1.0, 0.0, 2.0)
    points = np.random.default_rng(0).normal(size=(9, 3))
    at_once, rolls = Shutter(poses, np.zeros(2), 100), Shutter(poses, np.array([-0.5, 0.5]), 100)
    np.testing.assert_array_equal(at_once.to_camera(lambda step: points + step, at_once.times(np.arange(9.0))), points)
    times = rolls.times(np.array([-5.0, 0, 25, 50, 75, 100, 200, np.nan, 10]))
    np.testing.assert_allclose(times, [-0.5, -0.5, -0.25, 0, 0.25, 0.5, 0.5, 0, -0.4])
    shift = np.where(times > 0, 2 * times, times)
    seen = rolls.to_camera(lambda step: points + (0, step, 0), times)
    np.testing.assert_allclose(seen, points + np.stack([shift, times, 0 * times], 1))
    np.testing.assert_allclose(rolls.to_world(points, times), points - np.stack([shift, 0 * times, 0 * times], 1))
