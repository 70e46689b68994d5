"""Kinds of sport: squats, lunges, jumping jacks, jumps, push-ups, bends, boxing, kicks, arm circles."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from synth.bodies.kinematics import JOINT
from synth.bodies.synth_motion.curves import bump, ease, keys, moments, wobble
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, hold, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet, placed
from synth.bodies.synth_motion.standing import put_arms
from synth.bodies.synth_motion.steps import Stance, step_through
from synth.bodies.synth_motion.turns import UPRIGHT, ry

_G = 9.81  # m/s2


def _ready(puppet: Puppet, rng: np.random.Generator, width: float, toe_out: float = 10.0) -> None:
    relax(puppet, rng)
    puppet.stand(width, toe_out)
    puppet.balance[:] = 1.0
    alive(puppet, rng, 0.6)


def _set(channel: np.ndarray, weight: np.ndarray | float, value: np.ndarray | float) -> None:
    """Move a channel (T,) towards a value by a weight, in place."""
    channel[:] = channel + weight * (value - channel)


def _reps(t: np.ndarray, period: float, start: float, rest: float = 0.1) -> np.ndarray:
    """(T,) 0 to 1 and back in every period, with a short rest at either end."""
    x = ((t - start) / period) % 1.0
    wave = ease(x, rest / 2, 0.5 - rest / 4) * (1 - ease(x, 0.5 + rest / 4, 1.0 - rest / 2))
    return np.where(t < start, 0.0, wave)


def squat(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Knee bends, arms stretched forwards, crossed or hanging."""
    _ready(puppet, rng, rng.uniform(0.3, 0.46), rng.uniform(10, 24))
    down = _reps(puppet.t, p["period"], rng.uniform(-0.5, 0.6)) * p["depth"]
    puppet.hips[:, 2] -= 0.47 * puppet.size * down
    puppet.tilt += 30 * down
    puppet.bend += 14 * down
    puppet.nod += -4 * down
    for side in SIDES:
        arm = puppet.arms[side]
        puppet.feet[side].splay += 16 * down
        _set(arm.flex, down, 84.0)
        _set(arm.out, down, 6.0)
        _set(arm.elbow, down, 8.0)
        _set(arm.pronate, down, 70.0)


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
    for s in SIDES:
        step_through(puppet.feet[s], puppet.soles[s], t, lines[s], 0.05)
        resting = np.array([any(a.start <= x <= a.end and a.spot == tuple(homes[s]) for a in lines[s]) for x in t])
        lifted = resting & (pitch[s] > 0.05)
        if lifted.any():
            got = placed(puppet.soles[s], homes[s], 0.0, pitch[s][lifted])
            puppet.feet[s].ankle[lifted], puppet.feet[s].turn[lifted], puppet.feet[s].toes[lifted] = got
    puppet.hips[:, 0] += 0.5 * far * ahead
    puppet.hips[:, 2] -= (0.025 + 0.34 * p["depth"] * depth) * puppet.size
    puppet.tilt += 5 * ahead
    puppet.bend += 3 * ahead
    if p["hands"] >= 1:
        put_arms(puppet, "hips", 1.0)
    else:
        for s in SIDES:
            _set(puppet.arms[s].elbow, 0.6 * ahead, 40.0)
    alive(puppet, rng, 0.6)


def _hop_line(t, times, flights, low, stand, tiptoe) -> np.ndarray:
    """(T,) height of the hips over jumps that take off at ``times`` and fly for ``flights`` seconds."""
    knots, heights, speeds = [-9.0], [stand], [0.0]
    for k, (off, flight) in enumerate(zip(times, flights, strict=True)):
        speed = _G * flight / 2
        settle = min(0.32, 0.4 * (off - times[k - 1] - flights[k - 1])) if k else 0.32
        if off - 2.2 * settle > knots[-1] + 0.05:
            knots, heights, speeds = [*knots, off - 2.2 * settle], [*heights, stand], [*speeds, 0.0]
        knots += [off - settle, off, off + flight, off + flight + settle]
        heights += [stand - low, stand + tiptoe, stand + tiptoe, stand - 0.75 * low]
        speeds += [0.0, speed, -speed, 0.0]
        following = times[k + 1] if k + 1 < len(times) else np.inf
        if following - off - flight > 3.4 * settle:
            knots, heights, speeds = [*knots, off + flight + 2.2 * settle], [*heights, stand], [*speeds, 0.0]
    keep = np.concatenate([[True], np.diff(knots) > 1e-3])
    curve = CubicHermiteSpline(np.array(knots)[keep], np.array(heights)[keep], np.array(speeds)[keep])
    return curve(np.clip(t, knots[0], knots[-1]))


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
        _set(arm.out, opened, 158.0)
        _set(arm.flex, opened, 10.0)
        _set(arm.elbow, opened, 14.0)
        _set(arm.rotate, opened, -6.0)
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
    _ready(puppet, rng, 0.2)
    puppet.balance[:] = 0.0
    t = puppet.t
    flight = 2 * np.sqrt(2 * p["height"] / _G)
    offs = moments(rng, UNTIL, (2.0, 2.8), rng.uniform(1.0, 1.5))
    forward = p["forward"] * puppet.size
    x = 0.0
    lines = {s: [Stance(-np.inf, np.inf, tuple(puppet.feet[s].ankle[0, :2]), SIGN[s] * 0.1)] for s in SIDES}
    for off in offs:
        for side in SIDES:
            last = lines[side][-1]
            lines[side][-1] = Stance(last.start, off, last.spot, last.yaw, last.strike, last.strike_time, 32.0, 0.2)
            spot = (last.spot[0] + forward, last.spot[1])
            lines[side].append(Stance(off + flight, np.inf, spot, last.yaw, -24.0, 0.12))
        x += forward
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


