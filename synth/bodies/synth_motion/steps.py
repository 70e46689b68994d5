"""Feet that step: stances on the floor, with heel strike and roll over the ball, and swings between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softplus

from synth.bodies.planting import Sole
from synth.bodies.rotations import apply, between
from synth.bodies.synth_motion.curves import ease
from synth.bodies.synth_motion.puppet import Foot, placed

_CLEAR = 0.018  # m over the floor in mid-swing
_BALL = 0.03  # m, about the height of the toes' joint
_EDGE = 1e-4  # s, for speeds at the ends of stances


@dataclass(frozen=True)
class Stance:
    """A foot on the floor from ``start`` to ``end`` seconds: ``spot`` (x, y, perhaps the floor's z) under the flat
    ankle, metres, ``yaw``.

    It lands on the heel with the toes up by ``strike`` degrees and is flat ``strike_time`` later; ``roll_time`` before
    its end the heel begins to rise to ``roll`` degrees.
    """

    start: float
    end: float
    spot: tuple[float, ...]
    yaw: float
    strike: float = 0.0
    strike_time: float = 0.1
    roll: float = 0.0
    roll_time: float = 0.2

    def pitch(self, t: np.ndarray) -> np.ndarray:
        """Degrees (T,) by which the heel is up (or, below 0, the toes)."""
        down = np.clip(1 - (t - self.start) / max(self.strike_time, 1e-6), 0, 1)
        up = np.clip(1 - (self.end - t) / max(self.roll_time, 1e-6), 0, 1)
        return self.roll * up**2.2 - self.strike * down**2 * (up == 0)


def step_through(foot: Foot, sole: Sole, t: np.ndarray, stances: list[Stance], lift: float | np.ndarray = 0.03) -> None:
    """Fill ``foot`` from stances in order of time; before the first and after the last the foot stays where it is.

    ``lift`` (one, or one a swing): metres by which a swing rises above the way between its ends.
    """
    lifts = np.broadcast_to(lift, max(1, len(stances) - 1))
    for k, stance in enumerate(stances):
        begin = -np.inf if k == 0 else stance.start
        end = np.inf if k == len(stances) - 1 else stance.end
        here = (t >= begin) & (t <= end)
        if here.any():
            times = t[here]
            foot.ankle[here], foot.turn[here], foot.toes[here] = placed(
                sole, np.array(stance.spot), stance.yaw, stance.pitch(times)
            )
        foot.stands[here] = True
        if k + 1 < len(stances):
            _swing(foot, sole, t, stance, stances[k + 1], float(lifts[k]))


def _swing(foot: Foot, sole: Sole, t: np.ndarray, last: Stance, following: Stance, lift: float) -> None:
    begin, end = last.end, following.start
    here = (t > begin) & (t < end)
    if not here.any():
        return
    span = end - begin
    u = (t[here] - begin) / span

    def state(stance: Stance, time: float, step: float):
        pitches = stance.pitch(np.array([time, time + step]))
        ankle = placed(sole, np.array(stance.spot), stance.yaw, pitches)[0]
        return ankle[0], pitches[0], (ankle[1] - ankle[0]) / step * span, (pitches[1] - pitches[0]) / step * span

    place0, pitch0, speed0, rate0 = state(last, begin, -_EDGE)
    place1, pitch1, speed1, rate1 = state(following, end, _EDGE)
    h = _hermite(u)
    ankle = h[0] * place0 + h[1] * speed0 + h[2] * place1 + h[3] * speed1
    ankle[:, 2] += lift * 16 * (u * (1 - u)) ** 2
    if len(last.spot) > 2:
        ankle += _around_edges(u, np.array(following.spot) - last.spot)
    pitch = (h[0] * pitch0 + h[1] * rate0 + h[2] * pitch1 + h[3] * rate1)[:, 0]
    gap = (following.yaw - last.yaw + np.pi) % (2 * np.pi) - np.pi
    yaw = last.yaw + gap * ease(u, 0, 1)
    _, turn, toes = placed(sole, np.zeros(2), yaw, pitch)
    # bent toes straighten in the air
    straight = ease(u, 0.0, 0.5) * (1 - ease(u, 0.85, 1.0) * (pitch1 > 0))
    toes = between(toes, turn, straight)
    ankle[:, 2] += _clearance(sole, u, ankle, turn, toes)
    foot.ankle[here], foot.turn[here], foot.toes[here] = ankle, turn, toes
    foot.stands[here] = False


def _around_edges(u: np.ndarray, way: np.ndarray) -> np.ndarray:
    """(T,3) metres by which a swing from step to step goes round the edge: up before ahead, ahead before down."""
    smooth = (3 - 2 * u) * u * u
    up = way[2] > 0
    high = ease(u, 0.0, 0.6) if up else ease(u, 0.42, 1.0)
    ahead = ease(u, 0.25, 1.0) if up else ease(u, 0.0, 0.8)
    return np.stack([ahead, ahead, high], axis=1) * way - smooth[:, None] * way


def _clearance(sole: Sole, u: np.ndarray, ankle: np.ndarray, turn: np.ndarray, toes: np.ndarray) -> np.ndarray:
    """(T,) metres to raise a swinging foot by, so that neither toes nor heel scrape the floor."""
    ball = ankle + apply(turn @ sole.level.T, sole.ball)
    tip = ball + apply(toes @ sole.level.T, sole.tip - sole.ball)
    heel = ankle + apply(turn @ sole.level.T, sole.heel)
    low = np.minimum(np.minimum(tip[:, 2] - (sole.tip[1] + sole.ankle_height), heel[:, 2]), ball[:, 2] - _BALL * 0.5)
    need = _CLEAR * ease(u, 0.0, 0.25) * (1 - ease(u, 0.75, 1.0))
    inside = ease(u, 0.0, 0.08) * (1 - ease(u, 0.92, 1.0))
    return inside * 0.004 * softplus((need - low) / 0.004)


def _hermite(u: np.ndarray) -> np.ndarray:
    """Weights (4,T,1) of start, speed at the start, end, speed at the end."""
    u = u[:, None]
    return np.stack([(1 + 2 * u) * (1 - u) ** 2, u * (1 - u) ** 2, u * u * (3 - 2 * u), u * u * (u - 1)])
