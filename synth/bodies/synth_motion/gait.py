"""Walking and running along a path: footsteps under the body's way, the pelvis' and the arms' swing with the steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from synth.bodies.synth_motion.curves import ease
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.steps import Stance, step_through

_GRID = 0.01  # s


@dataclass(frozen=True, eq=False)
class Way:
    """Where the body goes: ``place(t)`` (T,2) metres, ``yaw(t)`` (T,) radians where it faces; steps are taken from
    ``start`` to ``end`` seconds."""

    place: CubicSpline
    yaw: CubicSpline
    start: float
    end: float


def way(speed, facing, heading, start: float, end: float, until: float) -> Way:
    """Integrate ``speed(t)`` m/s in direction ``heading(t)`` while facing ``facing(t)``, radians, from 2 s before 0."""
    t = np.arange(-2.0, until + 2.0, _GRID)
    step = speed(t)[:, None] * np.stack([np.cos(heading(t)), np.sin(heading(t))], axis=1) * _GRID
    place = np.cumsum(step, axis=0) - step / 2
    place -= place[np.searchsorted(t, 0.0)]
    return Way(CubicSpline(t, place), CubicSpline(t, facing(t)), start, end)


@dataclass(frozen=True)
class Gait:
    """How somebody steps. cycle: seconds of two steps; duty: share of it that a foot stands; width between the feet,
    metres; strike, roll: degrees at landing and leaving; lift of swings, metres; bob, metres up and down; runs: both
    feet leave the floor; arm: degrees of swing; elbow: degrees; lean: of the trunk; toe_out: degrees; yaw, list: of the
    pelvis, degrees; crouch: metres; over: share of a stance after which the body is over the foot; shift: of the hips
    towards the foot that stands, metres."""

    cycle: float
    duty: float
    width: float
    strike: float
    roll: float
    lift: float
    bob: float
    arm: float
    elbow: float
    lean: float
    toe_out: float = 6.0
    runs: bool = False
    yaw: float = 5.0
    list: float = 4.0
    crouch: float = 0.0
    over: float = 0.42
    shift: float = 0.03


def plan_steps(puppet: Puppet, path: Way, gait: Gait, first: str = "left") -> tuple[dict[str, list[Stance]], float]:
    """Stances of both feet along a path, and when the first foot's cycle begins."""
    cycle, stand = gait.cycle, gait.duty * gait.cycle
    stances: dict[str, list[Stance]] = {}

    def spot(time: float, side: str) -> tuple[tuple[float, float], float]:
        yaw = float(path.yaw(time))
        across = np.array([-np.sin(yaw), np.cos(yaw)]) * SIGN[side] * gait.width * puppet.size / 2
        place = path.place(time) + across
        return (float(place[0]), float(place[1])), yaw + SIGN[side] * np.radians(gait.toe_out)

    other = SIDES[1 - SIDES.index(first)]
    for side, lift_off in ((first, path.start), (other, path.start + cycle / 2)):
        at, yaw = spot(path.start, side)
        line = [Stance(-np.inf, lift_off, at, yaw, 0.0, 0.1, 0.6 * gait.roll, 0.3 * stand)]
        landing = lift_off + cycle - stand
        while True:
            # the last steps bring the feet side by side under where the body ends
            over = landing + stand >= path.end
            at, yaw = spot(path.end if over else landing + gait.over * stand, side)
            strike = gait.strike * (0.4 if over else 1.0)
            line.append(
                Stance(
                    landing, np.inf if over else landing + stand, at, yaw, strike, 0.14 * stand, gait.roll, 0.5 * stand
                )
            )
            if over:
                break
            landing += cycle
        stances[side] = line
    return stances, path.start - stand


