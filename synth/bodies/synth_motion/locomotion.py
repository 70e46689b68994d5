"""Kinds that go somewhere: walking, running, turning, backwards, sideways."""

from __future__ import annotations

import dataclasses

import numpy as np

from synth.bodies.synth_motion.curves import ease, keys, wobble
from synth.bodies.synth_motion.gait import Gait, run_gait, stepping, walk_gait, way
from synth.bodies.synth_motion.life import UNTIL, alive, look_around, relax
from synth.bodies.synth_motion.puppet import SIDES, Puppet


def _style(puppet: Puppet, rng: np.random.Generator) -> None:
    """How this person carries themselves."""
    puppet.bend += rng.normal(3.0, 3.0)
    puppet.nod += rng.normal(3.0, 4.0)
    for side in SIDES:
        arm = puppet.arms[side]
        arm.out += rng.normal(0.0, 2.0)
        arm.elbow += np.clip(rng.normal(4.0, 8.0), -10, 25)
        arm.flex += rng.normal(0.0, 3.0)


def _curve(rng: np.random.Generator, turn: float):
    """Heading (radians) over time for a turn rate that varies around ``turn`` degrees a second."""
    phase, period = rng.uniform(0, 6.28), rng.uniform(4.0, 7.0)
    rate = np.radians(turn)
    return lambda t: rate * (t + 0.7 * period / 6.28 * np.sin(6.28 * t / period + phase))


