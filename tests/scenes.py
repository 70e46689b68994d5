"""Small clips for tests: the open body in poses made by hand, on a floor, with cameras of the test's choice."""

from __future__ import annotations

import numpy as np

from synth.bodies.config import assets_folder
from synth.bodies.model import load_body
from synth.bodies.person import body_mesh, canonical_points, joint_sites, smplx_label
from synth.cameras import intrinsics, look_at
from synth.conventions import JOINT_NAMES
from synth.geometry import Cameras, ClipGeometry, Passes
from synth.labels import LabelScene
from synth.scenes.ground import ground_mesh
from synth.spec.model import CameraSpec, ClipSpec, GroundSpec, LightSpec, MotionSpec, PersonSpec
from tests.opencv import radial_rays
from tests.raycast import cast_rays

GROUND = GroundSpec(
    pattern="tiles", a=(0.3, 0.25, 0.2), b=(0.4, 0.3, 0.2), scale=0.6, rotation=0.3, offset=(0, 0), bump=0.2,
    roughness=0.6,
)  # fmt: skip
ARMS_DOWN = {"left_shoulder": (0, 0, -1.2), "right_shoulder": (0, 0, 1.2)}
_SIZES = {"global_orient": 3, "body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45, "jaw_pose": 3,
          "leye_pose": 3, "reye_pose": 3, "transl": 3}  # fmt: skip


def posed(samples: list[dict[str, tuple[float, float, float]]]) -> dict[str, np.ndarray]:
    """smplx parameters of time samples given as joint name -> axis-angle; the body faces the world's -y, left is +x.

    ``transl`` may be given too, in world metres; ``pelvis`` turns the upright body about the world's axes.
    """
    from scipy.spatial.transform import Rotation

    out = {name: np.zeros((len(samples), size), np.float32) for name, size in _SIZES.items()}
    upright = Rotation.from_euler("x", 90, degrees=True)
    for s, sample in enumerate(samples):
        out["transl"][s] = sample.get("transl", (0, 0, 0))
        out["global_orient"][s] = (Rotation.from_rotvec(sample.get("pelvis", (0, 0, 0))) * upright).as_rotvec()
        for name, turn in sample.items():
            if name not in ("transl", "pelvis"):
                joint = JOINT_NAMES.index(name)
                assert 1 <= joint <= 21, name
                out["body_pose"][s, 3 * joint - 3 : 3 * joint] = turn
    return out | {"betas": np.zeros(10, np.float32), "expression": np.zeros((len(samples), 10), np.float32)}


def people(*params: dict[str, np.ndarray], cameras: Cameras, gender: str = "female") -> ClipGeometry:
    """Bare people on the floor; the lowest point of the first time sample stands on it."""
    folder = assets_folder() / "bodies"
    neutral, model = load_body(folder, "neutral"), load_body(folder, gender)
    meshes, joints, labels = [], [], []
    for number, one in enumerate(params, 1):
        one = {k: v.copy() for k, v in one.items()}
        one["transl"][:, 2] -= model.pose(one).vertices[0, np.unique(model.faces), 2].min()
        body = model.pose(one)
        person = person_spec(gender)
        skin = assets_folder() / "skins" / f"{person.skin}.jpg"
        shown = np.ones(len(model.faces), bool)
        meshes.append(body_mesh(model, body, canonical_points(neutral, model), person, number, skin, shown))
        joints.append(body.joints)
        labels.append(smplx_label(model, one))
    canonical, reach = joint_sites(neutral)
    return ClipGeometry(
        meshes=(*meshes, ground_mesh(GROUND)),
        cameras=cameras,
        joints=np.stack(joints),
        joint_canonical=np.stack([canonical] * len(params)),
        joint_reach=np.stack([reach] * len(params)),
        smplx=tuple(labels),
    )


def person_spec(gender: str = "female") -> PersonSpec:
    return PersonSpec(
        gender=gender, betas=(0,) * 10, expression=(0,) * 10, skin=f"young_caucasian_{gender}",
        eye_colour=(0.1, 0.2, 0.3), motion=MotionSpec(name="by hand", start=0),
    )  # fmt: skip


def camera_path(eyes: list, targets: list, width: int, height: int, focal_mm: float = 35.0) -> Cameras:
    """Cameras at ``eyes`` looking at ``targets``, one a time sample."""
    poses = look_at(np.array(eyes, float), np.array(targets, float))
    return Cameras(np.tile(intrinsics(focal_mm, width, height), (len(poses), 1, 1)), poses)


def spec_of(geometry: ClipGeometry, width: int, height: int, gender: str = "female", exposure: float = 0.0) -> ClipSpec:
    """A spec that renders ``geometry``: the renderer reads its size, light and seeds only."""
    return ClipSpec(
        key="00000000", seed=0, index=0, frames=geometry.frames, fps=24, width=width, height=height, body_model="open",
        people=(person_spec(gender),) * len(geometry.smplx), ground=GROUND,
        light=LightSpec(hdri="courtyard", rotation=0.3, exposure=exposure),
        camera=CameraSpec(move="static", focal_mm=35, azimuth=0, elevation=0, fill=0.9),
    )  # fmt: skip


def cast_passes(geometry: ClipGeometry, width: int, height: int) -> Passes:
    """The passes of a clip by ray casts instead of Blender; people are coloured by dense pose, the world by place."""
    scene = LabelScene.of(geometry.meshes)
    starts = np.cumsum([0] + [len(m.faces) for m in geometry.meshes])
    faces, corners, depths, colours = [], [], [], []
    for t in range(geometry.frames):
        meshes = [(m.positions[min(t + 1, len(m.positions) - 1)], m.faces) for m in geometry.meshes]
        k, pose = geometry.cameras.intrinsics[t + 1], geometry.cameras.world_to_camera[t + 1]
        grid = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).reshape(-1, 2)
        seen = radial_rays(grid, k, geometry.cameras.distortion).reshape(height, width, 3)
        origin, directions = -pose[:3, :3].T @ pose[:3, 3], seen @ pose[:3, :3]
        hits = cast_rays(meshes, origin, directions)
        faces.append(np.where(hits.mesh >= 0, starts[hits.mesh] + hits.face, -1).astype(np.int32))
        corners.append(np.nan_to_num(hits.weights[..., :2]).astype(np.float32))
        depths.append(hits.depth.astype(np.float32))
        place = origin + directions * np.where(np.isfinite(hits.depth), hits.depth, 0)[..., None]
        skin = np.einsum("hwk,hwkc->hwc", hits.weights, scene.canonical[scene.faces[faces[-1]]])
        colours.append(np.where(np.isfinite(skin), 90 + 150 * skin, 120 + 60 * np.sin(4 * place)).astype(np.uint8))
    face = np.stack(faces)
    matte = (np.append(scene.person, 0)[face] > 0).astype(np.float32)
    return Passes(
        rgb=np.stack(colours), matte=matte, face=face, barycentric=np.stack(corners), depth=np.stack(depths), seconds={}
    )
