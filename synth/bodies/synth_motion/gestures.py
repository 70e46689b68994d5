"""Kinds that speak with the hands: talking gestures, waving, pointing, clapping."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, keys, moments, wobble
from synth.bodies.synth_motion.everyday import now_and_then
from synth.bodies.synth_motion.life import UNTIL, alive, bend_arm, grasp, hold, look_around, shift_weight
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.standing import take_stand
from synth.bodies.synth_motion.turns import rx, ry


def talk(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Speak to somebody ahead with one or both hands: strokes between places before the chest, palms that turn."""
    take_stand(puppet, rng)
    shift_weight(puppet, rng, 0.25)
    gesture(puppet, rng, p["energy"])
    nods = np.maximum(0, wobble(rng, puppet.t, 1.3))
    puppet.nod += 4 * p["energy"] * nods
    look_around(puppet, rng, 14.0)
    alive(puppet, rng)


def gesture(puppet: Puppet, rng: np.random.Generator, energy: float) -> None:
    """Talking hands for any body that stands or sits."""
    t = puppet.t
    both = rng.uniform() < 0.6
    lead = SIDES[int(rng.integers(2))]
    times = moments(rng, UNTIL, (0.38, 1.1), -1.5)
    count = len(times)
    centre = np.array([0.15, -0.17, 0.27])
    places = centre + rng.normal(0, 1, (count, 3)) * np.array([0.075, 0.08, 0.055]) * energy
    places[:, 0] = np.clip(places[:, 0], 0.09 if both else 0.05, 0.36)
    places[:, 2] = np.clip(places[:, 2], 0.2, 0.4)
    palms = rng.uniform(-45, 65, count)
    wrists = rng.normal(-6, 12, count)
    up = keys(t, times, (rng.uniform(size=count) < 0.82).astype(float), rest=0.1)
    for side in SIDES:
        if side != lead and not both:
            continue
        own = places if side == lead else places + rng.normal(0, 0.03, places.shape)
        beat = t if side == lead else t - 0.06
        place = keys(beat, times, own, rest=0.35)
        place[:, 1] += 0.012 * np.sin(2 * np.pi * t * rng.uniform(1.6, 2.4)) * up
        hold(
            puppet, side, "spine3", place, up, keys(beat, times, palms, rest=0.3), keys(beat, times, wrists, rest=0.3),
            (0.7, -0.7, -0.35),
        )  # fmt: skip
        forms = rng.choice(["open", "relaxed", "flat", "pinch", "point"], count, p=[0.36, 0.34, 0.14, 0.1, 0.06])
        for form in sorted(set(forms)):  # the order counts, and that of sets changes from process to process
            grasp(puppet, side, form, up * keys(beat, times, (forms == form).astype(float), rest=0.3))
    puppet.twist += 4 * energy * wobble(rng, t, 2.5)
    puppet.lean += 1.5 * energy * wobble(rng, t, 3.0)
    puppet.bend += 2.0 * energy * wobble(rng, t, 2.8)


def wave(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Raise a hand and wave with the forearm; lower it; again after a while."""
    take_stand(puppet, rng)
    shift_weight(puppet, rng, 0.2)
    t, side = puppet.t, SIDES[int(rng.integers(2))]
    start = rng.uniform(0.2, 0.7)
    length = rng.uniform(2.2, 3.4)
    up = np.zeros(len(t))
    while start < UNTIL:
        up += bump(t, start, start + 0.6, start + length, start + length + 0.7)
        start += length + 0.7 + rng.uniform(0.6, 1.4)
    swing = np.sin(2 * np.pi * p["rate"] * t + rng.uniform(0, 6)) * up**2
    arm = puppet.arms[side]
    height = p["height"]  # 0: at the shoulder, 1: over the head
    # upper arm out to the side, forearm up: turned outwards about its length
    bend_arm(
        arm, up, out=62 + 66 * height, flex=8.0 + 14 * height, rotate=-82.0 + 30 * height, elbow=96 - 62 * height,
        pronate=12.0, wrist=-6.0,
    )  # fmt: skip
    arm.elbow += 18 * swing * (1 - 0.4 * height)
    arm.out += 9 * swing * height
    grasp(puppet, side, "open", up)
    puppet.lean += SIGN[side] * -3 * up + SIGN[side] * 1.0 * swing
    puppet.look += -SIGN[side] * 3 * up
    look_around(puppet, rng, 10.0)
    alive(puppet, rng)


def point(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Point at something in the distance and look there."""
    side, up = now_and_then(puppet, rng, (0.4, 1.2), (0.9, 1.8))
    times = moments(rng, UNTIL, (3.0, 4.5), -1.0)
    aims = SIGN[side] * rng.uniform(-12, p["wide"], len(times))
    heights = rng.uniform(72, 112, len(times))
    aim, height = keys(puppet.t, times, aims, rest=0.5), keys(puppet.t, times, heights, rest=0.5)
    direction = (ry(aim) @ rx(90.0 - height))[..., 2]
    place = np.array([SIGN[side] * 0.17, 0.13, 0.03]) + 0.485 * direction
    hold(puppet, side, "spine3", place * [SIGN[side], 1, 1], up, 35.0, -4.0, (0.55, -0.85, -0.2))
    grasp(puppet, side, "point", up)
    puppet.look += up * np.clip(1.1 * aim, -60, 60)
    puppet.nod += up * (90 - height) * 0.35
    puppet.twist += up * 0.22 * aim


def clap(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Applaud: palms meet before the chest at a steady rate."""
    t = puppet.t
    take_stand(puppet, rng)
    shift_weight(puppet, rng, 0.2)
    start = rng.uniform(0.2, 0.6)
    up, raised = bump(t, start, start + 0.6, start + 7.0, start + 7.8), rng.uniform(-0.03, 0.06)
    apart = 0.5 + 0.5 * np.cos(2 * np.pi * p["rate"] * t)
    for side in SIDES:
        x = 0.05 + 0.085 * apart + (0.0 if side == "left" else 0.004)
        place = np.stack(
            [x, -0.06 + raised + 0.02 * apart + (0.02 if side == "left" else 0), 0.27 - 0.015 * apart], axis=1
        )
        hold(puppet, side, "spine3", place, up, None, None, (0.75, -0.65, -0.1))
        # fingers ahead, inwards and up; palms face each other
        arm, sign = puppet.arms[side], SIGN[side]
        arm.palm[:] = rx(-38.0) @ ry(-sign * 78.0) @ rx(-90.0)
        arm.palm_weight[:] = up
        grasp(puppet, side, "flat", up)
    puppet.nod += 1.5 * np.cos(2 * np.pi * p["rate"] * t) * up
    look_around(puppet, rng, 12.0)
    alive(puppet, rng)
