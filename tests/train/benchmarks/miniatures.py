"""Small folders in the true layout of each benchmark, with labels in closed form beside them.

Each maker writes a folder and gives what the adapter must find: clip key -> field -> array, and the companions that the
user would name.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import av
import cdflib
import numpy as np
import trimesh
from PIL import Image

from synth.conventions import JOINT_NAMES
from tests.train.benchmarks.bodies import library_joints, write_smpl
from train.benchmarks.body import load_skeleton

ASSETS = Path(__file__).parents[3] / "assets" / "bodies"
Truth = dict[str, dict[str, np.ndarray]]


def picture(path: Path, seed: int, height: int = 40, width: int = 56) -> np.ndarray:
    """A picture of random patches; lossless if the name says PNG."""
    rng = np.random.default_rng(seed)
    rgb = np.kron(rng.integers(0, 255, (height // 8, width // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return rgb


def deep(path: Path, values: np.ndarray) -> None:
    """A 16-bit picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint16)).save(path)


def depths(seed: int, *shape: int, low: float = 1.0, high: float = 8.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape)


def make_sintel(root: Path) -> tuple[Truth, dict]:
    truth: Truth = {}
    for s, scene in enumerate(("alley_1", "market_2")):
        frames = []
        for t in range(3):
            stem = f"{scene}/frame_{t + 1:04d}"
            picture(root / "training" / "final" / f"{stem}.png", 10 * s + t)
            depth = depths(10 * s + t, 40, 56).astype("<f4")
            depth[0, :5] = 1e5  # the sky
            path = root / "training" / "depth" / f"{stem}.dpt"
            path.parent.mkdir(parents=True, exist_ok=True)
            sizes = np.array([56, 40], "<i4").tobytes()
            path.write_bytes(np.float32(202021.25).tobytes() + sizes + depth.tobytes())
            frames.append(np.where(depth < 70, depth, np.nan))
        truth[scene] = {"depth": np.stack(frames)}
    return truth, {}


def make_nyuv2(root: Path) -> tuple[Truth, dict]:
    truth: Truth = {}
    for k, (room, number) in enumerate((("bathroom", "00045"), ("office_0003", "01077"))):
        folder = root / "official_splits" / "test" / room
        picture(folder / f"rgb_{number}.jpg", k, 480, 640)
        raw = np.round(1000 * depths(k, 480, 640))
        raw[100, 100:110] = 0
        raw[200, 200] = 12_000
        deep(folder / f"sync_depth_{number}.png", raw)
        metres = np.full((1, 480, 640), np.nan)
        metres[0, 45:471, 41:601] = raw[45:471, 41:601] / 1000
        metres[(metres == 0) | (metres > 10)] = np.nan
        truth[f"{room}-{number}"] = {"depth": metres}
    return truth, {}


def make_kitti(root: Path) -> tuple[Truth, dict]:
    drive, height, width = "2011_09_26_drive_0002_sync", 80, 160
    frames = []
    for t in range(5, 8):
        picture(root / "2011_09_26" / drive / "image_02" / "data" / f"{t:010d}.png", t, height, width)
        raw = np.round(256 * depths(t, height, width, low=3, high=90))
        raw[np.random.default_rng(t).random(raw.shape) < 0.7] = 0
        deep(root / "val" / drive / "proj_depth" / "groundtruth" / "image_02" / f"{t:010d}.png", raw)
        metres = np.full((height, width), np.nan)
        rows, columns = slice(32, 79), slice(5, 154)  # int(0.408 * 80), int(0.992 * 80), ...
        metres[rows, columns] = raw[rows, columns] / 256
        frames.append(np.where((metres > 0) & (metres < 80), metres, np.nan))
    picture(root / "2011_09_26" / drive / "image_02" / "data" / "0000000001.png", 1, height, width)  # without depth
    return {drive: {"depth": np.stack(frames)}}, {}


def make_scannet(root: Path) -> tuple[Truth, dict]:
    frames = []
    for t in range(12):
        picture(root / "scene0707_00" / "color" / f"{t}.jpg", t, 80, 112)
        raw = np.round(1000 * depths(t, 40, 56))
        raw[:3] = 0
        deep(root / "scene0707_00" / "depth" / f"{t}.png", raw)
        if t % 3 == 0:
            frames.append(np.where(raw > 0, raw / 1000, np.nan))
    return {"scene0707_00": {"depth": np.stack(frames)}}, {}


def make_photomatte85(root: Path) -> tuple[Truth, dict]:
    truth: Truth = {}
    for k in range(2):
        rng = np.random.default_rng(k)
        rgba = rng.integers(0, 256, (40, 56, 4)).astype(np.uint8)
        root.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgba).save(root / f"{k:04d}.png")
        truth[f"{k:04d}"] = {"matte": rgba[None, ..., 3] / 255}
    backgrounds = root.parent / "backgrounds"
    picture(backgrounds / "a.png", 5, 80, 112)
    return truth, {"backgrounds": backgrounds}


