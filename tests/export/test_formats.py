"""Every format, read back by its own reader or reference package and held against the clip."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import OpenEXR
import pyarrow.parquet as parquet
import pytest
import smplx
import torch
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.io import savemat

from synth.bodies.config import assets_folder
from synth.conventions import (
    CANONICAL_CENTRE,
    CANONICAL_EXTENT,
    COCO17,
    COCO_WHOLEBODY133,
    JOINT_NAMES,
    PART_NAMES,
    SEMANTIC_NAMES,
    ThfmError,
)
from synth.export import FORMATS, Options, export
from synth.preview.palette import PART_TABLE
from synth.shards import Clip, build_manifest, encode_clip, write_shard
from synth.vocabularies import DENSEPOSE, GOLIATH28
from tests.conftest import run_synth
from tests.test_densepose import _stand_in, _uv


def picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_folders_hold_every_value(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    assert export(data_set, "folders", tmp_path, limit=1).clips == 1
    root = tmp_path / "plain"
    for name in ("rgb", "instances", "parts", "semantics"):
        for t in range(plain.num_frames):
            assert np.array_equal(picture(root / name / f"{t:06d}.png"), getattr(plain, name)[t])
    for name, channels in (("depth", "Z"), ("normals", "XYZ"), ("surface", "XYZ"), ("flow_forward", "XY")):
        with OpenEXR.File(str(root / name / "000001.exr"), separate_channels=True) as file:
            read = np.stack([file.channels()[c].pixels for c in channels], -1)
        np.testing.assert_array_equal(read.reshape(getattr(plain, name)[1].shape), getattr(plain, name)[1])
    np.testing.assert_array_equal(np.load(root / "arrays.npz")["keypoints2d"], plain.keypoints2d)
    np.testing.assert_array_equal(np.load(root / "people.npz")["2.betas"], plain.smplx[1]["betas"])
    assert json.loads((root / "meta.json").read_text())["fps"] == 12.5


def test_coco_wholebody_is_read_and_scored_by_pycocotools(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    assert export(data_set, "coco-wholebody", tmp_path).clips == 2
    coco = COCO(str(tmp_path / "annotations.json"))
    assert len(coco.getImgIds()) == 2 * plain.num_frames and len(coco.getAnnIds()) == 4 * plain.num_frames
    image = next(i for i in coco.loadImgs(coco.getImgIds()) if i["clip"] == "plain" and i["frame"] == 1)
    assert picture(tmp_path / "images" / image["file_name"]).shape == (80, 96, 3)
    for about in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
        k = about["person"] - 1
        mask = plain.instances[1] == k + 1
        assert np.array_equal(coco.annToMask(about).astype(bool), mask) and about["area"] == mask.sum()
        groups = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
        points = np.concatenate([np.reshape(about[g], (-1, 3)) for g in groups])
        assert len(points) == 133
        for i, name in enumerate(COCO_WHOLEBODY133):
            joint = JOINT_NAMES.index(name)
            flags = plain.visibility[k, 1, joint]
            assert points[i, 2] == (0 if not flags & 1 else 1 if flags & 6 else 2)
            if flags & 1:
                assert np.abs(points[i, :2] - plain.keypoints2d[k, 1, joint]).max() <= 0.0051
        x, y, w, h = about["bbox"]
        rows, columns = np.nonzero(mask)
        assert (x, y, x + w, y + h) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    for shift, kind in ((0, "perfect"), (30, "wrong")):
        found = [
            {"image_id": a["image_id"], "category_id": 1, "score": 1.0,
             "keypoints": [v + shift if i % 3 < 2 else v for i, v in enumerate(a["keypoints"])]}
            for a in coco.loadAnns(coco.getAnnIds())
        ]  # fmt: skip
        score = COCOeval(coco, coco.loadRes(found), "keypoints")
        score.params.areaRng = [[0, 1e10]] * len(score.params.areaRng)  # small people count too
        score.evaluate()
        score.accumulate()
        score.summarize()
        assert score.stats[0] == pytest.approx(1.0) if kind == "perfect" else score.stats[0] < 0.5
    assert coco.loadCats(1)[0]["keypoints"] == list(COCO17)


_GROUPS = {"keypoints": 17, "foot_kpts": 6, "face_kpts": 68, "lefthand_kpts": 21, "righthand_kpts": 21}


def _scored(coco: COCO, found: list[dict], kind: str, sigmas: np.ndarray | None = None) -> float:
    score = COCOeval(coco, coco.loadRes(found), kind)
    if sigmas is not None:
        score.params.kpt_oks_sigmas = sigmas
    score.evaluate()
    score.accumulate()
    score.summarize() if sigmas is None else None
    precision = score.eval["precision"][:, :, :, 0, -1]  # of all areas
    return float(precision[precision > -1].mean())


def test_all_133_keypoints_and_masks_are_scored_by_pycocotools(data_set: Path, tmp_path: Path) -> None:
    """The groups in one row, as COCO-WholeBody's evaluation puts them; truth against itself, and one joint off."""
    export(data_set, "coco-wholebody", tmp_path)
    whole = json.loads((tmp_path / "annotations.json").read_text())
    for about in whole["annotations"]:
        assert {g: len(about[g]) // 3 for g in _GROUPS} == _GROUPS
        about["keypoints"] = [v for group in _GROUPS for v in about[group]]
        about["num_keypoints"] = int((np.array(about["keypoints"][2::3]) > 0).sum())
    (tmp_path / "whole.json").write_text(json.dumps(whole))
    coco = COCO(str(tmp_path / "whole.json"))
    sigmas, found = np.full(133, 0.05), []
    for about in whole["annotations"]:
        found.append({k: about[k] for k in ("image_id", "category_id", "keypoints")} | {"score": 1.0})
    assert _scored(coco, found, "keypoints", sigmas) == pytest.approx(1.0)
    for one in found:  # both hands elsewhere: 42 of 133
        one["keypoints"] = [v + 40 if i >= 91 * 3 and i % 3 < 2 else v for i, v in enumerate(one["keypoints"])]
    assert _scored(coco, found, "keypoints", sigmas) < 0.9
    masks = [
        {"image_id": a["image_id"], "category_id": 1, "score": 1.0, "segmentation": coco.annToRLE(a)}
        for a in whole["annotations"]
    ]
    assert _scored(coco, masks, "segm") == pytest.approx(1.0)


def test_bedlam_poses_smplx_to_the_keypoints(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    report = export(data_set, "bedlam", tmp_path)
    assert report.clips == 1 and "its lens distorts" in report.left_out["bent"]
    rows = np.load(tmp_path / "annotations.npz")  # without pickle
    assert len(rows["imgname"]) == 2 * plain.num_frames
    model = smplx.create(
        str(assets_folder() / "bodies"), "smplx", gender="female", use_pca=False, flat_hand_mean=True,
        num_betas=rows["shape"].shape[1], batch_size=len(rows["imgname"]),
    )  # fmt: skip
    pose = torch.tensor(rows["pose_cam"], dtype=torch.float32)
    parts = ("global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose", "left_hand_pose", "right_hand_pose")
    split = dict(zip(parts, pose.split([3, 63, 3, 3, 3, 45, 45], 1), strict=True))
    betas, expression = (torch.tensor(rows[n], dtype=torch.float32) for n in ("shape", "expression"))
    with torch.no_grad():
        joints = model(betas=betas, expression=expression, **split).joints[:, :55].numpy()
    # as BEDLAM's own code projects: joints + trans_cam + the translation of cam_ext, through cam_int
    seen = joints + (rows["trans_cam"] + rows["cam_ext"][:, :3, 3])[:, None]
    seen = np.einsum("nij,nkj->nki", rows["cam_int"], seen)
    error = np.abs(seen[..., :2] / seen[..., 2:] - rows["gtkps"][:, :55, :2])
    assert error.max() < 0.02, error.max()
    assert (tmp_path / "images" / str(rows["imgname"][0])).is_file() and set(rows["gender"]) == {"female"}


_SAPIENS = {  # what bare skin of a part is called there
    "head": "Face_Neck", "neck": "Face_Neck", "upper_arm": "Upper_Arm", "forearm": "Lower_Arm", "hand": "Hand",
    "thigh": "Upper_Leg", "shin": "Lower_Leg", "foot": "Foot",
}  # fmt: skip


def _bare(part: str) -> str:
    side, _, rest = part.partition("_")
    if side in ("left", "right"):
        return f"{side.title()}_{_SAPIENS[rest]}"
    return _SAPIENS.get(part, "Torso")


def test_goliath_masks_are_the_classes_of_the_labels(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    export(data_set, "goliath", tmp_path)
    names = json.loads((tmp_path / "classes.json").read_text())["classes"]
    assert len(names) == len(GOLIATH28.names) >= 28
    mask = picture(tmp_path / "masks" / "plain_000002.png")
    assert np.array_equal(mask, GOLIATH28.translate(plain.semantics[2], plain.parts[2]))
    skin = SEMANTIC_NAMES.index("skin")
    hands = (plain.parts[2] == PART_NAMES.index("left_hand")) & (plain.semantics[2] == skin)
    if hands.any():
        assert {names[c] for c in np.unique(mask[hands])} == {"Left_Hand"}
    for number in np.unique(plain.parts[2][plain.semantics[2] == skin]):
        here = (plain.parts[2] == number) & (plain.semantics[2] == skin)
        assert {names[c] for c in np.unique(mask[here])} == {_bare(PART_NAMES[number])}
    assert (mask[plain.instances[2] == 0] == 0).all() and len(np.unique(mask)) > 5
    assert np.array_equal(picture(tmp_path / "images" / "plain_000002.png"), plain.rgb[2])


def test_densepose_pictures_are_what_the_charts_say(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match="--charts"):
        export(data_set, "densepose", tmp_path / "none")
    charts, template = _stand_in()
    savemat(tmp_path / "UV_Processed.mat", charts)
    np.save(tmp_path / "template.npy", template)
    options = Options(tmp_path / "UV_Processed.mat", tmp_path / "template.npy")
    export(data_set, "densepose", tmp_path / "out", options, limit=1)
    iuv = picture(tmp_path / "out/iuv/plain_000001_IUV.png")[..., ::-1]  # as OpenCV gives it
    people = plain.instances[1]
    assert np.array_equal(iuv[..., 0] > 0, np.isfinite(plain.surface[1]).all(-1))
    assert iuv[..., 0].max() <= 24 and len(np.unique(iuv[..., 0])) > 8
    # The stand-in's u and v are a formula of the place on the T-pose, and its charts those of our parts.
    there = plain.surface[1][people > 0].astype(np.float64)
    expected = _uv((there - 0.5) * CANONICAL_EXTENT + np.array(CANONICAL_CENTRE))
    error = np.abs(iuv[people > 0][:, 1:] / 255 - expected).max(-1)
    assert np.median(error) < 0.5 / 255 + 1e-3 and np.quantile(error, 0.98) < 0.5 / 255 + 0.01
    numbers, own = iuv[people > 0][:, 0], plain.parts[1][people > 0]
    agree = [part in {int(p) for p in DENSEPOSE[number]} for number, part in zip(numbers, own, strict=True)]
    assert np.mean(agree) > 0.95
    assert np.array_equal(picture(tmp_path / "out/inds/plain_000001_INDS.png"), np.where(iuv[..., 0] > 0, people, 0))


def test_champ_folders_line_up(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    export(data_set, "champ", tmp_path, limit=1)
    root = tmp_path / "plain"
    for kind in ("images", "depth", "normal", "semantic_map", "dwpose", "mask"):
        files = sorted((root / kind).iterdir())
        assert [f.name for f in files] == [f"{t:04d}.png" for t in range(plain.num_frames)]
        assert {Image.open(f).size for f in files} == {(96, 80)}
    people = plain.instances[1] > 0
    assert np.array_equal(picture(root / "mask/0001.png") > 0, people)
    normal = picture(root / "normal/0001.png")[people] / 127.5 - 1
    assert np.abs(normal - plain.normals[1][people]).max() < 0.01
    grey, depth = picture(root / "depth/0001.png")[people][:, 0], plain.depth[1][people]
    order = np.argsort(depth)
    assert grey.min() > 0 and (np.diff(grey[order].astype(int)) <= 0).all()
    assert np.array_equal(picture(root / "semantic_map/0001.png")[people], PART_TABLE[plain.parts[1]][people])
    assert picture(root / "dwpose/0001.png").any(-1).sum() > 50


def test_parquet_rows_are_the_clips(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    export(data_set, "huggingface", tmp_path)
    table = parquet.read_table(tmp_path / "data/train-00000.parquet").to_pylist()
    assert [row["key"] for row in table] == ["plain", "bent"] and table[0]["caption"] == "a plain clip"
    np.testing.assert_array_equal(np.load(io.BytesIO(table[0]["joints3d"])), plain.joints3d)
    members = {
        "meta.json": table[0]["meta"].encode(), "depth.mkv": table[0]["depth"], "rgb.mp4": table[0]["rgb"]
    }  # fmt: skip
    again = Clip("plain", members)
    np.testing.assert_array_equal(again.depth, plain.depth)
    np.testing.assert_array_equal(again.rgb, plain.rgb)


def test_unknown_formats_and_missing_fields_are_told(data_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ThfmError, match="choose from folders"):
        export(data_set, "fbx", tmp_path)
    for name in FORMATS:
        if name != "densepose":
            with pytest.raises(ThfmError):
                export(tmp_path / "nowhere", name, tmp_path / "out")


def test_bedlam_says_of_each_clip_why_it_is_left_out(data_set: Path, plain: Clip, tmp_path: Path) -> None:
    """Through the command: a line a clip with the reason, and how many."""
    held = {name: getattr(plain, name) for name in plain.fields()}
    rolling = held | {"readout": np.tile([-0.3, 0.3], (plain.num_frames, 1))}
    members = [(key, encode_clip(key, 12.5, a, {})) for key, a in (("plain", held), ("rolling", rolling))]
    write_shard(tmp_path / "two", "shard-000000", members)
    build_manifest(tmp_path / "two", {})
    done = run_synth("export", tmp_path / "two", "--format", "bedlam", "--out", tmp_path / "out")
    assert done.returncode == 0 and "1 clip as bedlam, 1 left out." in done.stdout
    assert done.stderr.strip().endswith(
        "clip rolling is left out: its shutter rolls, which BEDLAM's format cannot tell."
    )
    assert done.stderr.count("\n") == 1
