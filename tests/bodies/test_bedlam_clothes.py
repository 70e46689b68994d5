"""BEDLAM's simulated clothes and overlays in their published layout, on files made here: they are worn in clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.spatial.transform import Rotation

from synth.blender.alembic import read_cloth
from synth.blender.render import render_clip
from synth.bodies.catalogue import bpy_hdris, load_library
from synth.bodies.config import BodiesConfig
from synth.bodies.model import POSE_FIELDS, load_body
from synth.bodies.motion import pose_fields
from synth.bodies.motion_io import read_motion
from synth.cli.own_data import own_data
from synth.config import GenerateConfig
from synth.conventions import Semantic, ThfmError
from synth.labels import compute_labels
from synth.make import clip_geometry, clip_spec
from tests.bodies.official import write_official

SUBJECT, MOTION, FRAMES, OFF = "rp_aaron_posed_002", "1000", 24, 0.02
BETAS = np.array([0.8, -1.2, 0.5, 0, 0.3, 0, 0, 0, 0, -0.4], np.float32)
UP = Rotation.from_euler("x", 90, degrees=True)


def _write_motion(file: Path) -> dict[str, np.ndarray]:
    """``gendered_ground_truth/SUBJECT/moving_body_para/MOTION/motion_seq.npz``: y up, 30 frames a second."""
    time = np.arange(FRAMES) / 30
    poses = np.zeros((FRAMES, 165))
    poses[:, 1] = 0.4  # facing aside
    poses[:, 3] = -0.5 * np.sin(3 * time)  # left hip
    poses[:, 3 * 16 + 2], poses[:, 3 * 17 + 2] = -1.1 + 0.3 * time, 1.1 - 0.3 * time  # arms
    trans = np.stack([0.3 * time, 1.2 + 0 * time, 2.0 + 0.5 * time], 1)
    arrays = {
        "motion_info": np.array(["walk", "0"]), "betas": BETAS, "poses": poses, "global_ori": poses[:, :3],
        "trans": trans, "mocap_frame_rate": np.array(30), "gender": np.array("male"),
    }  # fmt: skip
    file.parent.mkdir(parents=True)
    np.savez(file, **arrays)
    return arrays


def _write_cloth(file: Path, places: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> None:
    """An Alembic file of 100 frames of warm-up at the first place, then (T, V, 3) places, z up here and y up there."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 30
    mesh = bpy.data.meshes.new("outfit")
    mesh.from_pydata(places[0].tolist(), [], faces.tolist())
    layer = mesh.uv_layers.new(name="uv")
    layer.data.foreach_set("uv", uv[faces].astype(np.float32).ravel())
    thing = bpy.data.objects.new("outfit", mesh)
    scene.collection.objects.link(thing)
    thing.shape_key_add(name="Basis")
    for k in range(1, len(places)):
        key = thing.shape_key_add(name=str(k))
        key.data.foreach_set("co", places[k].astype(np.float32).ravel())
        for frame, value in ((100 + k, 0.0), (101 + k, 1.0), (102 + k, 0.0)):
            key.value = value
            key.keyframe_insert("value", frame=frame)
    file.parent.mkdir(parents=True)
    bpy.ops.wm.alembic_export(filepath=str(file), start=1, end=100 + len(places), flatten=True, as_background_job=False)
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture(scope="module")
def bedlam(tmp_path_factory) -> dict:
    """Folders as they come from the site, small: models, motions, clothing_abc, skins, overlays; and the truth."""
    root = tmp_path_factory.mktemp("bedlam")
    for gender in ("neutral", "female", "male"):
        write_official(root / "models", gender)
    motion = _write_motion(root / "gendered_ground_truth" / SUBJECT / "moving_body_para" / MOTION / "motion_seq.npz")
    model = load_body(root / "models", "male")
    posed = model.pose(
        {k: v for k, v in pose_fields(motion["poses"]).items() if k in POSE_FIELDS}
        | {"betas": BETAS, "transl": motion["trans"], "expression": np.zeros(10)}
    )
    torso = np.isin(model.part, [3, 4, 5, 12, 13])[:, None].repeat(3, 1)
    used, faces = np.unique(model.faces[torso.all(1)], return_inverse=True)
    faces = faces.reshape(-1, 3)
    world = UP.apply(posed.vertices[:, used].reshape(-1, 3)).reshape(FRAMES, -1, 3)
    corners = world[:, faces]
    normals = np.zeros_like(world)
    side = np.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0])
    for t in range(FRAMES):
        np.add.at(normals[t], faces.ravel(), side[t].repeat(3, 0))
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-12)
    home = root / "clothing_abc" / SUBJECT
    _write_cloth(
        home / "clothing_simulations" / MOTION / f"{MOTION}.abc", world + OFF * normals, faces, np.zeros((len(used), 2))
    )
    lonely = home / "clothing_simulations" / "1001" / "1001.abc"
    lonely.parent.mkdir()
    lonely.write_bytes((home / "clothing_simulations" / MOTION / f"{MOTION}.abc").read_bytes())
    for name in ("texture_01", "texture_02"):
        (home / "clothing_textures" / name).mkdir(parents=True)
        for role, colour in (("diffuse", (20, 200, 30)), ("normal", (128, 128, 255))):
            Image.new("RGB", (8, 8), colour).save(home / "clothing_textures" / name / f"{name}_{role}_1001.png")
    for group, name in (("female", "skin_f_asian_01_ALB"), ("male", "skin_m_white_07_ALB")):
        (root / "skins" / group / "skin").mkdir(parents=True)
        Image.new("RGB", (8, 8), (120, 90, 70)).save(root / "skins" / group / "skin" / f"{name}.png")
    overlay = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    ImageDraw.Draw(overlay).rectangle((0, 12, 63, 58), fill=(20, 30, 220, 255))
    (root / "overlays").mkdir()
    for name in (f"{SUBJECT}_texture_01", "rp_alexandra_posed_002_texture_03"):
        overlay.save(root / "overlays" / f"{name}.png")
    (root / "overlays" / "gender.csv").write_text(f"Name,Gender\n{SUBJECT},m\nrp_alexandra_posed_002,f\n")
    return {"root": root, "used": used, "faces": faces, "world": world + OFF * normals}