def walk(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Walk on and on, along a curve."""
    relax(puppet, rng)
    heading = _curve(rng, p["turn"])
    gait = walk_gait(p["speed"], rng, p["energy"])
    sway = rng.uniform(0, 0.06)
    path = way(lambda t: p["speed"] * (1 + sway * np.sin(t)), heading, heading, -2.0, UNTIL, UNTIL)
    stepping(puppet, path, gait, SIDES[int(rng.integers(2))])
    puppet.look += 0.5 * p["turn"]
    _style(puppet, rng)
    look_around(puppet, rng, 16.0, (1.2, 4.0))
    alive(puppet, rng, 0.7)


def walk_start_stop(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Stand, walk some steps on a bend, stand."""
    relax(puppet, rng)
    speed, gait = p["speed"], walk_gait(p["speed"], rng, p["energy"])
    begin, length = rng.uniform(0.6, 1.2), rng.uniform(3, 4.6)
    turned = np.radians(p["turn"])

    def pace(t):
        return speed * ease(t, begin, begin + 0.9) * (1 - ease(t, begin + length - 1.0, begin + length))

    def heading(t):
        return turned * ease(t, begin + 0.4, begin + length - 0.6)

    path = way(pace, heading, heading, begin, begin + length, UNTIL)
    active = stepping(puppet, path, gait, SIDES[int(rng.integers(2))])
    puppet.look += np.degrees(turned) * 0.35 * ease(puppet.t, begin - 0.4, begin + 0.3) * active
    _style(puppet, rng)
    look_around(puppet, rng, 26.0)
    alive(puppet, rng)


def turn_on_spot(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Turn on the spot in small steps, the head first."""
    relax(puppet, rng)
    rate, side = 100.0, 1.0 if rng.uniform() < 0.5 else -1.0
    begin = rng.uniform(0.4, 0.9)
    angle = side * p["angle"]
    span = abs(angle) / rate + 0.9
    yaw = np.radians(angle)
    gait = dataclasses.replace(
        walk_gait(0.6, rng), cycle=p["cycle"], duty=0.68, width=0.2, strike=0.0, roll=22.0, bob=0.004, arm=5.0,
        list=2.5, yaw=0.0, shift=0.035,
    )  # fmt: skip

    def heading(t):
        return yaw * ease(t, begin + 0.1, begin + span - 0.15)

    path = way(lambda t: 0 * t, heading, heading, begin, begin + span, UNTIL)
    stepping(puppet, path, gait, "left" if side > 0 else "right")
    early = keys(puppet.t, [begin - 0.35, begin + 0.35, begin + span - 0.5, begin + span], [0, side * 40, side * 30, 0])
    puppet.look += early
    puppet.twist += 0.25 * early
    _style(puppet, rng)
    look_around(puppet, rng, 20.0)
    alive(puppet, rng)


def walk_backward(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Walk backwards: toes first, short steps, a look over the shoulder now and then."""
    relax(puppet, rng)
    speed = p["speed"]
    curve = _curve(rng, p["turn"])
    gait = dataclasses.replace(
        walk_gait(1.25 * speed, rng, 0.5), strike=-16.0, roll=-12.0, duty=0.66, lean=2.0, width=0.15, over=0.52
    )
    path = way(lambda t: speed + 0 * t, curve, lambda t: curve(t) + np.pi, -2.0, UNTIL, UNTIL)
    stepping(puppet, path, gait, SIDES[int(rng.integers(2))])
    back = (1.0 if rng.uniform() < 0.5 else -1.0) * np.maximum(0, wobble(rng, puppet.t, 4.5))
    puppet.look += 42 * np.tanh(2 * back)
    puppet.twist += 16 * np.tanh(2 * back)
    _style(puppet, rng)
    alive(puppet, rng, 0.7)


def sidestep(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Steps to one side, the other foot drawn up."""
    relax(puppet, rng)
    left = rng.uniform() < 0.5
    speed, cycle = p["speed"], rng.uniform(0.85, 1.15)
    gait = Gait(
        cycle=cycle, duty=0.6, width=0.2 + 0.5 * speed * cycle, strike=-6.0, roll=14.0, lift=0.05, bob=0.008, arm=3.0,
        elbow=14.0, lean=3.0, yaw=0.0, list=2.0, crouch=p["crouch"] + 0.03, shift=0.03 + 0.2 * speed * cycle,
    )  # fmt: skip
    way_out = np.pi / 2 if left else -np.pi / 2
    path = way(lambda t: speed + 0 * t, lambda t: 0 * t, lambda t: way_out + 0 * t, -2.0, UNTIL, UNTIL)
    stepping(puppet, path, gait, "left" if left else "right")
    for side in SIDES:
        puppet.arms[side].out += 6 + 10 * p["crouch"] / 0.1
    puppet.look += (25 if left else -25) * ease(wobble(rng, puppet.t, 4.0), 0.0, 0.5)
    _style(puppet, rng)
    alive(puppet, rng)


def run(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Run or jog on."""
    relax(puppet, rng)
    heading = _curve(rng, p["turn"])
    gait = run_gait(p["speed"], rng, p["energy"])
    path = way(lambda t: p["speed"] + 0 * t, heading, heading, -2.0, UNTIL, UNTIL)
    stepping(puppet, path, gait, SIDES[int(rng.integers(2))])
    puppet.roll -= 0.15 * p["turn"]
    for side in SIDES:
        puppet.arms[side].rotate += rng.uniform(-4, 6)
        puppet.arms[side].pronate += rng.uniform(-10, 20)
    alive(puppet, rng, 0.8)


def run_start_stop(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Break into a run from standing, and come to a halt."""
    relax(puppet, rng)
    speed, begin, length = p["speed"], rng.uniform(0.5, 1.0), rng.uniform(2.6, 3.6)
    gait = run_gait(speed, rng)
    heading = np.radians(p["turn"])

    def pace(t):
        return speed * ease(t, begin, begin + 1.0) * (1 - ease(t, begin + length - 1.2, begin + length))

    def yaw(t):
        return heading * ease(t, begin + 0.5, begin + length - 0.8)

    stepping(puppet, way(pace, yaw, yaw, begin, begin + length, UNTIL), gait, SIDES[int(rng.integers(2))])
    stop = ease(puppet.t, begin + length - 1.0, begin + length - 0.4) * (
        1 - ease(puppet.t, begin + length, begin + length + 0.6)
    )
    puppet.tilt -= 9 * stop
    alive(puppet, rng, 1.2)


def march(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """High knees, on the spot or slowly ahead."""
    relax(puppet, rng)
    gait = Gait(
        cycle=p["cycle"], duty=0.58, width=0.16, strike=-12.0, roll=24.0, lift=p["lift"], bob=0.008, arm=28.0,
        elbow=45.0, lean=1.0, yaw=3.0, list=2.0, shift=0.04,
    )  # fmt: skip
    path = way(lambda t: p["speed"] + 0 * t, lambda t: 0 * t, lambda t: 0 * t, -2.0, UNTIL, UNTIL)
    stepping(puppet, path, gait, SIDES[int(rng.integers(2))])
    _style(puppet, rng)
    alive(puppet, rng)
