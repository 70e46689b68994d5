"""Faces: blinking, gaze, moods and speech, over any motion.

Expressions are those of the open body, in its file's order; a full action is 2. Another model has other components, so
only jaw and eyes are for every body.
"""

from __future__ import annotations

import numpy as np

from synth.bodies.synth_motion.curves import ease, wobble

EXPRESSIONS = (
    "mouth_open", "smile", "brow_up", "brow_down", "blink", "pucker", "frown", "sneer", "cheek_puff", "mouth_aside",
)  # fmt: skip
_AT = {name: k for k, name in enumerate(EXPRESSIONS)}
_MOODS = {  # and how often each comes
    "calm": (0.34, {}),
    "friendly": (0.26, {"smile": 0.9, "brow_up": 0.2}),
    "laughing": (0.08, {"smile": 1.7, "mouth_open": 0.6, "blink": 0.35}),
    "serious": (0.12, {"brow_down": 0.8, "frown": 0.3}),
    "surprised": (0.06, {"brow_up": 1.5, "mouth_open": 0.7}),
    "sad": (0.06, {"frown": 1.1, "brow_up": 0.5}),
    "strained": (0.08, {"brow_down": 1.0, "sneer": 0.6, "blink": 0.5}),
}
_UNTIL = 60.0  # s: draws are made for a motion this long, whatever part of it is asked for


def blinks(rng: np.random.Generator, t: np.ndarray, busy: float = 1.0) -> np.ndarray:
    """(T,) how far the lids are closed, 0 to 1: about 17 blinks a minute, each closing faster than it opens."""
    times = [rng.uniform(-3.0, 0.5)]
    while times[-1] < _UNTIL:
        double = rng.uniform() < 0.08
        times.append(times[-1] + (0.35 if double else 0.5 + rng.lognormal(0.85, 0.65) / busy))
    closed = np.zeros(len(t))
    for time in times:
        closed = np.maximum(closed, ease(t, time, time + 0.08) * (1 - ease(t, time + 0.11, time + 0.3)))
    return closed


def gaze(rng: np.random.Generator, t: np.ndarray, spread: tuple[float, float] = (11.0, 6.0)) -> np.ndarray:
    """(T,2) degrees left and down: eyes rest for a moment, then jump within 50 ms, mostly back to what is ahead."""
    out = np.zeros((len(t), 2))
    time, last = rng.uniform(-1.5, 0.0), np.zeros(2)
    while time < _UNTIL:
        goal = np.zeros(2) if rng.uniform() < 0.45 else rng.normal(0.0, 1.0, 2) * spread
        goal = np.clip(goal, (-24, -14), (24, 16))
        out += ease(t, time, time + 0.05)[:, None] * (goal - last)
        last = goal
        time += 0.25 + rng.gamma(2.0, 0.55)
    return out


def speech(rng: np.random.Generator, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Jaw degrees (T,), pucker (T,) and when there is talk at all (T,): syllables of 150 to 280 ms in phrases."""
    jaw, pucker, talk = np.zeros(len(t)), np.zeros(len(t)), np.zeros(len(t))
    time = rng.uniform(-1.0, 0.3)
    while time < _UNTIL:
        begin, count = time, int(rng.integers(5, 16))
        for _ in range(count):
            length = rng.uniform(0.15, 0.28)
            opening, rounded = rng.gamma(3.0, 1.5), max(0.0, rng.normal(0.1, 0.45))
            arch = ease(t, time, time + 0.5 * length) * (1 - ease(t, time + 0.5 * length, time + 1.05 * length))
            jaw += min(opening, 11.0) * arch
            pucker += min(rounded, 1.3) * arch
            time += length
        talk += ease(t, begin - 0.1, begin + 0.1) * (1 - ease(t, time - 0.1, time + 0.2))
        time += rng.uniform(0.25, 1.3)
    return jaw, pucker, np.clip(talk, 0, 1)


def mood(rng: np.random.Generator, t: np.ndarray, names: tuple[str, ...] | None = None) -> np.ndarray:
    """(T,10) expression that stays for some seconds and then turns into another."""
    names = names or tuple(_MOODS)
    odds = np.array([_MOODS[n][0] for n in names])
    out = np.zeros((len(t), len(EXPRESSIONS)))
    time, last = rng.uniform(-4.0, -1.0), np.zeros(len(EXPRESSIONS))
    while time < _UNTIL:
        goal = np.zeros(len(EXPRESSIONS))
        for action, size in _MOODS[names[int(rng.choice(len(names), p=odds / odds.sum()))]][1].items():
            goal[_AT[action]] = size * rng.uniform(0.6, 1.1)
        if rng.uniform() < 0.15:
            goal[_AT["mouth_aside"]] = rng.uniform(0.2, 0.8)
        out += ease(t, time, time + rng.uniform(0.35, 0.9))[:, None] * (goal - last)
        last = goal
        time += rng.uniform(2.0, 6.0)
    return out


def face(rng: np.random.Generator, t: np.ndarray, talks: bool = False, strained: bool = False) -> dict[str, np.ndarray]:
    """eyes (T,2) and jaw (T,) in degrees, expression (T,10): what a living face does at times t (T,), seconds."""
    expression = mood(rng, t, ("calm", "serious", "strained") if strained else None)
    eyes, lids = gaze(rng, t), blinks(rng, t, 1.3 if talks else 1.0)
    jaw = 0.5 + 0.4 * wobble(rng, t, 4.0)
    if talks:
        opening, pucker, talk = speech(rng, t)
        jaw = jaw + opening
        expression[:, _AT["pucker"]] += pucker
        expression[:, _AT["mouth_open"]] *= 1 - 0.7 * talk
        expression[:, _AT["brow_up"]] += 0.35 * talk * np.maximum(0, wobble(rng, t, 1.6))
    # lids follow a gaze that goes down, and cover the eye in a blink
    low = np.clip(eyes[:, 1] / 30.0, 0, 0.6)
    expression[:, _AT["blink"]] = np.maximum(np.clip(expression[:, _AT["blink"]] + low, 0, 1.2), 2.0 * lids)
    return {"eyes": eyes, "jaw": np.maximum(jaw, 0.0), "expression": np.clip(expression, 0.0, 2.0)}
