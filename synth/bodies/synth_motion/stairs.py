"""Stairs: up from the floor to a landing, or down from it to the floor."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from synth.bodies.kinematics import JOINT, BodyGeometry
from synth.bodies.planting import sole_of
from synth.bodies.scenery import Scenery, stairs
from synth.bodies.synth_motion.curves import ease
from synth.bodies.synth_motion.life import alive, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet
from synth.bodies.synth_motion.steps import Stance, step_through

WIDTH = 1.1  # m
LANDING = 1.2  # m, from the last riser to the landing's far edge
_EDGE = 0.025  # m between a foot and the riser that it must not touch
_FIRST = 0.14  # m between toes or heels on the floor and the first riser


def flight(body: BodyGeometry, p: dict[str, float]) -> np.ndarray:
    """Steps (n, 3) of a flight for somebody whose motion is at the origin and looks along x: x where each begins, x
    where it ends, and its height, metres; they are ``WIDTH`` wide. The last is the landing."""
    count = int(p["steps"])
    first = _FIRST + sole_of(body, "left").tip[2]
    edges = first + p["tread"] * np.arange(count)
    ends = np.append(edges[1:], edges[-1] + LANDING)
    return np.stack([edges, ends, p["rise"] * np.arange(1, count + 1)], axis=1)


def scenery(body: BodyGeometry, p: dict[str, float]) -> Scenery:
    """The flight of somebody whose motion is at the origin."""
    return stairs(flight(body, p), WIDTH)


def stairs_up(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Stand, walk up a flight, stand on its landing."""
    steps = flight(puppet.body, p)
    sole = puppet.soles["left"]
    # toes come near the next riser on every tread; on the landing people go on a little
    reach = steps[:, 1] - _EDGE - sole.tip[2]
    reach[-1] = steps[-1, 0] + 0.35
    places = np.concatenate([[[0.0, 0.0]], np.stack([reach, steps[:, 2]], axis=1)])
    _climb(puppet, rng, places, p["pace"], up=True)


def stairs_down(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Stand on a landing, walk down the flight, stand on the floor. People look along -x: the flight is behind them."""
    steps = flight(puppet.body, p)
    foot = puppet.soles["left"]
    back = (puppet.body.points[foot.points] - puppet.body.rest_joints[JOINT["left_ankle"]])[:, 2].min()
    # heels come near the riser behind, which lies at the far end of each tread
    reach = steps[:, 1] - _EDGE + back
    reach[-1] = steps[-1, 0] + 0.35
    floor = steps[0, 0] - _FIRST + back
    places = np.concatenate([[[floor, 0.0]], np.stack([reach, steps[:, 2]], axis=1)])[::-1]
    _climb(puppet, rng, places, p["pace"], up=False)


def _climb(puppet: Puppet, rng: np.random.Generator, places: np.ndarray, pace: float, up: bool) -> None:
    """Step from place to place (n, 2: x and height), a foot on each but both on the first and the last."""
    relax(puppet, rng)
    t, size = puppet.t, puppet.size
    yaw, way = (0.0, 1.0) if up else (np.pi, -1.0)
    puppet.yaw[:] = yaw
    width = rng.uniform(0.1, 0.16) * size
    first = int(rng.integers(2))
    start, count = rng.uniform(0.2, 0.7), len(places)
    landing = start + 0.5 * pace + pace * np.arange(count - 1)  # of the foot on place k + 1
    landing = np.append(landing, landing[-1] + pace)  # the other one joins it
    where = np.append(np.arange(1, count), count - 1)

    def spot(index: int, side: str) -> tuple[float, float, float]:
        across = SIGN[side] * way * width / 2
        return (float(places[index, 0]), float(across), float(places[index, 1]))

    strike, roll, rolls = (2.0, 36.0, 0.6 * pace) if up else (-16.0, 58.0, pace)
    for side in SIDES:
        mine = [k for k in range(len(where)) if (first + k) % 2 == SIDES.index(side)]
        lines = [Stance(-np.inf, landing[mine[0]] - 0.72 * pace, spot(0, side), yaw, 0.0, 0.1, roll, rolls)]
        for k in mine:
            leave = np.inf if k + 2 >= len(where) else landing[k + 2] - 0.78 * pace
            hard = 0.3 if k + 1 == len(where) else 1.0  # the foot that joins the other is set down flat
            lines.append(
                Stance(float(landing[k]), leave, spot(where[k], side), yaw, hard * strike,
                       0.25 * pace, roll, rolls)
            )  # fmt: skip
        lift = np.full(len(lines) - 1, 0.035 if up else 0.03)
        lift[-1] += 0.04 * up  # the last one rises by one step alone
        step_through(puppet.feet[side], puppet.soles[side], t, lines, lift * size)
    # the body is over the foot that carries it, and passes on to the next as that lands
    times = np.concatenate([[start - 0.4], landing - 0.02, [landing[-1] + 0.45]])
    behind, ahead = places[np.append(0, where[:-1])], places[where]
    lead = 0.5 if up else 0.45
    x = behind[:, 0] + lead * (ahead[:, 0] - behind[:, 0])
    high = behind[:, 1] + (0.3 if up else 0.42) * (ahead[:, 1] - behind[:, 1])
    ends = places[[0, -1]] + [[0.03 * way, 0.0]] * 2
    way_x, way_z = (np.concatenate([ends[:1, k], v, ends[1:, k]]) for k, v in enumerate((x, high)))
    body = CubicSpline(times, np.stack([way_x, way_z], axis=1), bc_type="clamped")(np.clip(t, times[0], times[-1]))
    puppet.hips[:, 0] = body[:, 0]
    active = ease(t, start - 0.2, landing[0]) * (1 - ease(t, landing[-1] - 0.2, landing[-1] + 0.4))
    puppet.hips[:, 2] = puppet.standing + body[:, 1] - (0.02 if up else 0.045) * active * size
    phase = (t - landing[0]) / (2 * pace)
    side = np.cos(2 * np.pi * (phase - 0.2)) * SIGN[SIDES[first]]  # 1 over the left foot
    puppet.hips[:, 1] += way * 0.03 * size * active * side
    swing = np.cos(2 * np.pi * phase) * SIGN[SIDES[first]]
    puppet.sway += 3.0 * active * side
    puppet.lean += -3.0 * active * side
    puppet.twist += 5.0 * active * swing
    lean = rng.uniform(7, 13) if up else rng.uniform(-1, 3)
    puppet.tilt += 0.6 * lean * active
    puppet.bend += 0.5 * lean * active
    puppet.nod += (4.0 if up else 20.0) * active
    for own in SIDES:
        arm, forward = puppet.arms[own], -SIGN[own] * swing
        arm.flex += active * rng.uniform(11, 17) * (forward + 0.15)
        arm.elbow += active * (8 + 6 * np.maximum(forward, -0.4))
    alive(puppet, rng, 0.7)
