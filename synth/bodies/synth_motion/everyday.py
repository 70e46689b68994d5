"""Kinds of everyday hand work: phone, drinking, a hand at the head."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, wobble
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, hold, look_around, shift_weight
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.standing import take_stand


def now_and_then(puppet: Puppet, rng: np.random.Generator, gap: tuple[float, float], stay: tuple[float, float]):
    """A side, and how far the hand is there (T,): goes there, stays, comes back, again and again."""
    take_stand(puppet, rng)
    shift_weight(puppet, rng, 0.28)
    alive(puppet, rng)
    side, start, up = SIDES[int(rng.integers(2))], rng.uniform(0.2, 0.8), np.zeros(len(puppet.t))
    while start < UNTIL:
        length = rng.uniform(*stay)
        up += bump(puppet.t, start, start + 0.85, start + 0.85 + length, start + 1.8 + length)
        start += 1.8 + length + rng.uniform(*gap)
    return side, up


def phone_call(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """A hand at the ear."""
    side, up = now_and_then(puppet, rng, (0.6, 1.5), (6.0, 10.0))
    hold(puppet, side, "head", (0.155, -0.09, 0.085), up, -32.0, -8.0, (0.75, -0.75, 0.15))
    grasp(puppet, side, "grip", up)
    puppet.roll += SIGN[side] * -5 * up
    look_around(puppet, rng, 26.0)


def text_message(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Look down at the hands before the chest, thumbs busy."""
    side, up = now_and_then(puppet, rng, (0.6, 1.5), (5.0, 9.0))
    two = p["hands"] >= 2
    for other in SIDES if two else (side,):
        hold(puppet, other, "spine3", (0.105, -0.115, 0.275), up, -28.0, 4.0, (0.65, -0.8, -0.3))
        grasp(puppet, other, "grip", up)
        arm = puppet.arms[other]
        arm.curl[:, 4] = np.clip(arm.curl[:, 4] + up * 0.25 * wobble(rng, puppet.t, 0.6), 0, 1)
    puppet.nod += up * rng.uniform(24, 34)
    puppet.bend += 5 * up
    puppet.eyes[:, 1] += 10 * up


def touch_head(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Scratch the head, rub the neck or hold the chin."""
    side, up = now_and_then(puppet, rng, (0.5, 1.5), (1.2, 2.6))
    where = int(p["where"]) % 3
    place, pronate, wrist, pole, form = (
        ((0.155, 0.13, 0.03), 10.0, 28.0, (0.95, 0.0, 0.1), "relaxed"),
        ((0.16, -0.03, -0.075), 20.0, 32.0, (0.9, 0.15, 0.3), "relaxed"),
        ((0.075, -0.15, 0.135), -10.0, 30.0, (0.55, -0.85, 0.1), "relaxed"),
    )[where]
    rub = np.sin(2 * np.pi * 2.3 * puppet.t)[:, None] * np.array([0.0, 0.012, 0.012]) * (where < 2)
    hold(puppet, side, "head", np.array(place) + rub, up, pronate, wrist, pole)
    grasp(puppet, side, form, up)
    puppet.roll += SIGN[side] * (-6 if where == 0 else 4) * up
    puppet.nod += (8.0, 10.0, 4.0)[where] * up
    look_around(puppet, rng, 16.0)


def drink(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Hold a cup before the belly and bring it to the mouth."""
    side, up = now_and_then(puppet, rng, (0.5, 1.4), (0.7, 1.6))
    low, high = np.array([0.17, -0.19, 0.25]), np.array([0.085, 0.145, 0.245])
    place = low + up[:, None] * (high - low)
    place[:, 2] += 0.05 * np.sin(np.pi * up)
    hold(puppet, side, "spine3", place, 1.0, -2.0 + 26 * up, 4.0 + 12 * up, (0.75, -0.6, 0.05))
    grasp(puppet, side, "grip", 1.0)
    puppet.nod += -12 * up**2
    look_around(puppet, rng, 22.0)