def stepping(puppet: Puppet, path: Way, gait: Gait, first: str = "left") -> np.ndarray:
    """Let the puppet step along the path; returns how much it is under way (T,), 0 while it stands."""
    t = puppet.t
    stances, origin = plan_steps(puppet, path, gait, first)
    for side in SIDES:
        step_through(puppet.feet[side], puppet.soles[side], t, stances[side], gait.lift * puppet.size)
    landed = max(line[-1].start for line in stances.values())
    active = ease(t, path.start - 0.25, path.start + 0.35) * (1 - ease(t, landed - 0.25, landed + 0.3))

    # phase 0 where the first foot lands
    phase = (t - origin) / gait.cycle
    sign = SIGN[first]
    middle = gait.duty / 2  # mid-stance of the first foot
    side_to_side = np.cos(2 * np.pi * (phase - middle)) * sign
    twice = np.cos(4 * np.pi * (phase - middle))
    yaw = path.yaw(t)
    across = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    shift = gait.shift * puppet.size
    puppet.hips[:, :2] = path.place(t) + across * (shift * active * side_to_side)[:, None]
    puppet.yaw = yaw
    height = puppet.standing - active * (gait.crouch + 0.012) * puppet.size
    puppet.hips[:, 2] = height + active * gait.bob * puppet.size * (-twice if gait.runs else twice)

    # the pelvis turns with the leg that swings ahead, drops on its side; the chest turns against it
    ahead = np.cos(2 * np.pi * phase) * sign  # 1 where the left foot lands
    turn = active * gait.yaw * ahead
    puppet.yaw = puppet.yaw - np.radians(turn)
    puppet.twist = puppet.twist + 2.0 * turn
    puppet.sway = puppet.sway + active * gait.list * np.sin(2 * np.pi * (phase - 0.02)) * sign
    puppet.lean = puppet.lean - 0.9 * active * gait.list * np.sin(2 * np.pi * (phase - 0.02)) * sign
    puppet.tilt = puppet.tilt + active * (0.4 * gait.lean + 2.0)
    puppet.bend = puppet.bend + active * (0.6 * gait.lean + 1.0 * twice)
    for side in SIDES:
        arm, forward = puppet.arms[side], -SIGN[side] * ahead  # arms swing against the legs
        arm.flex = arm.flex + active * gait.arm * (forward + 0.12)
        arm.elbow = arm.elbow + active * (gait.elbow + 0.45 * gait.arm * np.maximum(forward, -0.4))
        arm.rotate = arm.rotate + active * (0.25 * gait.arm * forward + (6.0 if gait.runs else 4.0))
        if gait.runs:
            arm.out = arm.out + 8.0 * active
            arm.curl = arm.curl + active[:, None] * 0.25
    return active


def walk_gait(speed: float, rng: np.random.Generator, energy: float = 1.0) -> Gait:
    """A walk at ``speed`` m/s: step length and cadence grow together, as people's do."""
    pace = max(speed, 0.35) * 60
    length = np.sqrt(0.0062 * pace) * rng.uniform(0.95, 1.05)
    cycle = 120 * length / pace
    quick = np.clip(speed / 1.3, 0.3, 1.6)
    duty = float(np.clip(0.685 - 0.055 * speed, 0.57, 0.68))
    # the hips must come down to where the leg reaches the heel that lands ahead (0.81 m is a leg)
    drop = 0.81 - np.sqrt(0.81**2 - min(0.42 * duty * cycle * speed, 0.45) ** 2)
    bob = float(np.clip(0.45 * drop, 0.006, 0.03))
    return Gait(
        cycle=float(cycle), duty=duty, width=rng.uniform(0.09, 0.15),
        strike=17.0 * quick**0.7, roll=46.0 * quick**0.5, lift=0.022, bob=bob,
        crouch=float(max(0.0, drop - bob - 0.02)), arm=20.0 * energy * quick, elbow=4.0 * energy * quick,
        lean=rng.uniform(1, 5), toe_out=rng.uniform(3, 10),
        yaw=4.5 * quick, list=3.2 * quick,
    )  # fmt: skip


def run_gait(speed: float, rng: np.random.Generator, energy: float = 1.0) -> Gait:
    """A run at ``speed`` m/s (2 to 5)."""
    cadence = rng.uniform(158, 176) * (0.9 + 0.035 * speed)
    return Gait(
        cycle=120 / cadence, duty=float(np.clip(0.43 - 0.035 * speed, 0.26, 0.38)), width=rng.uniform(0.05, 0.1),
        strike=6.0, roll=58.0, lift=0.05 + 0.05 * speed, bob=0.034, arm=(16 + 6.5 * speed) * energy,
        elbow=62.0 + 4 * speed, lean=4.0 + 1.7 * speed, toe_out=rng.uniform(1, 6), runs=True,
        yaw=6.0, list=3.5, crouch=0.045,
    )  # fmt: skip