def push_up(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Push-ups on straight legs; the hands stay on the floor."""
    relax(puppet, rng)
    t, body, size = puppet.t, puppet.body, puppet.size
    down = _reps(t, p["period"], rng.uniform(-0.6, 0.6)) * p["depth"]
    rest = body.rest_joints
    trunk = float(np.linalg.norm(rest[JOINT["left_shoulder"]][1:] - (rest[JOINT["left_hip"]])[1:]))
    arm = float(np.linalg.norm(rest[JOINT["left_wrist"]] - rest[JOINT["left_shoulder"]]))
    wrist = 0.055 * size
    for side in SIDES:
        foot, sole = puppet.feet[side], puppet.soles[side]
        got = placed(sole, np.array([0.0, SIGN[side] * 0.07 * size]), 0.0, np.full(len(t), 72.0))
        foot.ankle[:], foot.turn[:], foot.toes[:] = got
        foot.splay[:] = 0.0
    ankle = puppet.feet["left"].ankle[0]
    high = wrist + 0.965 * arm - 0.03
    shoulder = high + (0.15 * size + wrist - high) * 0.95 * down
    line = np.arcsin(np.clip((shoulder - ankle[2]) / (puppet.leg + trunk), -1, 1))
    pike = np.radians(3.0)
    rise = np.sin(line + pike)
    puppet.free_hips = True
    puppet.hips[:, 0] = ankle[0] + 0.985 * puppet.leg * np.cos(line + pike)
    puppet.hips[:, 2] = ankle[2] + 0.985 * puppet.leg * rise
    puppet.hips[:, 1] = 0.0
    puppet.tilt[:] = 90 - np.degrees(line) + 3.0
    puppet.bend[:] = 0.5
    puppet.steady[:] = 0.0
    puppet.nod[:] = -24 + 5 * wobble(rng, t, 4.0)
    top = np.arcsin((high - ankle[2]) / (puppet.leg + trunk))
    reach = ankle[0] + (puppet.leg + trunk) * np.cos(top)
    for side in SIDES:
        sign, own = SIGN[side], puppet.arms[side]
        own.frame = "world"
        own.reach[:] = [reach + 0.01, sign * (0.215 + 0.5 * p["wide"]) * size, wrist]
        own.weight[:] = 1.0
        own.palm[:] = UPRIGHT @ ry(-sign * 90.0)[0] @ np.eye(3)
        own.palm_weight[:] = 1.0
        own.pole[:] = [sign * 0.8, -0.75, -0.35]
        grasp(puppet, side, "open", 1.0)
        for finger in range(5):
            own.curl[:, finger] = 0.0


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
        _set(arm.out, over, 140.0)
        _set(arm.flex, over, 16.0)
        _set(arm.elbow, over, 30.0)
        _set(arm.rotate, over, 0.0)
        arm.out += 0.9 * p["degrees"] * np.clip(-SIGN[side] * lean, 0, 1)  # hangs, whatever the trunk does
        grasp(puppet, side, "open", over)
    puppet.roll += 0.25 * p["degrees"] * lean


def toe_touch(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Bend forwards until the hands are near the feet, and up again, arms high."""
    _ready(puppet, rng, rng.uniform(0.16, 0.4))
    down = _reps(puppet.t, p["period"], rng.uniform(-0.5, 0.5), 0.25)
    puppet.tilt += 70 * p["depth"] * down
    puppet.bend += 52 * p["depth"] * down
    puppet.hips[:, 2] -= 0.02 * down * puppet.size
    puppet.steady[:] = 0.6 * (1 - down)
    puppet.nod += 8 * down
    high = p["arms"] * (1 - down)
    for side in SIDES:
        arm = puppet.arms[side]
        arm.flex += 158 * high + (58.0 + 14 * p["depth"]) * down
        _set(arm.out, high, 14.0)
        _set(arm.elbow, down, 6.0)
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
    puppet.look += sign * 27 - 0.0 * t
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
    puppet.nod += 10 * (lifted)
    alive(puppet, rng, 0.6)


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


__all__ = [
    "arm_circles", "boxing", "jump", "jumping_jack", "kick", "lunge", "push_up", "side_bend", "squat", "toe_touch",
    "torso_twist",
]  # fmt: skip
