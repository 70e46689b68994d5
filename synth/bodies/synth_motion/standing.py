"""Kinds of standing: idling with the arms somewhere, talking with gestures, waving, pointing, everyday hand work."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, ease, keys, moments, wobble
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, hold, look_around, relax, shift_weight
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.turns import rx, ry

# Of the left arm: from which joint, where the wrist is, palm down by, wrist bent by, where the elbow points, hand shape
_PLACES = {
    "hips": ("pelvis", (0.215, 0.115, 0.035), 35.0, 38.0, (0.9, -0.2, -0.35), "flat"),
    "pocket": ("pelvis", (0.2, -0.02, 0.035), 25.0, 6.0, (0.45, -0.4, -0.8), "flat"),
    "front": ("pelvis", (0.055, -0.045, 0.185), 25.0, 12.0, (0.75, -0.5, -0.3), "grip"),
    "back": ("pelvis", (0.065, 0.05, -0.215), -30.0, -8.0, (0.85, -0.3, -0.5), "relaxed"),
    "chest": ("spine3", (0.04, -0.03, 0.2), 55.0, 5.0, (0.7, -0.7, 0.1), "flat"),
}
_CROSSED = {"left": (-0.015, -0.135, 0.195), "right": (-0.03, -0.075, 0.22)}


def _stand(puppet: Puppet, rng: np.random.Generator, width: tuple[float, float] = (0.14, 0.3)) -> None:
    relax(puppet, rng)
    puppet.stand(rng.uniform(*width), rng.uniform(4, 14), rng.uniform(-0.14, 0.14))
    puppet.bend += rng.normal(2.0, 3.0)
    puppet.nod += rng.normal(3.0, 3.0)
    for side in SIDES:
        puppet.arms[side].out += rng.normal(1.0, 2.0)
        puppet.arms[side].elbow += np.clip(rng.normal(2.0, 7.0), -8, 22)


def put_arms(puppet: Puppet, place: str, weight: np.ndarray | float, sides: tuple[str, ...] = SIDES) -> None:
    """Arms on the hips, in pockets, clasped in front or behind, crossed, or a hand on the chest."""
    weight = np.broadcast_to(np.asarray(weight, dtype=np.float64), puppet.t.shape)
    for side in sides:
        if place == "crossed":
            spot = _CROSSED[side]
            hold(puppet, side, "spine3", spot, weight, 20.0, 24.0, (0.75, -0.75, 0.15))
            grasp(puppet, side, "relaxed", weight)
            continue
        frame, spot, pronate, wrist, pole, form = _PLACES[place]
        spot = np.array(spot)
        if place in ("front", "back"):  # one wrist lies in the other hand
            spot = spot + (np.array([0.0, -0.01, 0.055]) if side == "left" else np.array([0.02, 0.025, 0.0])) * (
                1.0 if place == "front" else -1.0
            )
        hold(puppet, side, frame, spot, weight, pronate, wrist, pole)
        grasp(puppet, side, form, weight)


def idle(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Wait: weight from leg to leg, looks around, arms hanging."""
    _stand(puppet, rng)
    shift_weight(puppet, rng, p["shift"])
    look_around(puppet, rng, p["look"])
    alive(puppet, rng)


