"""Dance-like phrases: steps on the beat, arms from key poses, hips and trunk that answer them."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import keys, wobble
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.steps import Stance, step_through

# Places of the left wrist from the chest joint, metres; the right one mirrors them. Then the hand's shape.
_ARMS = {
    "low": ((0.3, -0.36, 0.1), "relaxed"),
    "waist": ((0.24, -0.2, 0.2), "relaxed"),
    "front": ((0.13, -0.02, 0.34), "fist"),
    "side": ((0.56, 0.1, 0.1), "open"),
    "wide": ((0.5, 0.3, 0.12), "open"),
    "up": ((0.24, 0.52, 0.1), "open"),
    "high": ((0.36, 0.44, 0.12), "point"),
    "across": ((-0.02, 0.0, 0.27), "relaxed"),
    "shoulder": ((0.22, 0.12, 0.19), "fist"),
    "behind": ((0.4, -0.22, -0.12), "relaxed"),
}
_PHRASES = (  # of (left, right) key poses, one a beat
    (("waist", "waist"), ("waist", "waist")),
    (("waist", "low"), ("low", "waist")),
    (("up", "waist"), ("waist", "waist"), ("waist", "up"), ("waist", "waist")),
    (("up", "up"), ("waist", "waist")),
    (("side", "side"), ("across", "across")),
    (("side", "across"), ("across", "side")),
    (("high", "behind"), ("waist", "waist"), ("behind", "high"), ("waist", "waist")),
    (("front", "waist"), ("waist", "front")),
    (("shoulder", "shoulder"), ("wide", "wide")),
    (("low", "low"), ("side", "side"), ("up", "up"), ("side", "side")),
    (("front", "front"), ("waist", "waist"), ("up", "up"), ("front", "front")),
)
_STEPS = ("bounce", "touch", "touch", "rock", "march", "open")


def dance(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Dance to a beat: every eight beats another step and another phrase of the arms."""
    relax(puppet, rng)
    t, size, beat = puppet.t, puppet.size, 60.0 / p["tempo"]
    count = int(UNTIL / beat) + 10
    first = -2.0 + rng.uniform(0, beat)
    beats = first + beat * np.arange(count)
    energy = p["energy"]

    at = {s: np.array([0.0, SIGN[s] * 0.1]) for s in SIDES}
    lines = {s: [Stance(-np.inf, np.inf, tuple(size * at[s]), SIGN[s] * 0.16)] for s in SIDES}
    loads = np.full(count, 0.5)
    yaws, poses = np.zeros(count), []
    lead, kind, phrase = 1, "bounce", _PHRASES[0]
    for k in range(count):
        if k % 8 == 0:
            kind = _STEPS[int(rng.integers(len(_STEPS)))]
            phrase = _PHRASES[int(rng.integers(len(_PHRASES)))]
            lead, wide = (1 if rng.uniform() < 0.5 else -1), rng.uniform(0.2, 0.32) * (0.6 + 0.4 * energy)
        poses.append(phrase[k % len(phrase)])
        place = k % 4
        if kind == "touch":  # side, close, back, close
            way = lead if place < 2 else -lead
            mover = SIDES[0 if (way > 0) == (place % 2 == 0) else 1]
            goal = at[mover] + [0.0, way * wide]
            _step(lines, at, mover, goal, beats[k], beat, size)
            loads[k] = 0.5 + 0.42 * way * (1 if place % 2 == 0 else 0.8)
        elif kind == "rock":  # one foot ahead and back again
            mover = SIDES[0 if lead > 0 else 1] if place < 2 else SIDES[1 if lead > 0 else 0]
            goal = at[mover] + [0.26 if place % 2 == 0 else -0.26, 0.0]
            _step(lines, at, mover, goal, beats[k], beat, size)
            loads[k] = 0.5 + (0.3 if mover == "left" else -0.3) * (1 if place % 2 == 0 else -0.2)
        elif kind == "march":
            mover = SIDES[k % 2]
            _step(lines, at, mover, at[mover], beats[k], beat, size)
            loads[k] = 0.5 + (0.34 if mover == "left" else -0.34)
        elif kind == "open":  # feet apart, together
            mover = SIDES[k % 2]
            goal = at[mover] + [0.0, SIGN[mover] * (0.14 if place < 2 else -0.14)]
            _step(lines, at, mover, goal, beats[k], beat, size)
            loads[k] = 0.5 + (0.22 if mover == "left" else -0.22)
        else:
            loads[k] = 0.5 + 0.3 * (1 if k % 2 else -1)
        yaws[k] = lead * 9.0 * (1 if k % 2 else -1) * energy
    for side in SIDES:
        step_through(puppet.feet[side], puppet.soles[side], t, lines[side], 0.05 + 0.02 * energy)

    puppet.balance[:] = 1.0
    puppet.share[:] = keys(t - 0.22 * beat, beats, loads, rest=0.15)  # weight follows the foot that has landed
    phase = (t - first) / beat
    dip = 0.5 + 0.5 * np.cos(2 * np.pi * phase)  # lowest on the beat
    puppet.hips[:, 2] -= size * (0.02 + (0.028 + 0.02 * energy) * dip)
    side = puppet.share - 0.5
    puppet.sway += 20 * side * p["hips"]
    puppet.lean += -24 * side * p["hips"]
    turn = keys(t, beats, yaws, rest=0.1)
    puppet.yaw = puppet.yaw + np.radians(0.6 * turn)
    puppet.twist += -1.1 * turn
    puppet.bend += 3 + 4 * dip * energy
    puppet.nod += 5 * dip * energy - 2
    puppet.roll += -8 * side
    for s, own in enumerate(SIDES):
        arm, sign = puppet.arms[own], SIGN[own]
        names = [pose[s] for pose in poses]
        spots = np.array([_ARMS[n][0] for n in names]) + rng.normal(0, 0.015, (count, 3))
        arm.frame, arm.weight[:] = "spine3", 1.0
        arm.reach[:] = _beats(t, beats, spots) * [sign, 1, 1]
        arm.reach[:, 1] -= 0.02 * dip
        arm.pole[:] = np.array([0.8, -0.6, -0.25]) * [sign, 1, 1]
        arm.pronate[:] = 20 + 25 * wobble(rng, t, 2.0)
        arm.wrist[:] = -4 + 10 * np.sin(2 * np.pi * phase / 2)
        for form in sorted({_ARMS[n][1] for n in names}):
            grasp(puppet, own, form, _beats(t, beats, np.array([float(_ARMS[n][1] == form) for n in names])))
    alive(puppet, rng, 0.6)


def _beats(t: np.ndarray, beats: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (K,) or (K,n) reached on the beats, left softly after them."""
    return keys(t, beats, values, rest=0.12)


def _step(lines, at, mover: str, goal: np.ndarray, beat: float, length: float, size: float) -> None:
    """Land ``mover`` on ``goal`` just on the beat; the swing takes two thirds of the beat before it."""
    last = lines[mover][-1]
    leave = max(beat - 0.66 * length, last.start + 0.12)
    lines[mover][-1] = Stance(last.start, leave, last.spot, last.yaw, last.strike, 0.1, 20.0, 0.14)
    lines[mover].append(Stance(beat, np.inf, tuple(size * goal), last.yaw, -12.0, 0.1))
    at[mover] = goal
