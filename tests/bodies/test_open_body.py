"""The open body through the real smplx library and plain geometry: what the files promise is measured here."""

from __future__ import annotations

import contextlib
import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import smplx
import torch
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from smplx.joint_names import JOINT_NAMES
from smplx.vertex_ids import vertex_ids

ROOT = Path(__file__).resolve().parents[2]
BODIES = ROOT / "assets" / "bodies"
GENDERS = ("neutral", "female", "male")
PICKED = vertex_ids["smplx"]


def path(gender: str) -> Path:
    return BODIES / "smplx" / f"SMPLX_{gender.upper()}.npz"


@cache
def arrays(gender: str) -> dict[str, np.ndarray]:
    with np.load(path(gender), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def load(gender: str, **options: object) -> smplx.SMPLX:
    settings = {"use_pca": False, "flat_hand_mean": True, "use_face_contour": True, **options}
    with contextlib.redirect_stdout(io.StringIO()):
        return smplx.create(
            str(BODIES), "smplx", gender=gender, ext="npz", num_betas=10, num_expression_coeffs=10, **settings
        )


@cache
def model(gender: str) -> smplx.SMPLX:
    return load(gender)


def joint(name: str) -> int:
    return JOINT_NAMES.index(name)


def run(gender: str, pose: dict[str, tuple[float, float, float]] | None = None, **inputs: object):
    """(vertices (V, 3), joints (144, 3)) float64 of a pose in degrees per joint."""
    full = np.zeros((55, 3))
    for name, degrees in (pose or {}).items():
        full[joint(name)] = np.radians(degrees)
    parts = {"body_pose": full[1:22], "jaw_pose": full[22], "left_hand_pose": full[25:40], "right_hand_pose": full[40:]}
    given = {k: torch.as_tensor(np.asarray(v), dtype=torch.float32).reshape(1, -1) for k, v in (parts | inputs).items()}
    with torch.no_grad():
        out = model(gender)(**given)
    return out.vertices[0].numpy().astype(float), out.joints[0].numpy().astype(float)


def skin(gender: str) -> np.ndarray:
    """Triangles of the body group (F, 3)."""
    a = arrays(gender)
    return a["f"][a["face_group"] == list(a["face_group_names"]).index("body")].astype(int)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


@pytest.mark.parametrize("gender", GENDERS)
def test_the_library_loads_every_gender(gender):
    body = model(gender)
    assert body.num_betas == 10
    assert body.num_expression_coeffs == 10
    assert body.J_regressor.shape == (55, 19158)
    vertices, joints = run(gender)
    assert joints.shape == (144, 3)
    assert np.isfinite(vertices).all() and np.isfinite(joints).all()


@pytest.mark.parametrize("hands", [{"use_pca": True, "num_pca_comps": n} for n in (6, 12, 45)] + [{"use_pca": False}])
@pytest.mark.parametrize("flat", [True, False])
def test_every_hand_mode_runs(hands, flat):
    body = load("neutral", flat_hand_mean=flat, **hands)
    size = hands.get("num_pca_comps", 45)
    assert body.left_hand_pose.shape == (1, size)
    with torch.no_grad():
        rest = body().joints[0].numpy()
        bent = body(left_hand_pose=torch.eye(size)[:1], right_hand_pose=torch.eye(size)[:1]).joints[0].numpy()
    tips = [joint(f"{side}_{f}") for side in ("left", "right") for f in ("index", "middle", "ring", "pinky")]
    assert np.abs(bent - rest)[tips].max() > 0.002
    dropped = run("neutral")[1][tips, 1] - rest[tips, 1]
    assert (dropped < 1e-6).all() if flat else (dropped > 0.01).all(), "the relaxed hand curls towards the palm"


def test_hand_bases_are_orthonormal_and_their_first_component_makes_a_fist():
    a = arrays("neutral")
    for side in "lr":
        np.testing.assert_allclose(a[f"hands_components{side}"] @ a[f"hands_components{side}"].T, np.eye(45), atol=1e-6)
    fist = 3.5 * a["hands_componentsl"][0]
    _, flat = run("neutral")
    _, curled = run("neutral", left_hand_pose=fist, right_hand_pose=3.5 * a["hands_componentsr"][0])
    for side in ("left", "right"):
        for finger in ("index", "middle", "ring", "pinky"):
            tip, knuckle, wrist = (joint(f"{side}_{n}") for n in (finger, f"{finger}1", "wrist"))
            reach = np.linalg.norm(curled[tip] - curled[wrist]) / np.linalg.norm(flat[tip] - flat[wrist])
            assert reach < 0.85
            assert curled[tip, 1] < curled[knuckle, 1] - 0.01


def test_betas_and_expressions_reach_their_own_columns():
    a = arrays("neutral")
    assert a["shapedirs"].shape == (19158, 3, 20)
    rest = run("neutral")[0]
    np.testing.assert_allclose(rest, a["v_template"], atol=2e-6)
    for k in range(10):
        one = np.eye(10)[k]
        np.testing.assert_allclose(run("neutral", betas=one)[0] - rest, a["shapedirs"][:, :, k], atol=2e-6)
        np.testing.assert_allclose(run("neutral", expression=one)[0] - rest, a["shapedirs"][:, :, 10 + k], atol=2e-6)


@pytest.mark.parametrize("gender", GENDERS)
def test_betas_make_adults(gender):
    rng = np.random.default_rng(3)
    a, used = arrays(gender), np.unique(skin(gender))
    people = a["v_template"] + np.einsum("nk,vck->nvc", rng.normal(size=(60, 10)), a["shapedirs"][:, :, :10])
    stature = np.ptp(people[:, used, 1], axis=1)
    middle = {"neutral": (1.62, 1.74), "female": (1.57, 1.69), "male": (1.69, 1.81)}[gender]
    assert middle[0] < stature.mean() < middle[1]
    assert 0.04 < stature.std() < 0.12
    assert stature.min() > 1.35 and stature.max() < 2.1
    tall = a["shapedirs"][used, 1, 0]
    assert np.ptp(a["v_template"][used, 1] + 2 * tall) > np.ptp(a["v_template"][used, 1]) + 0.05


@pytest.mark.parametrize("gender", GENDERS)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_rest_pose_is_a_true_t_pose(gender, seed):
    betas = np.zeros(10) if seed is None else np.random.default_rng(seed).normal(size=10)
    vertices, j = run(gender, betas=betas)
    at = {name: j[k] for k, name in enumerate(JOINT_NAMES)}
    np.testing.assert_allclose(at["pelvis"], [0, -0.35, 0.012], atol=2e-4)
    for side, x in (("left", 1.0), ("right", -1.0)):
        out, down = np.array([x, 0, 0]), np.array([0, -1.0, 0])
        arm = [at[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist", "middle1")]
        assert all(angle(b - a, out) < 1.0 for a, b in zip(arm, arm[1:], strict=False))
        for finger in ("index", "middle", "ring", "pinky"):
            chain = [at[f"{side}_{finger}{k}"] for k in (1, 2, 3)] + [at[f"{side}_{finger}"]]
            assert all(angle(b - a, out) < 9.0 for a, b in zip(chain[:2], chain[1:3], strict=True))
            assert angle(chain[3] - chain[2], out) < 25.0
        palm = np.cross(at[f"{side}_index1"] - at[f"{side}_wrist"], at[f"{side}_pinky1"] - at[f"{side}_wrist"]) * x
        assert angle(palm, np.array([0, 1.0, 0])) < 12.0, "the back of the hand faces up"
        assert at[f"{side}_thumb3"][2] > at[f"{side}_index1"][2], "the thumb is in front"
        hip, knee, ankle, foot = (at[f"{side}_{n}"] for n in ("hip", "knee", "ankle", "foot"))
        assert angle(knee - hip, down) < 3.0 and angle(ankle - knee, down) < 6.0
        assert abs(np.degrees(np.arctan2(x * (ankle - hip)[0], -(ankle - hip)[1]))) < 2.0, "legs without splay"
        assert 0.075 < x * hip[0] < 0.105
        assert abs(foot[0] - ankle[0]) < 0.03 and foot[2] - ankle[2] > 0.08, "feet forward"
        used = vertices[np.unique(skin(gender))]
        assert 0.05 < ankle[1] - used[:, 1].min() < 0.11
        assert 0.24 < (knee[1] - used[:, 1].min()) / np.ptp(used[:, 1]) < 0.31
    spine = [at[n] for n in ("pelvis", "spine1", "spine2", "spine3", "neck", "head")]
    assert all(b[1] > a[1] + 0.03 for a, b in zip(spine, spine[1:], strict=False))
    assert np.abs(np.array(spine)[:, 0]).max() < 1e-3
    assert at["left_eye_smplhf"][2] > at["head"][2] + 0.04, "the face looks along +z"


@pytest.mark.parametrize("gender", GENDERS)
def test_joints_are_means_of_vertices_that_move_with_them_and_lie_inside_the_skin(gender):
    a = arrays(gender)
    regressor, faces = a["J_regressor"], skin(gender)
    np.testing.assert_allclose(regressor.sum(1), 1.0, atol=1e-6)
    assert (regressor >= 0).all()
    referenced = np.zeros(len(a["v_template"]), bool)
    referenced[np.unique(a["f"])] = True
    assert not referenced[(regressor > 0).any(0)].any(), "joints hang on vertices of their own"
    assert len(set(np.flatnonzero(regressor > 0) // regressor.shape[1])) == 55
    betas = np.random.default_rng(5).normal(size=(3, 10))
    for person in a["v_template"] + np.einsum("nk,vck->nvc", betas, a["shapedirs"][:, :, :10]):
        corner = person[faces].astype(float)
        for j in regressor @ person:
            p, q, r = np.moveaxis(corner - j, 1, 0)
            lp, lq, lr = (np.linalg.norm(v, axis=1) for v in (p, q, r))
            volume = np.einsum("ij,ij->i", p, np.cross(q, r))
            below = lp * lq * lr + (p * q).sum(1) * lr + (q * r).sum(1) * lp + (r * p).sum(1) * lq
            winding = np.arctan2(volume, below).sum() / (2 * np.pi)
            # eyes lie in sockets; the spine of a hollow back comes out at the skin
            assert winding > 0.5 or np.abs(corner.mean(1) - j).max(1).min() < 0.018


@pytest.mark.parametrize("gender", GENDERS)
def test_skin_weights_are_normalised_and_symmetric(gender):
    a = arrays(gender)
    weights, v = a["weights"], a["v_template"]
    assert weights.dtype == np.float32 and (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-5)
    used, (_, j) = np.unique(skin(gender)), run(gender)
    gap, twin = cKDTree(v[used]).query(v[used] * [-1, 1, 1])
    assert gap.max() < 1e-4, "the mean body is its own mirror image"
    swap = {"left": "right", "right": "left"}
    names = [n.split("_", 1) for n in JOINT_NAMES[:55]]
    other = [joint("_".join([swap.get(n[0], n[0]), *n[1:]])) for n in names]
    unique = cKDTree(v[used]).query(v[used], k=2)[0][:, 1] > 2e-4
    np.testing.assert_allclose(weights[used][unique], weights[used][twin][unique][:, other], atol=1e-4)
    for name, child in (("left_elbow", "left_wrist"), ("left_knee", "left_ankle")):
        middle = 0.5 * (j[joint(name)] + j[joint(child)])
        near = used[np.argsort(np.linalg.norm(v[used] - middle, axis=1))[:20]]
        assert weights[near, joint(name)].min() > 0.9, name


@pytest.mark.parametrize("gender", GENDERS)
def test_the_skin_is_closed_and_faces_outward(gender):
    a, faces = arrays(gender), skin(gender)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    codes = edges[:, 0] * 20000 + edges[:, 1]
    assert len(np.unique(codes)) == len(codes)
    assert np.array_equal(np.sort(codes), np.sort(edges[:, 1] * 20000 + edges[:, 0])), "every edge has its twin"
    corner = a["v_template"][faces].astype(float)
    volume = np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum() / 6
    assert 0.045 < volume < 0.095
    for name in ("left_eye", "right_eye"):
        ball = a["f"][a["face_group"] == list(a["face_group_names"]).index(name)].astype(int)
        c = a["v_template"][ball].astype(float) - a["v_template"][np.unique(ball)].mean(0)
        assert np.einsum("ij,ij->i", c[:, 0], np.cross(c[:, 1], c[:, 2])).sum() > 0
    assert a["ft"].shape == a["f"].shape and a["ft"].max() < len(a["vt"])
    assert np.array_equal(np.sort(a["base_to_vertex"]), np.arange(19158))


@pytest.mark.parametrize("gender", GENDERS)
def test_numbered_vertices_are_on_their_spots(gender):
    _, j = run(gender)
    v, used = arrays(gender)["v_template"], np.unique(skin(gender))
    at = {name: v[k].astype(float) for name, k in PICKED.items()}
    head = used[v[used, 1] > j[joint("jaw")][1] - 0.08]
    nose_region = head[np.abs(v[head, 0]) < 0.03]
    assert at["nose"][2] > v[nose_region, 2].max() - 2e-3 and abs(at["nose"][0]) < 1e-3
    assert np.linalg.norm(at["nose"] - j[joint("nose4")]) < 0.01
    for s, side, x in (("l", "left", 1), ("r", "right", -1)):
        eye = j[joint(f"{side}_eye_smplhf")]
        # the cornea is a facet: its nearest corners are 3 mm from the middle of a mean eye
        assert np.linalg.norm(at[f"{s}eye"][:2] - eye[:2]) < 5e-3 and 0.008 < at[f"{s}eye"][2] - eye[2] < 0.02
        ear = at[f"{s}ear"]
        assert 0.06 < x * ear[0] < 0.1 and -0.06 < ear[1] - eye[1] < 0.02 and ear[2] < eye[2] - 0.04
        for finger in ("thumb", "index", "middle", "ring", "pinky"):
            last, tip = j[joint(f"{side}_{finger}3")], at[s + finger]
            before = j[joint(f"{side}_{finger}2")]
            assert 0.01 < np.linalg.norm(tip - last) < 0.045 and angle(tip - last, last - before) < 35
        foot, ankle, floor = j[joint(f"{side}_foot")], j[joint(f"{side}_ankle")], v[used, 1].min()
        big, small, heel = (at[s.upper() + n] for n in ("BigToe", "SmallToe", "Heel"))
        assert big[2] > foot[2] + 0.03 and small[2] > ankle[2] + 0.06
        assert x * small[0] > x * big[0] + 0.03
        assert heel[2] < ankle[2] - 0.02 and max(p[1] for p in (big, small, heel)) < floor + 0.05


@pytest.mark.parametrize("gender", GENDERS)
def test_face_landmarks_sit_on_their_features(gender):
    _, j = run(gender)
    at = {name: j[k] for k, name in enumerate(JOINT_NAMES)}
    rows = arrays(gender)["lmk_bary_coords"]
    assert (rows > -1e-6).all() and np.allclose(rows.sum(1), 1.0, atol=1e-5)
    for name in JOINT_NAMES[76:]:
        swap = name.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")
        assert np.linalg.norm(at[name] - at[swap] * [-1, 1, 1]) < 1.5e-3, name
    for side, x in (("left", 1), ("right", -1)):
        lids = np.array([at[f"{side}_eye{k}"] for k in range(1, 7)])
        ball = at[f"{side}_eye_smplhf"]
        assert np.linalg.norm(lids - ball, axis=1).max() < 0.024, "the lids lie on the eyeball"
        turned = np.unwrap(np.arctan2(*(lids - ball)[:, 1::-1].T))
        assert abs(abs(turned[-1] - turned[0]) - 5 / 3 * np.pi) < 1.2, "and go once around it"
        assert x * lids[0, 0] > x * lids[3, 0] + 0.018, "1 is the outer corner, 4 the inner"
        assert lids[1:3, 1].min() > lids[4:, 1].max() + 0.003
        brow = np.array([at[f"{side}_eye_brow{k}"] for k in range(1, 6)])
        assert (np.diff(x * brow[:, 0]) < -0.006).all(), "brow 1 is the outermost"
        assert (brow[:, 1] - ball[1] > 0.003).all() and (brow[:, 1] - ball[1] < 0.03).all()
        assert (np.diff([x * at[f"{side}_mouth_{k}"][0] for k in (1, 2, 3)]) < -0.005).all()
        assert x * at[f"{side}_mouth_1"][0] > x * at[f"{side}_lip_1"][0] > x * at[f"{side}_lip_2"][0] > 0.005
        contour = np.array([at[f"{side}_contour_{k}"] for k in range(1, 9)] + [at["contour_middle"]])
        assert (np.diff(contour[:, 1]) < -1e-3).all() and (np.diff(x * contour[:, 0]) < 1e-3).all()
        assert 0.055 < x * contour[0, 0] < 0.085 and abs(contour[0, 1] - ball[1]) < 0.02
    order = ["nose1", "nose2", "nose3", "nose4", "nose_middle", "mouth_top", "lip_top", "lip_bottom", "mouth_bottom"]
    heights = [at[n][1] for n in [*order, "contour_middle"]]
    assert (np.diff(heights) < -2e-4).all()
    assert np.ptp(heights) > 0.08
    assert at["nose4"][2] > max(p[2] for n, p in at.items() if n.startswith(("mouth", "lip", "contour")))
    assert at["contour_middle"][1] < at["mouth_bottom"][1] - 0.02


@pytest.mark.parametrize("gender", GENDERS)
def test_the_jaw_line_stays_on_the_same_skin_whichever_way_the_body_faces(gender):
    _, rest = run(gender)
    for turn in ((0, 40, 0), (90, 0, 0), (0, -170, 0)):
        rotation = Rotation.from_rotvec(np.radians(turn))
        _, j = run(gender, global_orient=rotation.as_rotvec())
        np.testing.assert_allclose(j, rotation.apply(rest - rest[0]) + rest[0], atol=1e-5)


@pytest.mark.parametrize("gender", GENDERS)
def test_expressions_do_what_their_names_say(gender):
    names = list(arrays(gender)["expression_names"])
    low, high = arrays(gender)["expression_range"].T
    assert (low <= 0).all() and (high >= 1).all()

    def face(name: str) -> dict[str, np.ndarray]:
        _, j = run(gender, expression=2 * np.eye(10)[names.index(name)])
        return {n: j[k] for k, n in enumerate(JOINT_NAMES)}

    _, j = run(gender)
    rest = {n: j[k] for k, n in enumerate(JOINT_NAMES)}
    up = lambda f, n: f[n][1] - rest[n][1]  # noqa: E731
    gap = lambda f: f["lip_top"][1] - f["lip_bottom"][1]  # noqa: E731
    lid = lambda f: f["left_eye2"][1] - f["left_eye6"][1]  # noqa: E731
    width = lambda f: f["left_mouth_1"][0] - f["right_mouth_1"][0]  # noqa: E731
    assert gap(face("mouth_open")) > gap(rest) + 0.01
    assert up(face("smile"), "left_mouth_1") > 0.003 and width(face("smile")) > width(rest) + 0.004
    assert up(face("brow_up"), "left_eye_brow3") > 0.002 and up(face("brow_down"), "left_eye_brow4") < -0.001
    assert lid(face("blink")) < 0.35 * lid(rest)
    assert width(face("pucker")) < width(rest) - 0.006
    assert up(face("frown"), "left_mouth_1") < -0.002
    aside = face("mouth_aside")
    assert (aside["left_mouth_1"] + aside["right_mouth_1"])[0] > 0.006


def _segment_volume(gender: str, vertices: np.ndarray, name: str, axis: int, reach: float) -> float:
    """Volume, in m^3, of the skin within ``reach`` of a joint along a limb, its ends closed by fans."""
    rest, centre = arrays(gender)["v_template"], arrays(gender)["J_regressor"] @ arrays(gender)["v_template"]
    centre = centre[joint(name)]
    faces = skin(gender)
    away = rest[faces].mean(1) - centre
    along = np.abs(away[:, axis])
    faces = faces[(along < reach) & (np.linalg.norm(np.delete(away, axis, 1), axis=1) < 0.13)]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    twins = set(map(tuple, edges[:, ::-1]))
    rim = np.array([e for e in edges if tuple(e) not in twins])
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    volume = np.einsum("ij,ij->", a, np.cross(b, c))
    for end in (rest[rim[:, 0], axis] > centre[axis], rest[rim[:, 0], axis] <= centre[axis]):
        hub = vertices[rim[end, 0]].mean(0)
        volume += (np.cross(vertices[rim[end, 1]], vertices[rim[end, 0]]) @ hub).sum()
    return volume / 6


BENDS = [
    ("left_elbow", 0, 0.09, (0, -90, 0), 0.88),
    ("left_elbow", 0, 0.09, (0, -130, 0), 0.80),
    ("right_elbow", 0, 0.09, (0, 130, 0), 0.80),
    ("left_elbow", 0, 0.10, (75, 0, 0), 0.91),
    ("left_wrist", 0, 0.10, (80, 0, 0), 0.94),
    ("left_wrist", 0, 0.05, (0, 0, -70), 0.96),
    ("left_knee", 1, 0.11, (90, 0, 0), 0.93),
    ("right_knee", 1, 0.11, (130, 0, 0), 0.88),
    ("left_shoulder", 0, 0.09, (0, 0, -75), 0.85),
    ("left_shoulder", 0, 0.09, (0, -90, 0), 0.92),
    # raised to the ear without the collar bone's help: the broad male flank folds most
    ("right_shoulder", 0, 0.09, (0, 0, -80), 0.78),
]


@pytest.mark.parametrize("gender", GENDERS)
@pytest.mark.parametrize(("name", "axis", "reach", "pose", "least"), BENDS)
def test_limbs_keep_their_volume_when_they_bend_and_twist(gender, name, axis, reach, pose, least):
    body = model(gender)
    rest = _segment_volume(gender, run(gender)[0], name, axis, reach)
    kept = _segment_volume(gender, run(gender, {name: pose})[0], name, axis, reach) / rest
    correctives = body.posedirs.clone()
    try:
        body.posedirs.zero_()
        plain = _segment_volume(gender, run(gender, {name: pose})[0], name, axis, reach) / rest
    finally:
        body.posedirs.copy_(correctives)
    assert least < kept < 1.12, f"{kept:.3f} of the volume is left"
    assert kept > plain + 0.02, f"correctives keep {kept:.3f}, plain skinning {plain:.3f}"


@pytest.mark.parametrize("gender", GENDERS)
def test_correctives_are_local_and_small_in_file(gender):
    posedirs = arrays(gender)["posedirs"].reshape(19158, 3, 54, 9)
    assert posedirs.shape[-2:] == (54, 9)
    v, j = arrays(gender)["v_template"], arrays(gender)["J_regressor"] @ arrays(gender)["v_template"]
    for name, reach in (("left_elbow", 0.3), ("left_knee", 0.35), ("left_index2", 0.08), ("jaw", 0.25)):
        touched = np.zeros(len(v), bool)
        used = np.unique(skin(gender))
        touched[used] = np.abs(posedirs[used, :, joint(name) - 1]).max((1, 2)) > 0
        assert touched.any() and np.linalg.norm(v[touched] - j[joint(name)], axis=1).max() < reach
    assert not posedirs[:, :, [joint("left_eye_smplhf") - 1, joint("right_eye_smplhf") - 1]].any()
    assert path(gender).stat().st_size < 4.5e6
