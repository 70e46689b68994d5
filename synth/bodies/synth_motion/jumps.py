"""Kinds that jump: jumping jacks, and jumps from both feet."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from synth.bodies.synth_motion.curves import bump, ease, moments
from synth.bodies.synth_motion.life import UNTIL, alive, bend_arm, grasp, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.steps import Stance, step_through

_G = 9.81  # m/s2


def _hop_line(t, times, flights, low, stand, tiptoe) -> np.ndarray:
    """(T,) height of the hips over jumps that take off at ``times`` and fly for ``flights`` seconds."""
    knots, heights, speeds = [-9.0], [stand], [0.0]
    for k, (off, flight) in enumerate(zip(times, flights, strict=True)):
        speed = _G * flight / 2
        before = off - times[k - 1] - flights[k - 1] if k else np.inf  # seconds on the floor
        after = times[k + 1] - off - flight if k + 1 < len(times) else np.inf
        dip, settle = min(0.32, 0.4 * before), min(0.32, 0.4 * after)
        if off - 2.2 * dip > knots[-1] + 0.05:
            knots, heights, speeds = [*knots, off - 2.2 * dip], [*heights, stand], [*speeds, 0.0]
        knots += [off - dip, off, off + flight, off + flight + settle]
        heights += [stand - low, stand + tiptoe, stand + tiptoe, stand - 0.75 * low]
        speeds += [0.0, speed, -speed, 0.0]
        if after > 3.4 * settle:
            knots, heights, speeds = [*knots, off + flight + 2.2 * settle], [*heights, stand], [*speeds, 0.0]
    return CubicHermiteSpline(knots, heights, speeds)(np.clip(t, knots[0], knots[-1]))


def jumping_jack(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Hop with legs apart and arms over the head, hop back."""
    relax(puppet, rng)
    t, period = puppet.t, p["period"]
    flight = 0.2
    half = period / 2
    start = rng.uniform(-0.5, 0.3)
    offs = np.arange(start, UNTIL, half)
    wide, narrow = 0.34 * puppet.size, 0.075 * puppet.size
    for side in SIDES:
        line, spot = [Stance(-np.inf, offs[0], (0.0, SIGN[side] * narrow), SIGN[side] * 0.12, 0, 0.1, 26.0, 0.16)], True
        for k, off in enumerate(offs):
            end = offs[k + 1] if k + 1 < len(offs) else np.inf
            y, yaw = (wide, 0.25) if spot else (narrow, 0.12)
            line.append(Stance(off + flight, end, (0.0, SIGN[side] * y), SIGN[side] * yaw, -24.0, 0.13, 26.0, 0.13))
            spot = not spot
        step_through(puppet.feet[side], puppet.soles[side], t, line, 0.045)
    puppet.hips[:, 2] = _hop_line(
        t, offs, np.full(len(offs), flight), 0.05 * puppet.size, puppet.standing - 0.05, 0.075
    )
    opened = _alternate(t, offs, half)
    for side in SIDES:
        arm = puppet.arms[side]
        bend_arm(arm, opened, out=158.0, flex=10.0, elbow=14.0, rotate=-6.0)
        grasp(puppet, side, "flat", 1.0)
    puppet.bend += 2 - 4 * opened
    alive(puppet, rng, 0.6)


def _alternate(t: np.ndarray, offs: np.ndarray, half: float) -> np.ndarray:
    """(T,) goes to 1 with every even hop and back to 0 with every odd one."""
    out = np.zeros(len(t))
    for k, off in enumerate(offs):
        out += (1.0 if k % 2 == 0 else -1.0) * ease(t, off - 0.12 * half, off + 0.75 * half)
    return out


def jump(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Jump up from both feet with a swing of the arms, land softly."""
    relax(puppet, rng)
    puppet.stand(0.2, 10.0)
    alive(puppet, rng, 0.6)
    t = puppet.t
    flight = 2 * np.sqrt(2 * p["height"] / _G)
    offs = moments(rng, UNTIL, (2.0, 2.8), rng.uniform(1.0, 1.5))
    forward = p["forward"] * puppet.size
    lines = {s: [Stance(-np.inf, np.inf, tuple(puppet.feet[s].ankle[0, :2]), SIGN[s] * 0.1)] for s in SIDES}
    for off in offs:
        for side in SIDES:
            last = lines[side][-1]
            lines[side][-1] = Stance(last.start, off, last.spot, last.yaw, last.strike, last.strike_time, 32.0, 0.2)
            spot = (last.spot[0] + forward, last.spot[1])
            lines[side].append(Stance(off + flight, np.inf, spot, last.yaw, -24.0, 0.12))
    tuck = max(0.0, p["height"] - 0.1) * 0.55
    for side in SIDES:
        step_through(puppet.feet[side], puppet.soles[side], t, lines[side], 0.8 * p["height"] + tuck)
    flights = np.full(len(offs), flight)
    puppet.hips[:, 2] = _hop_line(t, offs, flights, 0.22 * puppet.size, puppet.standing, 0.085)
    crouch, swing = np.zeros(len(t)), np.zeros(len(t))
    for off in offs:
        crouch += bump(t, off - 0.68, off - 0.3, off - 0.26, off + 0.02)
        crouch += 0.8 * bump(t, off + flight - 0.05, off + flight + 0.26, off + flight + 0.3, off + flight + 0.85)
        swing += -1.0 * bump(t, off - 0.7, off - 0.33, off - 0.3, off - 0.08)
        swing += bump(t, off - 0.28, off + 0.1, off + 0.6 * flight, off + flight + 0.4)
        puppet.hips[:, 0] += forward * np.clip((t - off + 0.08) / (flight + 0.16), 0, 1)
    puppet.hips[:, 0] += 0.035
    puppet.tilt += 26 * crouch
    puppet.bend += 16 * crouch
    for side in SIDES:
        arm = puppet.arms[side]
        arm.flex += np.where(swing > 0, (70 + 90 * p["height"] / 0.4) * swing, 42 * swing)
        arm.elbow += 14 * np.abs(swing)
