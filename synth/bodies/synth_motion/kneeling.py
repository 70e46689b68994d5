"""Kneeling: down on one knee, at work there, and up again."""

from __future__ import annotations

import numpy as np

from synth.bodies.kinematics import JOINT
from synth.bodies.planting import Sole
from synth.bodies.synth_motion.curves import bump, ease
from synth.bodies.synth_motion.life import UNTIL, alive, grasp, relax
from synth.bodies.synth_motion.puppet import SIDES, SIGN, Puppet, hip_middle, placed
from synth.bodies.synth_motion.steps import Stance, step_through

_KNEE = 0.062  # m, of the knee's joint over the floor that it rests on
_ROLLED = 78.0  # degrees that the foot behind stands on its toes
_TALL = 0.985  # share of the thigh that is height: the hips lie a little behind the knee


def kneel(puppet: Puppet, rng: np.random.Generator, p: dict[str, float]) -> None:
    """Step forwards, go down until the knee behind rests on the floor, stay, get up; a hand rests on the thigh ahead,
    the other hangs or is busy on the floor."""
    relax(puppet, rng)
    t = puppet.t
    puppet.stand(0.2, 4.0)
    side = SIDES[int(rng.integers(2))]  # which foot steps ahead
    behind = SIDES[1 - SIDES.index(side)]
    homes = {s: puppet.feet[s].ankle[0, :2].copy() for s in SIDES}
    thigh, shin, hip = _leg(puppet, behind)
    knee, hips = _knee_and_hips(puppet.soles[behind], homes[behind], thigh, shin)
    far = hips[0] + 0.98 * thigh - homes[side][0]
    start, ahead, down, settled = rng.uniform(0.2, 0.6), np.zeros(len(t)), np.zeros(len(t)), np.zeros(len(t))
    line = [Stance(-np.inf, np.inf, tuple(homes[side]), 0.0)]
    pitch = np.zeros(len(t))
    while start < UNTIL:
        stay, land = rng.uniform(*((1.2, 2.2) if p["work"] < 1 else (3.5, 6.0))), start + 0.75
        low, rise = land + 0.75, land + 0.75 + stay
        leave, back = rise + 0.85, rise + 1.6
        line[-1] = Stance(line[-1].start, start, line[-1].spot, 0.0, line[-1].strike, 0.12, 14.0, 0.2)
        line.append(Stance(land, leave, (homes[side][0] + far, homes[side][1]), 0.0, 14.0, 0.12, 10.0, 0.2))
        line.append(Stance(back, np.inf, tuple(homes[side]), 0.0, -12.0, 0.15))
        ahead += bump(t, start, low - 0.25, rise + 0.2, back)
        down += bump(t, start + 0.45, low, rise, rise + 1.0)
        pitch += bump(t, start + 0.3, low - 0.1, rise + 0.1, back - 0.25)
        settled += bump(t, low, low + 0.5, rise - 0.4, rise)
        start = back + rng.uniform(0.5, 1.0)
    step_through(puppet.feet[side], puppet.soles[side], t, line, 0.05)
    foot = puppet.feet[behind]
    foot.ankle[:], foot.turn[:], foot.toes[:] = placed(puppet.soles[behind], homes[behind], 0.0, _ROLLED * pitch)
    puppet.hips[:, 0] += ahead * (hips[0] - hip[0] - puppet.hips[:, 0])
    puppet.hips[:, 2] += down * (hips[2] - hip[2] - puppet.hips[:, 2])
    works = p["work"] >= 1
    puppet.tilt += 12 * bump(down, 0.0, 0.5, 0.6, 1.0) + 16 * settled * works
    puppet.bend += 6 * down + 24 * settled * works
    puppet.nod += 6 * down + 14 * settled * works
    arm, sign = puppet.arms[side], SIGN[side]  # a hand on the thigh ahead
    arm.frame = "world"
    top = np.array([homes[side][0] + far - 0.12 * puppet.size, homes[side][1] + sign * 0.02, 0.0])
    arm.reach[:] = top + [0.0, 0.0, puppet.soles[side].ankle_height + shin + 0.145 * puppet.size]
    arm.weight[:] = ease(down, 0.3, 1.0)
    arm.arc = (sign * 0.07, 0.07, 0.04)  # over the thigh that rises meanwhile
    arm.pole[:] = [sign * 0.7, -0.35, -0.65]
    arm.pronate[:] = arm.pronate + down * (48 - arm.pronate)
    grasp(puppet, side, "relaxed", down)
    if works:  # the other hand busy on the floor, inside of the foot that stands ahead
        arm, sign = puppet.arms[behind], SIGN[behind]
        arm.frame = "world"
        busy = 0.05 * np.stack([np.sin(2 * np.pi * t / 1.7), np.cos(2 * np.pi * t / 1.3), 0 * t], axis=1)
        arm.reach[:] = [hips[0] + 0.36 * puppet.size, homes[behind][1] + sign * 0.06, 0.19 * puppet.size]
        arm.reach += busy * puppet.size
        arm.weight[:] = settled
        grasp(puppet, behind, "grip", settled)
    alive(puppet, rng, 0.5)


def _leg(puppet: Puppet, side: str) -> tuple[float, float, np.ndarray]:
    """Lengths of thigh and shin, and the hip (3,) seen from the middle between the hips, metres."""
    rest = puppet.body.rest_joints
    hip, knee, ankle = (rest[JOINT[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
    across = (hip - rest[0] - hip_middle(puppet.body))[0]
    return float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee)), np.array([0.0, across, 0.0])


def _knee_and_hips(sole: Sole, home: np.ndarray, thigh: float, shin: float) -> tuple[np.ndarray, np.ndarray]:
    """Knee and hip (3,) of a leg that kneels, its toes where they stood, looking along x."""
    ankle = placed(sole, home, 0.0, np.array([_ROLLED]))[0][0]
    knee = np.array([ankle[0] + np.sqrt(shin**2 - (ankle[2] - _KNEE) ** 2), home[1], _KNEE])
    height = _TALL * thigh
    return knee, knee + [-np.sqrt(thigh**2 - height**2), 0.0, height]
