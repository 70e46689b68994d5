"""Kinds of standing: idling, waiting with the arms somewhere, stretching."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, ease
from synth.bodies.synth_motion.life import UNTIL, alive, bend_arm, grasp, hold, look_around, relax, shift_weight
from synth.bodies.synth_motion.puppet import SIDES, Puppet

# Of the left arm: from which joint, where the wrist is, palm down by, wrist bent by, where the elbow points, hand shape
_PLACES = {
    "hips": ("pelvis", (0.215, 0.115, 0.035), 35.0, 38.0, (0.9, -0.2, -0.35), "flat"),
    "pocket": ("pelvis", (0.2, -0.02, 0.035), 25.0, 6.0, (0.45, -0.4, -0.8), "flat"),
    "front": ("pelvis", (0.055, -0.045, 0.185), 25.0, 12.0, (0.75, -0.5, -0.3), "grip"),
    "back": ("pelvis", (0.065, 0.05, -0.215), -30.0, -8.0, (0.85, -0.3, -0.5), "relaxed"),
    "chest": ("spine3", (0.04, -0.03, 0.2), 55.0, 5.0, (0.7, -0.7, 0.1), "flat"),
}
_CROSSED = {"left": (-0.015, -0.135, 0.195), "right": (-0.03, -0.075, 0.22)}


def take_stand(puppet: Puppet, rng: np.random.Generator, width: tuple[float, float] = (0.14, 0.3)) -> None:
    """Stand in a way of one's own: how wide the feet are, how the arms hang, how upright the back is."""
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
    take_stand(puppet, rng)
    shift_weight(puppet, rng, p["shift"])
    look_around(puppet, rng, p["look"])
    alive(puppet, rng)


def rest_arms(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Wait with the arms somewhere: on the hips, crossed, in pockets, clasped; they go there and leave again."""
    take_stand(puppet, rng)
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


def stretch(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Stretch both arms over the head, bend back and to the side."""
    t = puppet.t
    take_stand(puppet, rng, (0.2, 0.32))
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
        bend_arm(arm, late, out=148.0, flex=12.0, rotate=10.0, elbow=22.0, pronate=60.0, wrist=-30.0)
        grasp(puppet, own, "open", late)
    puppet.lean += p["side"] * side
    puppet.bend += -9 * up
    puppet.nod += -14 * up
    alive(puppet, rng)
