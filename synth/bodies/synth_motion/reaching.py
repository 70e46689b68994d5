"""Kinds that reach: for something at any height, picking up from the floor, lifting with both hands."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, ease, keys
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.turns import UPRIGHT, rx, ry


def _ready(
    puppet: Puppet, rng: np.random.Generator, width: tuple[float, float] = (0.2, 0.3), stagger: float = 0.12
) -> None:
    relax(puppet, rng)
    puppet.stand(rng.uniform(*width), rng.uniform(6, 14), rng.uniform(-stagger, stagger))
    puppet.balance[:] = 1.0
    alive(puppet, rng)


def _world(puppet: Puppet, side: str, place: np.ndarray, weight: np.ndarray) -> None:
    arm = puppet.arms[side]
    arm.frame = "world"
    arm.reach[:], arm.weight[:] = place * puppet.size, weight


def stoop(puppet: Puppet, low: np.ndarray, squat: float) -> None:
    """Go down by ``low`` (T,) from standing at 0 to where hands touch the floor at 1; ``squat`` in [0,1] by the knees
    rather than by the back."""
    puppet.hips[:, 2] -= low * (0.13 + 0.4 * squat) * puppet.size
    puppet.tilt += low * (73 - 40 * squat)
    puppet.bend += low * (53 - 12 * squat)
    puppet.steady[:] = 0.7 - 0.25 * low
    puppet.nod += low * (16 + 8 * squat)
    for side in SIDES:
        puppet.feet[side].splay += 14 * squat * low


def reach(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Reach with one hand for something on a shelf or table, hold on, bring it back; trunk and eyes go along."""
    _ready(puppet, rng)
    t, side = puppet.t, SIDES[int(rng.integers(2))]
    sign, start, up = SIGN[side], rng.uniform(0.3, 0.7), np.zeros(len(t))
    times, places = [start], [np.array([0.38, sign * 0.2, p["height"]])]
    while start < UNTIL:
        length = rng.uniform(0.7, 1.5)
        up += bump(t, start, start + 1.0, start + 1.0 + length, start + 2.0 + length)
        start += 2.1 + length + rng.uniform(0.2, 0.8)
        far, angle = rng.uniform(0.36, 0.55), sign * rng.uniform(-35, 60)
        height = np.clip(p["height"] + rng.normal(0, 0.15), 0.55, 1.85)
        times.append(start)
        places.append(np.array([far * np.cos(np.radians(angle)), far * np.sin(np.radians(angle)), height]))
    place = keys(t, np.array(times), np.array(places), rest=0.75)
    _world(puppet, side, place, up)
    height, angle = place[:, 2], np.degrees(np.arctan2(place[:, 1], place[:, 0]))
    low = np.clip((1.05 - height) / 0.9, 0, 1)
    stoop(puppet, 0.75 * low * up, 0.25)
    high = np.clip((height - 1.5) / 0.4, 0, 1)
    puppet.lean += -sign * 8 * high * up
    puppet.twist += up * 0.3 * (angle + sign * -14)
    puppet.bend += up * 6 * (1 - high)
    puppet.look += up * np.clip(0.8 * angle, -55, 55)
    puppet.nod += up * np.clip((1.45 - height) * 34, -28, 30)
    puppet.arms[side].wrist += -10 * up
    puppet.arms[side].pronate += 20 * up
    grasp(puppet, side, "open", bump(up, 0.1, 0.6, 0.85, 1.0))
    grasp(puppet, side, "grip", ease(up, 0.85, 1.0))


def pick_up(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Pick something small from the floor with one hand, look at it, put it away."""
    _ready(puppet, rng, stagger=0.3)
    t, side = puppet.t, SIDES[int(rng.integers(2))]
    sign, start, down, show = SIGN[side], rng.uniform(0.3, 0.7), np.zeros(len(t)), np.zeros(len(t))
    while start < UNTIL:
        down += bump(t, start, start + 1.15, start + 1.45, start + 2.5)
        show += bump(t, start + 1.8, start + 2.7, start + 3.3, start + 4.2)
        start += 4.3 + rng.uniform(0.3, 1.0)
    spot = np.array([rng.uniform(0.3, 0.42), sign * rng.uniform(0.05, 0.22), 0.1])
    stoop(puppet, 0.95 * down, p["squat"])
    belly = np.array([0.33, sign * 0.12, 1.12])
    weight = np.maximum(ease(down, 0.05, 1.0), show)
    mix = (show / np.maximum(show + ease(down, 0.05, 1.0), 1e-6))[:, None]
    _world(puppet, side, spot + mix * (belly - spot), weight)
    puppet.twist += sign * -8 * down
    puppet.nod += 18 * show
    other = puppet.arms[SIDES[SIDES.index(side) - 1]]
    other.flex += 12 * down  # hangs, or rests on the thigh
    other.out += 6 * down
    grasp(puppet, side, "open", bump(down, 0.2, 0.8, 0.9, 1.0))
    grasp(puppet, side, "pinch", np.maximum(ease(down, 0.9, 1.0), show))


def lift(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Lift a box from the floor with both hands, hold it before the belly, put it down again."""
    _ready(puppet, rng, (0.26, 0.38))
    t = puppet.t
    start, down, held = rng.uniform(0.3, 0.7), np.zeros(len(t)), np.zeros(len(t))
    while start < UNTIL:
        stay = rng.uniform(0.8, 2.0)
        down += bump(t, start, start + 1.3, start + 1.7, start + 3.1)
        again = start + 3.1 + stay
        down += bump(t, again, again + 1.4, again + 1.8, again + 3.0)
        held += bump(t, start + 1.5, start + 1.7, again + 1.4, again + 1.6)
        start = again + 3.0 + rng.uniform(0.4, 1.0)
    stoop(puppet, 0.95 * down, p["squat"])
    half, far = p["width"] / 2, rng.uniform(0.34, 0.4)
    for side in SIDES:
        low = np.array([far, SIGN[side] * half, 0.26])
        high = np.array([0.33, SIGN[side] * half, p["height"]])
        lowness = ease(down, 0.0, 1.0)[:, None]
        _world(puppet, side, high + lowness * (low - high), np.maximum(ease(down, 0.1, 0.95), held))
        arm, sign = puppet.arms[side], SIGN[side]
        arm.palm[:] = facing_palms(sign)
        arm.palm_weight[:] = 0.7 * np.maximum(ease(down, 0.4, 1.0), held)
        grasp(puppet, side, "flat", np.maximum(ease(down, 0.5, 1.0), held))
        arm.pole[:] = [sign * 0.5, -0.6, -0.6]
    puppet.tilt -= 6 * held * (1 - down)
    puppet.nod += 6 * held


def facing_palms(sign: float) -> np.ndarray:
    """(3,3) canonical -> world of a hand whose fingers point ahead (+x) and down a little, its palm to the middle."""
    return UPRIGHT @ (rx(25.0) @ ry(-sign * 90.0) @ rx(-90.0))[0]