def rest_arms(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Wait with the arms somewhere: on the hips, crossed, in pockets, clasped; they go there and leave again."""
    _stand(puppet, rng)
    shift_weight(puppet, rng, 0.3)
    look_around(puppet, rng, 30.0)
    place = ("hips", "crossed", "pocket", "front", "back")[int(p["place"]) % 5]
    start, end = rng.uniform(-2.0, 1.2), rng.uniform(5.0, 9.0)
    sides = SIDES
    if place in ("hips", "pocket") and rng.uniform() < 0.4:
        sides = (SIDES[int(rng.integers(2))],)
    for side in sides:
        late = rng.uniform(0, 0.25)
        put_arms(puppet, place, bump(puppet.t, start + late, start + 1.0 + late, end + late, end + 1.0 + late), (side,))
    alive(puppet, rng)


def talk(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Speak to somebody ahead with one or both hands: strokes between places before the chest, palms that turn."""
    _stand(puppet, rng)
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
        for form in set(forms):
            grasp(puppet, side, form, up * keys(beat, times, (forms == form).astype(float), rest=0.3))
    puppet.twist += 4 * energy * wobble(rng, t, 2.5)
    puppet.lean += 1.5 * energy * wobble(rng, t, 3.0)
    puppet.bend += 2.0 * energy * wobble(rng, t, 2.8)


def wave(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Raise a hand and wave with the forearm; lower it; again after a while."""
    _stand(puppet, rng)
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
    for name, value in (
        ("out", 62 + 66 * height), ("flex", 8.0 + 14 * height), ("rotate", -82.0 + 30 * height),
        ("elbow", 96 - 62 * height), ("pronate", 12.0), ("wrist", -6.0),
    ):  # fmt: skip
        channel = getattr(arm, name)
        channel[:] = channel + up * (value - channel)
    arm.elbow += 18 * swing * (1 - 0.4 * height)
    arm.out += 9 * swing * height
    arm.wrist += 0 * swing
    grasp(puppet, side, "open", up)
    puppet.lean += SIGN[side] * -3 * up + SIGN[side] * 1.0 * swing
    puppet.look += -SIGN[side] * 3 * up
    look_around(puppet, rng, 10.0)
    alive(puppet, rng)


def _everyday(puppet: Puppet, rng: np.random.Generator, gap: tuple[float, float], stay: tuple[float, float]):
    """A side, and how far the hand is there (T,): goes there, stays, comes back, again and again."""
    _stand(puppet, rng)
    shift_weight(puppet, rng, 0.28)
    alive(puppet, rng)
    side, start, up = SIDES[int(rng.integers(2))], rng.uniform(0.2, 0.8), np.zeros(len(puppet.t))
    while start < UNTIL:
        length = rng.uniform(*stay)
        up += bump(puppet.t, start, start + 0.85, start + 0.85 + length, start + 1.8 + length)
        start += 1.8 + length + rng.uniform(*gap)
    return side, up


def point(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Point at something in the distance and look there."""
    side, up = _everyday(puppet, rng, (0.4, 1.2), (0.9, 1.8))
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


def phone_call(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """A hand at the ear."""
    side, up = _everyday(puppet, rng, (0.6, 1.5), (6.0, 10.0))
    hold(puppet, side, "head", (0.155, -0.09, 0.085), up, -32.0, -8.0, (0.75, -0.75, 0.15))
    grasp(puppet, side, "grip", up)
    puppet.roll += SIGN[side] * -5 * up
    look_around(puppet, rng, 26.0)


def text_message(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Look down at the hands before the chest, thumbs busy."""
    side, up = _everyday(puppet, rng, (0.6, 1.5), (5.0, 9.0))
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
    side, up = _everyday(puppet, rng, (0.5, 1.5), (1.2, 2.6))
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
    side, up = _everyday(puppet, rng, (0.5, 1.4), (0.7, 1.6))
    low, high = np.array([0.17, -0.19, 0.25]), np.array([0.085, 0.145, 0.245])
    place = low + up[:, None] * (high - low)
    place[:, 2] += 0.05 * np.sin(np.pi * up)
    hold(puppet, side, "spine3", place, 1.0, -2.0 + 26 * up, 4.0 + 12 * up, (0.75, -0.6, 0.05))
    grasp(puppet, side, "grip", 1.0)
    puppet.nod += -12 * up**2
    look_around(puppet, rng, 22.0)


def stretch(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Stretch both arms over the head, bend back and to the side."""
    t = puppet.t
    _stand(puppet, rng, (0.2, 0.32))
    puppet.balance[:] = 1.0
    start, up, side = rng.uniform(0.2, 0.6), np.zeros(len(t)), np.zeros(len(t))
    while start < UNTIL:
        length = rng.uniform(2.0, 3.4)
        up += bump(t, start, start + 1.2, start + length, start + length + 1.2)
        side += (1 if rng.uniform() < 0.5 else -1) * bump(
            t, start + 0.9, start + 1.7, start + length - 0.4, start + length + 0.4
        )
        start += length + 1.2 + rng.uniform(0.4, 1.0)
    for k, own in enumerate(SIDES):
        arm, late = puppet.arms[own], ease(up - 0.05 * k, 0.0, 0.95)
        for name, value in (
            ("out", 148.0),
            ("flex", 12.0),
            ("rotate", 10.0),
            ("elbow", 22.0),
            ("pronate", 60.0),
            ("wrist", -30.0),
        ):
            channel = getattr(arm, name)
            channel[:] = channel + late * (value - channel)
        grasp(puppet, own, "open", late)
    puppet.lean += p["side"] * side
    puppet.bend += -9 * up
    puppet.nod += -14 * up
    alive(puppet, rng)


def clap(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Applaud: palms meet before the chest at a steady rate."""
    t = puppet.t
    _stand(puppet, rng)
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


__all__ = [
    "clap", "drink", "gesture", "idle", "phone_call", "point", "put_arms", "rest_arms", "stretch", "talk",
    "text_message", "touch_head", "wave",
]  # fmt: skip