def make_videomatte(root: Path) -> tuple[Truth, dict]:
    truth: Truth = {}
    for kind in ("videomatte_motion", "videomatte_static"):
        for clip in ("0000", "0001"):
            frames = []
            for t in range(3):
                picture(root / kind / clip / "com" / f"{t:04d}.png", t)
                picture(root / kind / clip / "fgr" / f"{t:04d}.png", t)
                alpha = np.random.default_rng(t).integers(0, 256, (40, 56)).astype(np.uint8)
                (root / kind / clip / "pha").mkdir(exist_ok=True)
                Image.fromarray(alpha).save(root / kind / clip / "pha" / f"{t:04d}.png")
                frames.append(alpha / 255)
            truth[f"{kind}-{clip}"] = {"matte": np.stack(frames)}
    return truth, {}


def views(seed: int, count: int) -> np.ndarray:
    """(T, 4, 4) rigid world to camera."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, :3] = Rotation.from_rotvec(rng.normal(0, 0.2, (count, 3))).as_matrix()
    matrices[:, :3, 3] = rng.normal(0, 0.1, (count, 3)) + [0, 0, 12]
    return matrices


def placed(joints: np.ndarray, names) -> np.ndarray:
    """(P, T, J, 3) of joints (P, T, K, 3) by name."""
    whole = np.full((*joints.shape[:2], len(JOINT_NAMES), 3), np.nan)
    for k, name in enumerate(names):
        if name:
            whole[:, :, JOINT_NAMES.index(name)] = joints[:, :, k]
    return whole


def make_emdb(root: Path) -> tuple[Truth, dict]:
    models = root.parent / "models"
    data = write_smpl(models / "smpl", "MALE", seed=1, pickled=True)
    truth: Truth = {}
    for part, sequence, first in (("P0", "09_outdoor_walk", True), ("P3", "27_indoor_walk", False)):
        rng, count = np.random.default_rng(len(truth)), 6
        pose, betas, shift = rng.normal(0, 0.4, (count, 24, 3)), rng.normal(size=10), rng.normal(size=(count, 3))
        view, good = views(2, count), np.array([1, 1, 0, 1, 1, 1], bool)
        name = f"{part}_{sequence}"
        folder = root / part / sequence
        for t in range(count):
            picture(folder / "images" / f"{t:05d}.jpg", t, 56, 40)
        content = {
            "gender": "male", "name": name, "emdb1": first, "emdb2": not first, "n_frames": count,
            "good_frames_mask": good,
            "camera": {"intrinsics": np.eye(3), "extrinsics": view, "width": 40, "height": 56},
            "smpl": {"poses_root": pose[:, 0], "poses_body": pose[:, 1:].reshape(count, 69), "trans": shift,
                     "betas": betas},
            "kp2d": np.zeros((count, 24, 2)), "bboxes": {"bboxes": np.zeros((count, 4)), "invalid_idxs": np.array([2])},
        }  # fmt: skip
        (folder / f"{name}_data.pkl").write_bytes(pickle.dumps(content))
        if first:
            world = library_joints(data, betas, pose, shift)
            camera = np.stack([p @ v[:3, :3].T + v[:3, 3] for p, v in zip(world, view, strict=True)])
            camera[~good] = np.nan
            names = (*JOINT_NAMES[:22], "left_middle1", "right_middle1")
            truth[name] = {"joints3d": placed(camera[None], names)}
    return truth, {"bodies": models}


def make_rich(root: Path) -> tuple[Truth, dict]:
    sequence, skeleton = "ParkingLot2_016_jump", load_skeleton(ASSETS, "SMPLX", "female")
    rng, count = np.random.default_rng(4), 4
    view = views(7, 1)[0]
    world = []
    for t in range(count):
        pose, betas, shift = rng.normal(0, 0.3, (1, 22, 3)), rng.normal(size=10), rng.normal(size=(1, 3))
        folder = root / "bodies" / "test" / sequence / f"{t + 17:05d}"
        folder.mkdir(parents=True)
        content = {
            "transl": shift.astype(np.float32), "global_orient": pose[:, 0].astype(np.float32),
            "body_pose": pose[:, 1:].reshape(1, 63).astype(np.float32), "betas": betas[None].astype(np.float32),
            "left_hand_pose": np.zeros((1, 12), np.float32), "jaw_pose": np.zeros((1, 3), np.float32),
        }  # fmt: skip
        (folder / "016.pkl").write_bytes(pickle.dumps(content))
        world.append(skeleton.joints(betas, pose, shift)[0, :22])
    for camera in (0, 3):
        for t in range(count):
            name = f"{t + 17:05d}_{camera:02d}.bmp"
            picture(root / "images" / "test" / sequence / f"cam_{camera:02d}" / name, t)
        matrix = view if camera == 3 else np.eye(4)
        numbers = " ".join(map(repr, matrix[:3].ravel().tolist()))
        path = root / "scan_calibration" / "ParkingLot2" / "calibration" / f"{camera:03d}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'<?xml version="1.0"?><opencv_storage><CameraMatrix type_id="opencv-matrix"><rows>3</rows>'
            f"<cols>4</cols><dt>d</dt><data>{numbers}</data></CameraMatrix></opencv_storage>"
        )
    points = np.stack(world)
    turned = points @ view[:3, :3].T + view[:3, 3]
    names = JOINT_NAMES[:22]
    return {
        f"{sequence}-cam_00": {"joints3d": placed(points[None], names)},
        f"{sequence}-cam_03": {"joints3d": placed(turned[None], names)},
    }, {"bodies": ASSETS}


# Places among the 32 joints of Human3.6M of ours, read off its own list of names.
_H36M = {
    0: "pelvis", 1: "right_hip", 2: "right_knee", 3: "right_ankle", 6: "left_hip", 7: "left_knee", 8: "left_ankle",
    13: "neck", 17: "left_shoulder", 18: "left_elbow", 19: "left_wrist", 25: "right_shoulder", 26: "right_elbow",
    27: "right_wrist",
}  # fmt: skip


def make_human36m(root: Path) -> tuple[Truth, dict]:
    truth: Truth = {}
    for subject, action in (("S9", "Walking 1"), ("S11", "Directions")):
        folder, camera = root / subject, "60457274"
        (folder / "Videos").mkdir(parents=True)
        (folder / "MyPoseFeatures" / "D3_Positions_mono").mkdir(parents=True)
        rng, count = np.random.default_rng(6), 10
        joints = rng.normal(0, 400, (count, 32, 3)) + [0, 0, 4000]
        for other in (camera, "54138969"):
            path = folder / "MyPoseFeatures" / "D3_Positions_mono" / f"{action}.{other}.cdf"
            with cdflib.cdfwrite.CDF(str(path), delete=True) as file:
                spec = {"Variable": "Pose", "Data_Type": 45, "Num_Elements": 1, "Rec_Vary": True,
                        "Dim_Sizes": [count, 96], "Dim_Vary": [True, True]}  # fmt: skip
                file.write_var(spec, var_data=joints.reshape(1, count, 96))
            with av.open(str(folder / "Videos" / f"{action}.{other}.mp4"), "w") as output:
                stream = output.add_stream("libx264", rate=50)
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                for t in range(count):
                    grey = np.full((48, 64, 3), 20 * t, np.uint8)
                    output.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
                output.mux(stream.encode(None))
        if subject == "S9":
            chosen = joints[::2][None][:, :, list(_H36M)] / 1000
            truth["S9-Walking_1"] = {"joints3d": placed(chosen, _H36M.values())}
    return truth, {}


def make_hi4d(root: Path) -> tuple[Truth, dict]:
    """Balls, so that normals are known without rendering: towards the camera, outward from the centre."""
    height, width, count = 64, 48, 3
    k = np.array([[60.0, 0, 24], [0, 60, 32], [0, 0, 1]])
    view = views(9, 1)[0]
    view[:3, 3] = [0.1, -0.1, 3]
    frames = []
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.8)
    folder = root / "pair28" / "dance28"
    (folder / "frames").mkdir(parents=True)
    for t in range(count):
        picture(folder / "images" / "4" / f"{t + 12:06d}.jpg", t, height, width)
        picture(folder / "images" / "16" / f"{t + 12:06d}.jpg", t, height, width)
        centre = np.array([0.05 * t, 0, 0.1])
        lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in (ball.vertices + centre).tolist()]
        lines += [f"vt {0.5} {0.5}"]
        lines += [f"f {a}/1 {b}/1 {c}/1" for a, b, c in (ball.faces + 1).tolist()]
        (folder / "frames" / f"mesh-f{t + 12:05d}.obj").write_text("\n".join(["mtllib MatLib.mtl", *lines]) + "\n")
        seen = view[:3, :3] @ centre + view[:3, 3]
        x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        ray = np.stack([(x - 24) / 60, (y - 32) / 60, np.ones_like(x)], -1)
        a, b = (ray**2).sum(-1), ray @ seen
        root2 = b**2 - a * (seen @ seen - 0.64)
        with np.errstate(invalid="ignore"):
            hit = ray * ((b - np.sqrt(root2)) / a)[..., None]
        frames.append((hit - seen) / 0.8 * [1, -1, -1])
    (folder / "cameras").mkdir()
    other = np.concatenate([np.eye(3), [[0], [0], [9.0]]], 1)
    np.savez(
        folder / "cameras" / "rgb_cameras.npz",
        ids=np.array([16, 4]),
        intrinsics=np.stack([2 * k, k]),
        extrinsics=np.stack([other, view[:3]]),
        dist_coeffs=np.zeros((2, 5)),
    )
    (root / "pair00" / "hug00" / "images" / "4").mkdir(parents=True)
    return {"pair28-dance28": {"normals": np.stack(frames)}}, {}


MAKERS = {
    "emdb": make_emdb, "hi4d": make_hi4d, "human36m": make_human36m, "kitti": make_kitti, "nyuv2": make_nyuv2,
    "photomatte85": make_photomatte85, "rich": make_rich, "scannet": make_scannet, "sintel": make_sintel,
    "videomatte": make_videomatte,
}  # fmt: skip
