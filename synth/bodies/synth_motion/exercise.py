"""Kinds of exercise on the feet: squats, lunges, bends, twists, arm circles."""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import bump, cycles, ease, keys
from synth.bodies.synth_motion.life import UNTIL, alive, bend_arm, grasp, hold, relax, towards
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet, placed
from synth.bodies.synth_motion.standing import put_arms
from synth.bodies.synth_motion.steps import Stance, step_through


def _ready(puppet: Puppet, rng: np.random.Generator, width: float, toe_out: float = 10.0) -> None:
    relax(puppet, rng)
    puppet.stand(width, toe_out)
    puppet.balance[:] = 1.0
    alive(puppet, rng, 0.6)


def squat(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Knee bends, arms stretched forwards, crossed or hanging."""
    _ready(puppet, rng, rng.uniform(0.3, 0.46), rng.uniform(10, 24))
    down = cycles(puppet.t, p["period"], rng.uniform(-0.5, 0.6)) * p["depth"]
    puppet.hips[:, 2] -= 0.47 * puppet.size * down
    puppet.tilt += 30 * down
    puppet.bend += 14 * down
    puppet.nod += -4 * down
    for side in SIDES:
        arm = puppet.arms[side]
        puppet.feet[side].splay += 16 * down
        bend_arm(arm, down, flex=84.0, out=6.0, elbow=8.0, pronate=70.0)


def lunge(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Step forwards into a lunge and back, sides in turn; hands on the hips or hanging."""
    relax(puppet, rng)
    t, period = puppet.t, p["period"]
    puppet.stand(0.2, 4.0)
    homes = {s: puppet.feet[s].ankle[0, :2].copy() for s in SIDES}
    start = rng.uniform(0.2, 0.6)
    depth, ahead = np.zeros(len(t)), np.zeros(len(t))
    lines = {s: [Stance(-np.inf, np.inf, tuple(homes[s]), 0.0)] for s in SIDES}
    pitch = {s: np.zeros(len(t)) for s in SIDES}
    side = SIDES[int(rng.integers(2))]
    far = 0.62 * puppet.size
    while start < UNTIL:
        other = SIDES[1 - SIDES.index(side)]
        go, land = start, start + 0.3 * period
        leave, back = start + 0.62 * period, start + 0.92 * period
        line = lines[side]
        line[-1] = Stance(line[-1].start, go, line[-1].spot, 0.0, line[-1].strike, 0.12, 14.0, 0.2)
        line.append(Stance(land, leave, (homes[side][0] + far, homes[side][1]), 0.0, 14.0, 0.12, 8.0, 0.15))
        line.append(Stance(back, np.inf, tuple(homes[side]), 0.0, -14.0, 0.15))
        pitch[other] += 44 * bump(
            t, go + 0.12 * period, land + 0.16 * period, leave - 0.1 * period, back - 0.06 * period
        )
        depth += bump(t, go + 0.1 * period, land + 0.18 * period, leave - 0.12 * period, back)
        ahead += bump(t, go, land + 0.05 * period, leave - 0.05 * period, back)
        side, start = other, start + period * 1.08
    for own in SIDES:
        foot = puppet.feet[own]
        step_through(foot, puppet.soles[own], t, lines[own], 0.05)
        lifted = pitch[own] > 0.05  # the heel of the foot that stays behind
        if lifted.any():
            got = placed(puppet.soles[own], homes[own], 0.0, pitch[own][lifted])
            foot.ankle[lifted], foot.turn[lifted], foot.toes[lifted] = got
    puppet.hips[:, 0] += 0.5 * far * ahead
    puppet.hips[:, 2] -= (0.025 + 0.34 * p["depth"] * depth) * puppet.size
    puppet.tilt += 5 * ahead
    puppet.bend += 3 * ahead
    if p["hands"] >= 1:
        put_arms(puppet, "hips", 1.0)
    else:
        for own in SIDES:
            towards(puppet.arms[own].elbow, 0.6 * ahead, 40.0)
    alive(puppet, rng, 0.6)


def side_bend(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Bend to either side in turn, an arm over the head, the other hand down the leg or on the hip."""
    _ready(puppet, rng, rng.uniform(0.3, 0.45))
    t = puppet.t
    times = np.arange(-2.0, UNTIL, p["period"])
    sides = np.where(np.arange(len(times)) % 2, 1.0, -1.0)
    lean = keys(t, times, sides, rest=0.25)
    puppet.lean += p["degrees"] * lean
    puppet.sway += -5 * lean
    for side in SIDES:
        over = np.clip(SIGN[side] * lean, 0, 1)
        over = ease(over, 0.0, 0.8)
        arm = puppet.arms[side]
        bend_arm(arm, over, out=140.0, flex=16.0, elbow=30.0, rotate=0.0)
        arm.out += 0.9 * p["degrees"] * np.clip(-SIGN[side] * lean, 0, 1)  # hangs, whatever the trunk does
        grasp(puppet, side, "open", over)
    puppet.roll += 0.25 * p["degrees"] * lean


def toe_touch(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Bend forwards until the hands are near the feet, and up again, arms high."""
    _ready(puppet, rng, rng.uniform(0.16, 0.4))
    down = cycles(puppet.t, p["period"], rng.uniform(-0.5, 0.5), 0.25)
    puppet.tilt += 70 * p["depth"] * down
    puppet.bend += 52 * p["depth"] * down
    puppet.hips[:, 2] -= 0.02 * down * puppet.size
    puppet.steady[:] = 0.6 * (1 - down)
    puppet.nod += 8 * down
    high = p["arms"] * (1 - down)
    for side in SIDES:
        arm = puppet.arms[side]
        arm.flex += 158 * high + (58.0 + 14 * p["depth"]) * down
        towards(arm.out, high, 14.0)
        towards(arm.elbow, down, 6.0)
        grasp(puppet, side, "flat", down)


def torso_twist(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Turn the trunk to and fro with the elbows out."""
    _ready(puppet, rng, rng.uniform(0.28, 0.42))
    swing = np.sin(2 * np.pi * puppet.t / p["period"] + rng.uniform(0, 6))
    puppet.twist += p["degrees"] * swing
    puppet.yaw = puppet.yaw + np.radians(8.0) * swing
    for side in SIDES:
        height = 0.05 if side == "left" else 0.0
        hold(puppet, side, "spine3", (0.125, height, 0.24), 1.0, 62.0, 4.0, (0.95, 0.0, 0.1))
        grasp(puppet, side, "fist", 0.8)
    puppet.steady[:] = 0.5


def arm_circles(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Circle both arms forwards or backwards, together or in turn."""
    _ready(puppet, rng, 0.24)
    way = 1.0 if rng.uniform() < 0.5 else -1.0
    phase = rng.uniform(0, 6.28)
    for k, side in enumerate(SIDES):
        arm = puppet.arms[side]
        angle = way * 2 * np.pi * puppet.t / p["period"] + phase + np.pi * k * (p["turns"] >= 1)
        # a circle of the hand beside the body: shoulder angles swing ahead, up, out, down
        arm.flex[:] = 62 + 66 * np.sin(angle)
        arm.out[:] = 46 + 38 * np.cos(angle)
        arm.elbow[:] = 12.0
        arm.rotate[:] = -20 + 25 * np.sin(angle)
        grasp(puppet, side, "flat", 0.8)
    puppet.bend += 2.5 * np.sin(2 * np.pi * puppet.t / p["period"])
