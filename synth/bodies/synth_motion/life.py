"""What every body does all the time: breathing, small sways, fingers and head that are never quite still."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import keys, moments, wobble
from synth.bodies.synth_motion.hands import shape
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Arm, Puppet

UNTIL = 40.0  # s: draws are made for a motion this long, so that any part of it is the same motion


def alive(puppet: Puppet, rng: np.random.Generator, size: float = 1.0) -> None:
    """Add breathing, head and finger movement of the given size."""
    t = puppet.t
    breath = np.sin(2 * np.pi * t / rng.uniform(3.0, 4.6) + rng.uniform(0, 6))
    puppet.bend += -0.7 * size * breath
    puppet.nod += 1.6 * size * wobble(rng, t, 4.5) + 0.4 * breath
    puppet.look += 3.0 * size * wobble(rng, t, 6.0)
    puppet.roll += 1.5 * size * wobble(rng, t, 5.0)
    for side in SIDES:
        arm = puppet.arms[side]
        arm.flex += 1.5 * size * wobble(rng, t, 4.0)
        arm.out += 0.8 * size * wobble(rng, t, 5.0) + 0.5 * breath
        for finger in range(5):
            arm.curl[:, finger] += 0.05 * wobble(rng, t, 3.0)
        arm.curl[:] = np.clip(arm.curl + 0.07 * wobble(rng, t, 5.0)[:, None], 0.0, 1.0)


def relax(puppet: Puppet, rng: np.random.Generator) -> None:
    """Both hands relaxed, each in its own way."""
    for side in SIDES:
        puppet.arms[side].curl[:] = shape("relaxed")[:5] * rng.uniform(0.7, 1.35)
        puppet.arms[side].spread[:] = rng.uniform(0.0, 3.0)


def shift_weight(puppet: Puppet, rng: np.random.Generator, most: float = 0.36, gap: tuple = (1.6, 4.5)) -> None:
    """Let the weight go from leg to leg at random moments; the pelvis drops on the free side."""
    times = moments(rng, UNTIL, gap, -2.0)
    values = 0.5 + rng.uniform(0.25 * most, most, len(times)) * np.where(np.arange(len(times)) % 2, 1, -1)
    values[rng.uniform(size=len(times)) < 0.2] = 0.5
    share = keys(puppet.t, times, values, rest=0.45)
    side = share - 0.5 + 0.03 * wobble(rng, puppet.t, 2.2)
    puppet.share[:] = 0.5 + side
    puppet.balance[:] = 1.0
    puppet.sway += 9.0 * side  # the hip of the loaded side is the higher one
    puppet.lean += -10.5 * side
    puppet.hips[:, 2] -= 0.006 * puppet.size


def look_around(puppet: Puppet, rng: np.random.Generator, wide: float = 38.0, gap: tuple = (0.8, 2.8)) -> None:
    """Turn the head to random directions; chest and eyes go along, eyes first."""
    times = moments(rng, UNTIL, gap, -1.0)
    looks = np.clip(rng.normal(0, 0.55 * wide, len(times)), -1.5 * wide, 1.5 * wide)
    nods = rng.normal(4.0, 6.0, len(times))
    look = keys(puppet.t, times, looks, rest=0.55)
    puppet.look += look
    puppet.twist += 0.22 * keys(puppet.t - 0.12, times, looks, rest=0.55)
    puppet.nod += keys(puppet.t, times, nods, rest=0.55)
    ahead = keys(puppet.t + 0.12, times, looks, rest=0.55)
    puppet.eyes[:, 0] += np.clip(0.6 * (ahead - look), -22, 22)


def hold(puppet: Puppet, side: str, frame: str, place, weight, pronate=None, wrist=None, pole=None) -> None:
    """Bring a wrist to ``place`` (3,) or (T,3), given for the left and mirrored for the right, seen from ``frame``."""
    arm, mirror = puppet.arms[side], np.array([SIGN[side], 1.0, 1.0])
    arm.frame = frame
    weight = np.broadcast_to(np.asarray(weight, dtype=np.float64), puppet.t.shape)
    arm.reach[:] = np.asarray(place, dtype=np.float64) * mirror
    arm.weight[:] = weight
    if frame == "head":  # a hand goes to the head by way of the front, not past the shoulder
        arm.arc = (SIGN[side] * 0.12, 0.0, 0.24)
    if pole is not None:
        arm.pole[:] = np.asarray(pole, dtype=np.float64) * mirror
    if pronate is not None:
        towards(arm.pronate, weight, pronate)
    if wrist is not None:
        towards(arm.wrist, weight, wrist)


def grasp(puppet: Puppet, side: str, name: str, weight) -> None:
    """Form a hand shape to the degree ``weight`` (T,)."""
    arm, wanted = puppet.arms[side], shape(name)
    weight = np.broadcast_to(np.asarray(weight, dtype=np.float64), puppet.t.shape)
    arm.curl[:] = arm.curl + weight[:, None] * (wanted[:5] - arm.curl)
    arm.spread[:] = arm.spread + weight * (wanted[5] - arm.spread)


def towards(channel: np.ndarray, weight: np.ndarray | float, value: np.ndarray | float) -> None:
    """Move a channel (T,) towards a value by a weight, in place."""
    channel[:] = channel + weight * (value - channel)


def bend_arm(arm: Arm, weight: np.ndarray | float, **angles: np.ndarray | float) -> None:
    """Move an arm's named angles towards values by a weight."""
    for name, value in angles.items():
        towards(getattr(arm, name), weight, value)
