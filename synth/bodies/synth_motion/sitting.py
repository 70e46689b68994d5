"""Kinds of sitting: down on a seat and up again, and seated life. The seat itself is the kind's scenery."""

from __future__ import annotations

import numpy as np

from synth.bodies.kinematics import BodyGeometry
from synth.bodies.scenery import Scenery, stool
from synth.bodies.synth_motion.curves import bump, ease, wobble
from synth.bodies.synth_motion.gestures import gesture
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, look_around, relax
from synth.bodies.synth_motion.puppet import REFERENCE_LEG, SIDES, SIGN, Puppet

_FLESH = 0.085  # m from the seat up to the hip joints
_BEHIND = 0.03  # m that the middle of a seat lies behind the hip joints
_BACK = 0.36  # m from the ankles back to the hip joints of somebody seated


def seat(body: BodyGeometry, p: dict[str, float]) -> Scenery:
    """The stool of somebody whose motion is at the origin."""
    return stool(np.array([-_BACK * body.leg_length / REFERENCE_LEG - _BEHIND, 0.0, p["seat"]]))


def sit(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Sit down on a seat, stay a while, stand up: the trunk bows to bring its weight over the feet both ways."""
    relax(puppet, rng)
    t = puppet.t
    start, seated, bow = rng.uniform(0.3, 0.7), np.zeros(len(t)), np.zeros(len(t))
    while start < UNTIL:
        stay, down, up = rng.uniform(1.2, 2.6), rng.uniform(1.3, 1.7), rng.uniform(1.2, 1.5)
        rise = start + down + stay
        seated += bump(t, start + 0.1, start + down, rise + 0.2 * up, rise + up)
        bow += bump(t, start, start + 0.55 * down, start + 0.62 * down, start + down + 0.45)
        bow += 1.15 * bump(t, rise - 0.35, rise + 0.25 * up, rise + 0.35 * up, rise + up)
        start = rise + up + rng.uniform(0.5, 1.1)
    _sit(puppet, rng, seated, bow, p)
    look_around(puppet, rng, 20.0)
    alive(puppet, rng)


def seated(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Stay on the seat: look about, shift, or talk with the hands."""
    relax(puppet, rng)
    count = len(puppet.t)
    _sit(puppet, rng, np.ones(count), 0.35 * np.maximum(0, wobble(rng, puppet.t, 6.0)), p)
    if p["talks"] >= 1:
        for side in SIDES:
            puppet.arms[side].weight[:] = 0.0
            puppet.arms[side].flex[:] = 18.0
            puppet.arms[side].elbow[:] = 62.0
        gesture(puppet, rng, 1.0)
        for side in SIDES:
            if not puppet.arms[side].weight.any():
                _hands_on_thighs(puppet, side, np.ones(count), p)
    look_around(puppet, rng, 34.0)
    alive(puppet, rng)


def _sit(puppet: Puppet, rng: np.random.Generator, seated: np.ndarray, bow: np.ndarray, p: dict[str, float]) -> None:
    puppet.stand(rng.uniform(0.18, 0.34), rng.uniform(4, 16), rng.uniform(-0.06, 0.06))
    height = p["seat"] + _FLESH * puppet.size
    puppet.hips[:, 2] += seated * (height - puppet.standing)
    puppet.hips[:, 0] += -_BACK * puppet.size * seated**0.8
    puppet.balance[:] = (1 - seated) ** 2
    slouch = rng.uniform(-4, 12)
    puppet.tilt += 34 * bow + seated * (-6 - 0.4 * slouch)
    puppet.bend += 14 * bow + seated * (4 + slouch)
    puppet.nod += 3 + 6 * bow
    for side in SIDES:
        puppet.feet[side].splay += 8 * seated
        arm = puppet.arms[side]
        arm.flex += 34 * bow * (1 - seated)
        _hands_on_thighs(puppet, side, ease(seated, 0.25, 1.0) * rng.uniform(0.97, 1.0), p)


def _hands_on_thighs(puppet: Puppet, side: str, weight: np.ndarray, p: dict[str, float]) -> None:
    arm, sign, size = puppet.arms[side], SIGN[side], puppet.size
    arm.frame = "world"
    arm.reach[:] = np.array([-_BACK + 0.235, sign * 0.135, 0.0]) * size + [0.0, 0.0, p["seat"] + 0.222 * size]
    arm.weight[:] = weight
    arm.arc = (sign * 0.07, 0.07, 0.04)  # over the thigh that rises meanwhile
    arm.pole[:] = [sign * 0.7, -0.35, -0.65]
    arm.pronate[:] = arm.pronate + weight * (48 - arm.pronate)
    arm.wrist[:] = arm.wrist + weight * (2 - arm.wrist)
    grasp(puppet, side, "relaxed", weight)
