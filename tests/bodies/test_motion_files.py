"""BVH and ASF/AMC readers against forward kinematics worked out by hand, and their error messages."""

import numpy as np
import pytest

from synth.bodies.motion_io import read_motion, read_skeleton
from synth.conventions import ThfmError
from tests.bodies.motion_writers import axis_matrix, stick_person, write_bvh


def to_z_up(points):
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def written(tmp_path, order="ZXY", scale=100.0, seed=0, frames=5):
    """A BVH in centimetres with random angles, and the joints that it means (metres, z up) by plain matrices."""
    rng = np.random.default_rng(seed)
    names, parents, offsets = stick_person(scale)
    root = np.array([0, 95.0, 0]) + rng.normal(0, 10, (frames, 3))
    angles = rng.uniform(-60, 60, (frames, len(names), 3))
    path = tmp_path / "clip.bvh"
    write_bvh(path, names, parents, offsets, np.concatenate([root, angles.reshape(frames, -1)], 1), 120.0, order)
    truth = np.zeros((frames, len(names), 3))
    for t in range(frames):
        turns = []
        for j, parent in enumerate(parents):
            local = np.linalg.multi_dot([axis_matrix(a, angle) for a, angle in zip(order, angles[t, j], strict=True)])
            turns.append(local if parent < 0 else turns[parent] @ local)
            truth[t, j] = root[t] if parent < 0 else truth[t, parent] + turns[parent] @ offsets[j]
    return path, names, to_z_up(truth) / 100.0


@pytest.mark.parametrize("order", ["ZXY", "ZYX", "XYZ", "YXZ"])
def test_bvh_joints_are_where_plain_matrices_put_them(tmp_path, order):
    path, names, truth = written(tmp_path, order)
    clip = read_skeleton(path)
    assert clip.fps == 120.0
    found = clip.positions[:, [clip.joints.index(n) for n in names]]
    np.testing.assert_allclose(found, truth, atol=1e-6)


def test_bvh_with_a_known_answer(tmp_path):
    """The left elbow bent by 90 degrees about the vertical axis brings the hand in front of the elbow."""
    names, parents, offsets = stick_person()
    values = np.zeros((1, 3 + 3 * len(names)))
    values[0, 1] = 1.0
    values[0, 3 + 3 * names.index("LeftForeArm") + 2] = -90.0  # ZXY: the third angle is y
    write_bvh(tmp_path / "a.bvh", names, parents, offsets, values, 30.0)
    clip = read_skeleton(tmp_path / "a.bvh")
    elbow, hand = clip.place("left_elbow")[0], clip.place("left_wrist")[0]
    np.testing.assert_allclose(elbow, [0.45, 0, 1.46], atol=1e-6)
    np.testing.assert_allclose(hand, [0.45, -0.25, 1.46], atol=1e-6)  # facing +z in y up is facing -y in z up


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.0254, 0.001, 0.0254 / 0.45])
def test_bvh_units_are_guessed_and_can_be_given(tmp_path, unit):
    names, parents, offsets = stick_person(1 / unit)
    write_bvh(tmp_path / "a.bvh", names, parents, offsets, np.zeros((2, 3 + 3 * len(names))), 30.0)
    leg = read_skeleton(tmp_path / "a.bvh")
    assert np.linalg.norm(leg.place("left_knee") - leg.place("left_hip"), axis=1) == pytest.approx(0.42)
    given = read_skeleton(tmp_path / "a.bvh", metres_per_unit=2 * unit)
    assert np.linalg.norm(given.place("left_knee") - given.place("left_hip"), axis=1) == pytest.approx(0.84)


def test_bvh_that_is_z_up_stays_as_it_is(tmp_path):
    names, parents, offsets = stick_person()
    write_bvh(tmp_path / "a.bvh", names, parents, to_z_up(offsets), np.zeros((1, 3 + 3 * len(names))), 30.0)
    clip = read_skeleton(tmp_path / "a.bvh")
    assert clip.place("head")[0] == pytest.approx([0, -0.02, 0.62], abs=1e-6)


_PARTS = ("Hips", "UpLeg", "Leg", "Foot", "ToeBase", "Shoulder", "Arm", "ForeArm", "Hand")
_PARTS += ("Spine", "Spine1", "Neck", "Head")
_BIPED = ("Bip01 Pelvis", "Thigh", "Calf", "Foot", "Toe0", "Clavicle", "UpperArm", "Forearm", "Hand")
_BIPED += ("Bip01 Spine", "Bip01 Spine1", "Bip01 Neck", "Bip01 Head")
_PLAIN = ("Hips", "Hip", "Knee", "Ankle", "Toes", "Collar", "Shoulder", "Elbow", "Wrist", "Ab", "Chest", "Neck", "Head")
RIGS = {
    "mixamo": lambda n: "mixamorig:" + n,
    "biped": dict(zip(_PARTS, _BIPED, strict=True)),
    "plain": dict(zip(_PARTS, _PLAIN, strict=True)),
}


