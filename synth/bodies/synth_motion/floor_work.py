"""Push-ups: a straight body between toes and hands that stay on the floor."""

from __future__ import annotations

import numpy as np

from synth.bodies.kinematics import JOINT
from synth.bodies.synth_motion.curves import cycles, wobble
from synth.bodies.synth_motion.life import grasp, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet, placed
from synth.bodies.synth_motion.turns import UPRIGHT, rx, ry


def push_up(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Push-ups on straight legs; the hands stay on the floor."""
    relax(puppet, rng)
    t, body, size = puppet.t, puppet.body, puppet.size
    down = cycles(t, p["period"], rng.uniform(-0.6, 0.6)) * p["depth"]
    rest = body.rest_joints
    trunk = float(np.linalg.norm(rest[JOINT["left_shoulder"]][1:] - (rest[JOINT["left_hip"]])[1:]))
    arm = float(np.linalg.norm(rest[JOINT["left_wrist"]] - rest[JOINT["left_shoulder"]]))
    wrist = 0.049 * size
    for side in SIDES:
        foot, sole = puppet.feet[side], puppet.soles[side]
        got = placed(sole, np.array([0.0, SIGN[side] * 0.07 * size]), 0.0, np.full(len(t), 62.0))
        foot.ankle[:], foot.turn[:], foot.toes[:] = got
        foot.splay[:] = 0.0
    ankle = puppet.feet["left"].ankle[0]
    high = wrist + 0.965 * arm - 0.03
    shoulder = high + (0.15 * size + wrist - high) * 0.95 * down
    line = np.arcsin(np.clip((shoulder - ankle[2]) / (puppet.leg + trunk), -1, 1))
    pike = np.radians(3.0)
    rise = np.sin(line + pike)
    puppet.free_hips = True
    puppet.hips[:, 0] = ankle[0] + 0.985 * puppet.leg * np.cos(line + pike)
    puppet.hips[:, 2] = ankle[2] + 0.985 * puppet.leg * rise
    puppet.hips[:, 1] = 0.0
    puppet.tilt[:] = 90 - np.degrees(line) + 3.0
    puppet.bend[:] = 0.5
    puppet.steady[:] = 0.0
    puppet.nod[:] = -24 + 5 * wobble(rng, t, 4.0)
    top = np.arcsin((high - ankle[2]) / (puppet.leg + trunk))
    reach = ankle[0] + (puppet.leg + trunk) * np.cos(top)
    for side in SIDES:
        sign, own = SIGN[side], puppet.arms[side]
        own.frame = "world"
        own.reach[:] = [reach + 0.01, sign * (0.215 + 0.5 * p["wide"]) * size, wrist]
        own.weight[:] = 1.0
        own.palm[:] = UPRIGHT @ rx(-7.0)[0] @ ry(-sign * 90.0)[0]
        own.palm_weight[:] = 1.0
        own.pole[:] = [sign * 0.8, -0.75, -0.35]
        grasp(puppet, side, "open", 1.0)
        own.curl[:] = 0.0
