"""The vocabulary against the smplx library's own tables."""

import numpy as np
import smplx.joint_names

from synth import conventions as c


def test_joint_names_are_those_of_smplx():
    assert list(c.JOINT_NAMES) == smplx.joint_names.JOINT_NAMES


def test_parents_are_those_of_the_body_model():
    from synth.bodies.config import assets_folder

    with np.load(assets_folder() / "bodies/smplx/SMPLX_NEUTRAL.npz", allow_pickle=False) as model:
        assert tuple(int(p) for p in model["kintree_table"][0][1:]) == c.PARENTS[1:]


def test_every_tree_joint_has_a_part_and_every_part_a_joint():
    assert len(c.JOINT_PART) == c.NUM_TREE_JOINTS
    assert set(c.JOINT_PART) == set(c.Part) - {c.Part.NONE}


def test_mirroring_twice_is_nothing_and_keeps_the_middle():
    for table in (c.MIRROR_JOINTS, c.MIRROR_PARTS):
        assert [table[i] for i in table] == list(range(len(table)))
    assert c.MIRROR_JOINTS[c.JOINT_NAMES.index("nose")] == c.JOINT_NAMES.index("nose")
    assert c.MIRROR_PARTS[c.Part.LEFT_SHIN] == c.Part.RIGHT_SHIN
    # A joint's mirror image belongs to the mirrored part.
    for joint, part in enumerate(c.JOINT_PART):
        assert c.JOINT_PART[c.MIRROR_JOINTS[joint]] == c.MIRROR_PARTS[part]


def test_coco_sets_have_their_sizes_and_known_names():
    assert (len(c.COCO17), len(c.COCO_WHOLEBODY133)) == (17, 133)
    assert set(c.COCO17) | set(c.COCO_WHOLEBODY133) <= set(c.JOINT_NAMES)
    assert len(set(c.COCO_WHOLEBODY133)) == 131  # both wrists stand twice: in the body and in the hand


def test_skeleton_connects_every_limb_once():
    assert len(set(c.SKELETON)) == len(c.SKELETON)
    drawn = {j for bone in c.SKELETON for j in bone}
    assert {c.JOINT_NAMES.index(n) for n in ("left_big_toe", "right_index", "head", "left_wrist")} <= drawn


def test_rejection_survives_pickling():
    import pickle

    copy = pickle.loads(pickle.dumps(c.ClipRejected(["too dark"], [{"attempt": 0}])))
    assert (copy.reasons, copy.attempts) == (["too dark"], [{"attempt": 0}])