@pytest.mark.parametrize("rig", list(RIGS))
def test_joint_names_of_common_rigs_are_understood(tmp_path, rig):
    names, parents, offsets = stick_person()
    rename = RIGS[rig]

    def other(name):
        if callable(rename):
            return rename(name)
        for side in ("Left", "Right"):
            if name.startswith(side):
                part = rename[name.removeprefix(side)]
                return f"Bip01 {side[0]} {part}" if rig == "biped" else side + part
        return rename[name]

    write_bvh(tmp_path / "a.bvh", [other(n) for n in names], parents, offsets, np.zeros((1, 3 + 63)), 30.0)
    clip = read_skeleton(tmp_path / "a.bvh")
    standard = {
        "left_hip": "LeftUpLeg", "right_knee": "RightLeg", "left_ankle": "LeftFoot", "right_toe": "RightToeBase",
        "left_collar": "LeftShoulder", "right_shoulder": "RightArm", "left_elbow": "LeftForeArm",
        "left_wrist": "LeftHand", "chest": "Spine1", "neck": "Neck", "head": "Head", "pelvis": "Hips", "spine": "Spine",
    }  # fmt: skip
    assert {role: clip.joints[clip.roles[role]] for role in standard} == {r: other(n) for r, n in standard.items()}


def test_broken_bvh_is_explained(tmp_path):
    path, _, _ = written(tmp_path)
    text = path.read_text()
    head, motion = text.split("MOTION")
    rows = motion.strip().splitlines()
    cases = {
        "promises 5 frames but holds 3": head + "MOTION\n" + "\n".join(rows[:-2]),
        "values for 66 channels": head + "MOTION\n" + "\n".join(rows[:3] + [rows[3][:40]] + rows[4:]),
        "not finite": head + "MOTION\n" + "\n".join(rows[:3] + ["nan" + rows[3][rows[3].index(" ") :]] + rows[4:]),
        "could not convert": head + "MOTION\n" + "\n".join(rows[:3] + ["x" + rows[3]] + rows[4:]),
        "HIERARCHY and MOTION": head,
        "braces close": head.rsplit("}", 2)[0] + "\nMOTION" + motion,
        "found no joint for left_knee": text.replace("LeftLeg", "Tentacle"),
        "Frame Time": text.replace("Frame Time: 0.0083333", "Frame Time: 0"),
        "does not belong": text.replace("OFFSET", "OFSET", 1),
        "must be|frames": text.replace("Frames: 5", "Frames: 0"),
    }
    for message, broken in cases.items():
        path.write_text(broken)
        with pytest.raises(ThfmError, match=message) as error:
            read_motion(path)
        assert "clip.bvh" in str(error.value)
    with pytest.raises(ThfmError, match="does not exist"):
        read_motion(tmp_path / "none.bvh")


# --- ASF / AMC --------------------------------------------------------------------------------------------------------

# name, parent, direction, length, axis (degrees, XYZ), degrees of freedom
BONES = [
    ("lhipjoint", "root", (0.7, -0.7, 0.14), 2.4, (0, 0, 0), ""),
    ("lfemur", "lhipjoint", (0.342, -0.94, 0), 7.4, (0, 0, 20), "rx ry rz"),
    ("ltibia", "lfemur", (0.342, -0.94, 0), 7.2, (0, 0, 20), "rx"),
    ("lfoot", "ltibia", (0.09, -0.24, 0.967), 2.2, (-90, 0, 20), "rx rz"),
    ("ltoes", "lfoot", (0, 0, 1), 1.1, (-90, 0, 20), "rx"),
    ("rhipjoint", "root", (-0.7, -0.7, 0.14), 2.4, (0, 0, 0), ""),
    ("rfemur", "rhipjoint", (-0.342, -0.94, 0), 7.4, (0, 0, -20), "rx ry rz"),
    ("rtibia", "rfemur", (-0.342, -0.94, 0), 7.2, (0, 0, -20), "rx"),
    ("rfoot", "rtibia", (-0.09, -0.24, 0.967), 2.2, (-90, 0, -20), "rx rz"),
    ("rtoes", "rfoot", (0, 0, 1), 1.1, (-90, 0, -20), "rx"),
    ("lowerback", "root", (0, 1, 0), 2.0, (0, 0, 0), "rx ry rz"),
    ("thorax", "lowerback", (0, 1, 0), 4.0, (0, 0, 0), "rx ry rz"),
    ("lowerneck", "thorax", (0, 1, 0), 1.5, (0, 0, 0), "rx ry rz"),
    ("head", "lowerneck", (0, 1, 0), 1.6, (0, 0, 0), "rx ry rz"),
    ("lclavicle", "thorax", (0.95, 0.3, 0), 3.4, (0, 0, 0), "ry rz"),
    ("lhumerus", "lclavicle", (1, 0, 0), 5.0, (180, 30, 90), "rx ry rz"),
    ("lradius", "lhumerus", (1, 0, 0), 3.4, (180, 30, 90), "rx"),
    ("lwrist", "lradius", (1, 0, 0), 1.7, (180, 30, 90), "ry"),
    ("lhand", "lwrist", (1, 0, 0), 0.7, (180, 30, 90), "rx rz"),
    ("rclavicle", "thorax", (-0.95, 0.3, 0), 3.4, (0, 0, 0), "ry rz"),
    ("rhumerus", "rclavicle", (-1, 0, 0), 5.0, (180, -30, -90), "rx ry rz"),
    ("rradius", "rhumerus", (-1, 0, 0), 3.4, (180, -30, -90), "rx"),
    ("rwrist", "rradius", (-1, 0, 0), 1.7, (180, -30, -90), "ry"),
    ("rhand", "rwrist", (-1, 0, 0), 0.7, (180, -30, -90), "rx rz"),
]


