"""Synthesised motion is what people can do: judged by the smplx library's vertices and joints (``judge``)."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from synth.bodies.kinematics import load_rig
from synth.bodies.synth_motion.face import blinks, face, gaze
from synth.bodies.synth_motion.kinds import KINDS, checked, synthesise
from synth.conventions import ThfmError
from tests.bodies import judge
from tests.conftest import environment

FPS, FRAMES = 24.0, 40
FAST = ("run", "run_start_stop", "jump", "jumping_jack", "kick", "boxing")  # these leave the floor, or hit
DYNAMIC = {  # metres that the centre of mass may be beyond the feet of somebody who is under way; people walk so
    "walk": 0.15, "walk_start_stop": 0.15, "walk_backward": 0.15, "march": 0.1, "turn_on_spot": 0.1, "sidestep": 0.2,
    "lunge": 0.2, "dance": 0.26,
}  # fmt: skip
NOT_ON_FEET = ("sit", "seated")


@pytest.fixture(scope="module")
def models():
    made = {}

    def get(gender="neutral"):
        if gender not in made:
            made[gender] = judge.load(gender)
        return made[gender]

    return get


def draw(kind, seed, body=None, frames=FRAMES, start=None):
    rng = np.random.default_rng([seed, 77])
    values = {k: float(rng.uniform(*v)) for k, v in KINDS[kind].ranges.items()}
    start = float(rng.uniform(0, KINDS[kind].seconds - frames / FPS)) if start is None else start
    return synthesise(kind, values, seed, body or load_rig().geometry(), start, frames, FPS)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"stairs_up", "stairs_down"}))  # not on the floor: test_stairs
def test_kind_is_human(models, kind):
    """Joints within their limits, feet that stand still on the floor, weight over them, limbs outside of the body."""
    for seed in (11, 12):
        seen = judge.see(models(), draw(kind, seed))
        for name, (least, most, low, high) in judge.anatomy(seen).items():
            assert low <= least and most <= high, f"{kind} {seed}: {name} {least:.0f} to {most:.0f}"
        lowest = judge.lowest(seen)
        assert lowest.min() > -0.012, f"{kind} {seed} sinks into the floor"
        assert np.quantile(lowest, 0.2) < 0.004, f"{kind} {seed} never stands on the floor"
        slides = judge.slides(seen)
        assert max(slides, default=0.0) < 0.005, f"{kind} {seed} slides"
        assert slides or kind in FAST or kind == "push_up"
        beyond = judge.outside_support(seen)
        if kind not in FAST and kind not in NOT_ON_FEET:
            assert beyond.max() < DYNAMIC.get(kind, 0.0), f"{kind} {seed} would fall"
        assert judge.root_acceleration(seen) < (25 if kind in FAST else 13)
        assert judge.turning(seen) < (1700 if kind in FAST else 1100)
        inside = judge.inside_itself(seen, np.array([FRAMES // 2]))
        assert inside.max() < 0.5, f"{kind} {seed}: a limb runs inside another part"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_wish_within_the_ranges_is_fulfilled(kind):
    body, ranges = load_rig().geometry(), KINDS[kind].ranges
    for seed, ends in enumerate(itertools.product((0, 1), repeat=len(ranges))):
        values = {name: limits[end] for (name, limits), end in zip(ranges.items(), ends, strict=True)}
        motion = synthesise(kind, values, seed, body, 0.0, 8, 2.0)
        assert np.isfinite(motion.body_pose).all() and np.isfinite(motion.transl).all()


@pytest.mark.parametrize(
    ("gender", "betas"), [("female", (-2.0, 1, 0, -1) + (0,) * 6), ("male", (2.0, -1, 1, 0) + (0,) * 6)]
)
@pytest.mark.parametrize("kind", ["walk", "lift", "push_up", "dance"])
def test_other_bodies_do_it_as_well(models, kind, gender, betas):
    seen = judge.see(models(gender), draw(kind, 5, load_rig(gender=gender).geometry(np.array(betas))), betas)
    assert judge.lowest(seen).min() > -0.016
    assert np.abs(np.median(judge.lowest(seen))) < 0.012
    assert max(judge.slides(seen), default=0.0) < 0.005


def test_judge_finds_what_is_wrong(models):
    """A judge that cannot condemn proves nothing: a slide, a sunk foot, a bent-back knee, a hand in the belly."""
    good = draw("idle", 3)
    moved = good.transl + np.outer(np.arange(FRAMES) / FPS, [0.1, 0, 0])
    assert max(judge.slides(judge.see(models(), good.replace(transl=moved)))) > 0.1
    assert judge.lowest(judge.see(models(), good.replace(transl=good.transl - [0, 0, 0.05]))).min() < -0.04
    leaning = good.replace(global_orient=(Rotation.from_euler("y", 30, degrees=True)
                                          * Rotation.from_rotvec(good.global_orient)).as_rotvec())  # fmt: skip
    assert judge.outside_support(judge.see(models(), leaning)).max() > 0.05
    body = good.body_pose.copy()
    body[:, 3 * 3 : 3 * 3 + 3] = [-0.6, 0, 0]  # the left knee
    worst = judge.anatomy(judge.see(models(), good.replace(body_pose=body)))["left knee bends"]
    assert worst[0] < worst[2]
    body = good.body_pose.copy()
    body[:, 3 * 17 : 3 * 17 + 3] = [0, -2.2, 0]  # the left elbow of a hanging arm, turned inwards
    body[:, 3 * 15 : 3 * 15 + 3] = (Rotation.from_euler("z", -90, degrees=True)
                                    * Rotation.from_euler("x", 95, degrees=True)).as_rotvec()  # fmt: skip
    assert judge.inside_itself(judge.see(models(), good.replace(body_pose=body)), np.array([5])).max() > 0.5


def limb_directions(models, motion):
    """(T, n) directions of arms and legs as seen from the pelvis: what a motion looks like, wherever it faces."""
    seen = judge.see(models(), motion)
    root = Rotation.from_rotvec(motion.global_orient)
    out = []
    for side in ("left", "right"):
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")):
            bone = seen.at(f"{side}_{b}") - seen.at(f"{side}_{a}")
            out.append(root.inv().apply(bone / np.linalg.norm(bone, axis=1, keepdims=True)))
    return np.concatenate(out, axis=1)


def test_there_is_half_an_hour_of_distinct_motion(models):
    """Eight draws of each kind make the time; draws of one kind differ, and so do kinds."""
    assert 8 * sum(k.seconds for k in KINDS.values()) > 30 * 60
    for kind in ("walk", "talk", "dance", "reach", "sit"):
        looks = [limb_directions(models, draw(kind, seed, frames=30)) for seed in range(4)]
        apart = [np.abs(a - b).mean() for i, a in enumerate(looks) for b in looks[:i]]
        assert min(apart) > 0.02, kind
        assert all(look.std(axis=0).max() > 0.02 for look in looks), f"{kind} stands still"


def test_parts_of_a_motion_agree_where_they_overlap():
    for kind in ("walk", "dance", "talk", "jump"):
        whole, part = draw(kind, 4, start=0.5), draw(kind, 4, frames=16, start=0.5 + 24 / FPS)
        for field in ("body_pose", "transl", "global_orient", "expression", "left_hand_pose"):
            np.testing.assert_allclose(getattr(whole, field)[24:40], getattr(part, field), atol=1e-9)


def test_a_motion_is_the_same_in_every_process():
    """Python orders sets of words otherwise in each process: nothing may depend on it."""
    code = (
        "from synth.bodies.kinematics import default_body; from synth.bodies.synth_motion.kinds import synthesise\n"
        "for kind in ('talk', 'seated', 'dance'):\n"
        "    print(synthesise(kind, {}, 5, default_body(), 0.0, 12, 6.0).full_pose().tobytes().hex())"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], env=environment() | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    )
    assert first and first == second


def test_another_frame_rate_shows_the_same_motion():
    slow = synthesise("walk", {}, 2, load_rig().geometry(), 1.0, 25, 25.0)
    fast = synthesise("walk", {}, 2, load_rig().geometry(), 1.0, 49, 50.0)
    np.testing.assert_allclose(slow.body_pose, fast.body_pose[::2], atol=1e-9)
    np.testing.assert_allclose(slow.transl, fast.transl[::2], atol=1e-9)


@pytest.mark.parametrize("speed", [0.7, 1.2, 1.7])
def test_walks_go_as_fast_as_they_are_told(models, speed):
    body = load_rig().geometry()
    motion = synthesise("walk", {"speed": speed, "turn": 0.0}, 1, body, 1.0, 97, FPS)
    pelvis = judge.see(models(), motion).at("pelvis")
    assert np.linalg.norm(pelvis[-1, :2] - pelvis[0, :2]) / 4.0 == pytest.approx(speed, rel=0.08)
    assert 0.01 < np.ptp(pelvis[:, 2]) < 0.11  # up and down with the steps


def test_hands_get_where_they_reach_and_push_ups_keep_them_there(models):
    seen = judge.see(models(), synthesise("push_up", {}, 3, load_rig().geometry(), 0.0, 60, FPS))
    for side in ("left", "right"):
        wrist = seen.at(f"{side}_wrist")
        assert np.ptp(wrist, axis=0).max() < 0.01
        used = np.unique(seen.faces)
        palm = seen.vertices[:, used[seen.weights[used, judge.TREE.index(f"{side}_wrist")] > 0.6], 2]
        assert -0.012 < palm.min() < 0.025
    assert np.ptp(seen.at("neck")[:, 2]) > 0.15  # and the body does go down
    seen = judge.see(models(), synthesise("pick_up", {"squat": 0.6}, 3, load_rig().geometry(), 0.0, 72, FPS))
    assert min(seen.at(f"{s}_middle3")[:, 2].min() for s in ("left", "right")) < 0.12


def test_seated_people_are_at_the_seat(models):
    for seat in (0.43, 0.51):
        seen = judge.see(
            models(), synthesise("seated", {"seat": seat, "talks": 0.0}, 3, load_rig().geometry(), 0, 24, FPS)
        )
        hips = [judge.TREE.index(f"{s}_hip") for s in ("left", "right")] + [0]
        used = np.unique(seen.faces)
        flesh = seen.vertices[:, used[np.isin(seen.weights[used].argmax(1), hips)]]
        behind = flesh[..., 0] < seen.at("left_hip")[:, None, 0] + 0.03  # it looks along x; thighs slope down ahead
        bottom = flesh[..., 2][behind].min()
        assert bottom == pytest.approx(seat, abs=0.04)


def test_people_blink_as_people_do():
    t = np.arange(0, 60, 1 / 60)
    rates, lengths = [], []
    for seed in range(12):
        shut = blinks(np.random.default_rng(seed), t) > 0.5
        change = np.diff(np.concatenate([[0], shut, [0]]).astype(int))
        starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
        rates.append(len(starts))
        lengths += list((ends - starts) / 60)
    assert 9 < np.mean(rates) < 26  # a minute
    assert min(rates) >= 3
    assert 0.08 < np.median(lengths) < 0.35


def test_eyes_rest_and_jump():
    t = np.arange(0, 30, 1 / 120)
    eyes = gaze(np.random.default_rng(4), t)
    speed = np.linalg.norm(np.gradient(eyes, 1 / 120, axis=0), axis=1)
    assert (speed < 1).mean() > 0.8  # degrees a second: fixations
    assert speed.max() > 150  # saccades
    assert np.abs(eyes[:, 0]).max() <= 30 and np.abs(eyes[:, 1]).max() <= 22


def test_speech_opens_the_mouth_several_times_a_second():
    t = np.arange(0, 20, 1 / 60)
    quiet, loud = (face(np.random.default_rng(2), t, talks)["jaw"] for talks in (False, True))
    assert quiet.max() < 3 < loud.max() < 20
    above = np.diff((loud > loud.mean()).astype(int)) == 1
    assert 1.5 < above.sum() / 20 < 6
    expression = face(np.random.default_rng(2), t, True)["expression"]
    assert expression.min() >= 0 and expression.max() <= 2 and (expression.std(axis=0) > 0.02).sum() >= 3


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [("moonwalk", {}, "moonwalk"), ("walk", {"pace": 1.0}, "pace"), ("walk", {"speed": 9.0}, "speed")],
)
def test_wrong_wishes_are_named(kind, values, message):
    with pytest.raises(ThfmError, match=message):
        checked(kind, values)