def _config(bedlam: dict, **spec) -> GenerateConfig:
    root = bedlam["root"]
    folders = {
        "model_folder": root / "models", "motion_folders": [root / "gendered_ground_truth"], "synthesised": False,
        "garment_folders": [root / "clothing_abc"], "skin_folders": [root / "skins"],
        "overlay_folders": [root / "overlays"],
    }  # fmt: skip
    people = {"count": 1, "hair": False, **spec}
    return GenerateConfig.model_validate({
        "clips": 4, "bodies": folders, "render": {"samples": 2, "threads": 1},
        "spec": {"people": people, "video": {"frames": 4, "fps": 24, "width": 64, "height": 64},
                 "scene": {"kinds": ["studio"]}, "props": {"count": [0, 0]},
                 "camera": {"framings": ["full_body"], "moves": ["static"]}, "light": {"times": ["day"]}},
    })  # fmt: skip


def test_an_alembic_file_is_read_as_it_was_simulated(bedlam, tmp_path):
    file = bedlam["root"] / "clothing_abc" / SUBJECT / "clothing_simulations" / MOTION / f"{MOTION}.abc"
    cloth = read_cloth(file, np.array([0, 100, 104, 104.5]), 30.0, 1, tmp_path / "log")
    world = bedlam["world"]
    for found, wanted in zip(cloth.positions, (world[0], world[0], world[4], (world[4] + world[5]) / 2), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    np.testing.assert_array_equal(cloth.faces, bedlam["faces"])
    with pytest.raises(ThfmError, match=r"1000.abc cannot be read \(it has 124 frames, frame 130 is wanted\)"):
        read_cloth(file, np.array([130.0]), 30.0, 1, tmp_path / "log")
    broken = tmp_path / "broken.abc"
    broken.write_bytes(b"no alembic")
    with pytest.raises(ThfmError, match="broken.abc"):
        read_cloth(broken, np.array([0.0]), 30.0, 1, tmp_path / "log")


def test_who_makes_the_motion_wears_its_garment_on_its_body(bedlam, tmp_path):
    config = _config(bedlam)
    spec = clip_spec(config, 0)
    person = spec.people[0]
    assert person.simulated.name == f"{SUBJECT}_{MOTION}" and person.gender == "male" and person.overlay is None
    np.testing.assert_allclose(person.betas, BETAS, atol=1e-6)
    geometry = clip_geometry(spec, config, tmp_path / "log")
    body, cloth = (next(m for m in geometry.meshes if m.name.startswith(n)) for n in ("body", "simulated"))
    gap = np.linalg.norm(cloth.positions - body.positions[:, bedlam["used"]], axis=2)
    np.testing.assert_allclose(gap, OFF, atol=3e-3)  # in every sample it sits where it was simulated
    assert abs(body.positions[:, np.unique(body.faces), 2].min()) < 1e-4  # and both stand on the floor
    assert body.positions[0, :, 2].max() > 1.3  # upright: the file's world was y up
    np.testing.assert_allclose(geometry.smplx[0]["betas"], BETAS, atol=1e-6)
    assert cloth.materials[0].diffuse.name == f"{person.simulated.texture}.png" and cloth.materials[0].normal.is_file()
    passes = render_clip(geometry, spec, config.render, bpy_hdris()["studio"], tmp_path / "log")
    labels = compute_labels(geometry, passes)
    worn = np.isin(labels["semantics"], (Semantic.UPPER_GARMENT, Semantic.LOWER_GARMENT))
    assert {int(Semantic.UPPER_GARMENT), int(Semantic.LOWER_GARMENT)} <= set(np.unique(labels["semantics"][worn]))
    assert worn.sum() > 200 and (np.median(passes.rgb[worn], axis=0).argmax()) == 1  # green, as its texture


def test_overlays_are_painted_on_the_skin_of_their_sex(bedlam, tmp_path):
    config = _config(bedlam, simulated=0.0, overlay=1.0, genders=["female"])
    spec = clip_spec(config, 1)
    assert spec.people[0].overlay == "rp_alexandra_posed_002_texture_03" and spec.people[0].simulated is None
    library = load_library(config.bodies)
    kinds = {i.name: i.kind for i in library.catalogue.items}
    assert not any(kinds[c.name] == "garments" for c in spec.people[0].clothes)
    geometry = clip_geometry(spec, config, tmp_path / "log")
    passes = render_clip(geometry, spec, config.render, bpy_hdris()["studio"], tmp_path / "log")
    semantics = compute_labels(geometry, passes)["semantics"]
    worn = np.isin(semantics, (Semantic.UPPER_GARMENT, Semantic.LOWER_GARMENT))
    assert worn.sum() > 200 and np.median(passes.rgb[worn], axis=0).argmax() == 2
    assert (semantics == Semantic.SKIN).sum() > 20 and np.median(
        passes.rgb[semantics == Semantic.SKIN], 0
    ).argmax() == 0


def test_bedlam_motions_are_turned_upright_for_anybody(bedlam):
    file = bedlam["root"] / "gendered_ground_truth" / SUBJECT / "moving_body_para" / MOTION / "motion_seq.npz"
    motion = read_motion(file)
    up = Rotation.from_rotvec(motion.global_orient).apply([0.0, 1.0, 0.0])
    assert (up[:, 2] > 0.9).all() and np.ptp(motion.transl[:, 2]) < 0.05


def test_assets_tell_of_clothes_and_of_what_they_lack(bedlam):
    config = _config(bedlam).bodies
    told = {kind.key: kind for kind in own_data(config, load_library(config))}
    assert told["bodies.garment_folders"].found == "1 garment"
    assert told["bodies.garment_folders"].missing == "motions for 1 garment"
    assert told["bodies.overlay_folders"].found == "2 overlays"
    none = {kind.key: kind for kind in own_data(BodiesConfig(), load_library(BodiesConfig()))}
    assert none["bodies.garment_folders"].found == none["bodies.overlay_folders"].found == ""


def test_folders_that_lack_something_are_told_with_the_remedy(bedlam, tmp_path):
    root = bedlam["root"]
    (tmp_path / "none").mkdir()
    whole = {"model_folder": root / "models", "motion_folders": (root / "gendered_ground_truth",)}
    for folders, remedy in (
        ({"garment_folders": (root / "clothing_abc",)}, "bodies.model_folder"),
        ({"overlay_folders": (root / "overlays",)}, "bodies.skin_folders"),
        (whole | {"garment_folders": (tmp_path / "none",)}, "1000.abc"),
        (whole | {"skin_folders": (root / "skins",), "overlay_folders": (tmp_path / "none",)}, "texture_01.png"),
    ):
        with pytest.raises(ThfmError, match=remedy):
            load_library(BodiesConfig(**folders))
