"""Kinds of fighting: boxing, and kicks."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, wobble
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, hold, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet, placed


def boxing(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """A boxer's guard, jabs and crosses, a bob of the knees; the rear heel up."""
    relax(puppet, rng)
    t = puppet.t
    front = SIDES[int(rng.integers(2))]
    rear, sign = SIDES[1 - SIDES.index(front)], SIGN[front]
    size = puppet.size
    yaw = -sign * np.radians(28.0)
    puppet.yaw = puppet.yaw + yaw
    puppet.plant(front, np.array([0.16, sign * 0.12]) * size, -sign * 0.25, 0.0)
    puppet.plant(rear, np.array([-0.17, -sign * 0.13]) * size, -sign * 0.75, 14.0)
    bounce = np.sin(2 * np.pi * t * rng.uniform(1.3, 1.9) + rng.uniform(0, 6))
    puppet.hips[:, 2] -= (0.075 + 0.012 * bounce) * size
    puppet.hips[:, 0] += 0.012 * size * wobble(rng, t, 1.8)
    puppet.bend += 12
    puppet.tilt += 4
    puppet.nod += 10
    guard = {front: np.array([0.075, 0.13, 0.3]), rear: np.array([0.06, 0.1, 0.2])}
    punch = {s: np.zeros(len(t)) for s in SIDES}
    time = rng.uniform(0.2, 0.6)
    while time < UNTIL:
        for k in range(int(rng.integers(1, 4))):
            own = front if k % 2 == 0 else rear
            if rng.uniform() < 0.2:
                own = front
            length = rng.uniform(0.19, 0.25)
            punch[own] += bump(t, time, time + length, time + length + 0.02, time + 2.1 * length)
            time += rng.uniform(0.4, 0.55)
        time += rng.uniform(0.25, 0.9) / p["energy"]
    for side in SIDES:
        out = punch[side]
        own = SIGN[side]
        far = np.array([0.02, 0.16, 0.55])
        place = guard[side] + out[:, None] * (far - guard[side])
        place[:, 1] += 0.008 * bounce
        hold(puppet, side, "spine3", place, 1.0, 10 + 55 * out, 0.0, (0.5, -0.85, -0.1))
        grasp(puppet, side, "fist", 1.0)
        puppet.twist += -own * (16 if side == front else 38) * out
        puppet.yaw = puppet.yaw - own * np.radians(5 if side == front else 12) * out
    puppet.look += sign * 27
    puppet.steady[:] = 0.8
    for side in SIDES:
        puppet.feet[side].splay += 6
    alive(puppet, rng, 0.4)


def kick(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Kick forwards as at a ball, from standing on one leg; arms out for balance."""
    relax(puppet, rng)
    t = puppet.t
    side = SIDES[int(rng.integers(2))]
    sign, size = SIGN[side], puppet.size
    puppet.stand(0.18, 6.0)
    home = puppet.feet[side].ankle[0].copy()
    foot, sole = puppet.feet[side], puppet.soles[side]
    start = rng.uniform(0.4, 0.8)
    lifted, back, out = np.zeros(len(t)), np.zeros(len(t)), np.zeros(len(t))
    moves = []
    while start < UNTIL:
        moves.append(start)
        lifted += bump(t, start, start + 0.4, start + 1.0, start + 1.5)
        back += bump(t, start + 0.1, start + 0.45, start + 0.46, start + 0.72)
        out += bump(t, start + 0.45, start + 0.78, start + 0.8, start + 1.4)
        start += 1.5 + rng.uniform(0.8, 1.5)

    pitch = 46 * back - 6 * out * p["height"]
    _, turn, toes = placed(sole, np.zeros(2), sign * 0.1, pitch)
    height = home[2] + size * (0.05 * lifted + 0.22 * back + (0.1 + 0.5 * p["height"]) * out)
    foot.ankle[:] = home + np.stack(
        [size * (-0.36 * back + (0.45 + 0.15 * p["height"]) * out), 0 * t, height - home[2]], 1
    )
    moving = lifted > 1e-9
    foot.turn[moving], foot.toes[moving] = turn[moving], turn[moving]
    foot.stands[:] = ~moving
    shift = np.zeros(len(t))
    for start in moves:
        shift += bump(t, start - 0.5, start - 0.02, start + 1.5, start + 1.95)
    puppet.balance[:] = 1.0
    puppet.share[:] = 0.5 - sign * 0.47 * shift
    foot.ankle[~moving] = home
    puppet.sway += -sign * 5 * lifted
    puppet.lean += sign * 5 * lifted
    puppet.tilt += 8 * back - 14 * out * (0.4 + p["height"])
    puppet.bend += 6 * out
    puppet.hips[:, 2] -= 0.02 * size * shift
    for own in SIDES:
        arm = puppet.arms[own]
        arm.out += 28 * lifted
        arm.elbow += 20 * lifted
        arm.flex += (18 if own != side else -26) * out - (18 if own != side else -20) * back
    puppet.nod += 10 * lifted
    alive(puppet, rng, 0.6)