def asf_text():
    out = [":version 1.10", ":name TEST", ":units", "  mass 1.0", "  length 0.45", "  angle deg", ":root"]
    out += ["  order TX TY TZ RX RY RZ", "  axis XYZ", "  position 0 0 0", "  orientation 0 0 0", ":bonedata"]
    for i, (name, _, direction, length, axis, dof) in enumerate(BONES):
        out += ["  begin", f"    id {i + 1}", f"    name {name}", "    direction " + " ".join(map(str, direction))]
        out += [f"    length {length}", f"    axis {axis[0]} {axis[1]} {axis[2]} XYZ"]
        if dof:
            out += [f"    dof {dof}", "    limits (-180 180)"]
        out += ["  end"]
    out += [":hierarchy", "  begin"]
    for parent in ["root", *[b[0] for b in BONES]]:
        children = [b[0] for b in BONES if b[1] == parent]
        if children:
            out += [f"    {parent} {' '.join(children)}"]
    return "\n".join([*out, "  end"]) + "\n"


def amc_case(tmp_path, frames=4, seed=1):
    """ASF and AMC with random angles, and each bone's beginning (metres, z up) by plain matrices."""
    rng = np.random.default_rng(seed)
    (tmp_path / "07.asf").write_text(asf_text())
    lines, truth = ["#!test", ":FULLY-SPECIFIED", ":DEGREES"], {}
    for t in range(frames):
        lines.append(str(t + 1))
        place, turn = {}, {}
        root = np.concatenate([rng.normal(0, 3, 3) + [0, 17, 0], rng.uniform(-40, 40, 3)])
        lines.append("root " + " ".join(f"{v:.6f}" for v in root))
        ends = {"root": root[:3]}
        turn["root"] = axis_matrix("z", root[5]) @ axis_matrix("y", root[4]) @ axis_matrix("x", root[3])
        for name, parent, direction, length, axis, dof in BONES:
            c = axis_matrix("z", axis[2]) @ axis_matrix("y", axis[1]) @ axis_matrix("x", axis[0])
            m = np.eye(3)
            if dof:
                angles = rng.uniform(-40, 40, len(dof.split()))
                lines.append(f"{name} " + " ".join(f"{v:.6f}" for v in angles))
                for channel, angle in zip(dof.split(), angles, strict=True):
                    m = axis_matrix(channel[1], angle) @ m
            turn[name] = turn[parent] @ c @ m @ np.linalg.inv(c)
            place[name] = ends[parent]
            ends[name] = place[name] + turn[name] @ np.array(direction) * length
        for name in place:
            truth.setdefault(name, []).append(place[name])
    (tmp_path / "07_01.amc").write_text("\n".join(lines) + "\n")
    scale = 0.0254 / 0.45
    return tmp_path / "07_01.amc", {n: to_z_up(np.array(p)) * scale for n, p in truth.items()}


def test_amc_joints_are_where_plain_matrices_put_them(tmp_path):
    path, truth = amc_case(tmp_path)
    clip = read_skeleton(path)
    assert clip.fps == 120.0
    for name, places in truth.items():
        np.testing.assert_allclose(clip.positions[:, clip.joints.index(name)], places, atol=1e-6, err_msg=name)


def test_broken_amc_is_explained(tmp_path):
    path, _ = amc_case(tmp_path)
    text = path.read_text()
    cases = {
        "cut short": "\n".join(text.splitlines()[:-5]),
        "bone 'tail' is not in the skeleton": text.replace("lfemur", "tail", 1),
        "2 values for 3 degrees": text.replace("lfemur " + text.split("lfemur ")[1].split("\n")[0], "lfemur 1 2", 1),
        "finite numbers": text.replace("lfemur ", "lfemur x", 1),
        "holds no frames": ":FULLY-SPECIFIED\n:DEGREES\n",
    }
    for message, broken in cases.items():
        path.write_text(broken)
        with pytest.raises(ThfmError, match=message) as error:
            read_motion(path)
        assert "07_01.amc" in str(error.value)
    path.write_text(text)
    with pytest.raises(ThfmError, match="07_01.amc|skeleton"):
        read_motion(tmp_path / "07.asf")
    asf = tmp_path / "07.asf"
    asf.write_text(asf.read_text().split(":hierarchy")[0])
    with pytest.raises(ThfmError, match="07.asf is not a complete"):
        read_motion(path)
    asf.unlink()
    with pytest.raises(ThfmError, match="put the .asf file beside it"):
        read_motion(path)
