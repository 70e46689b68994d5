"""``Puppet``: what a synthesised body does over time, in an animator's channels. ``solve`` makes it a ``Motion``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.bodies.kinematics import JOINT, BodyGeometry
from synth.bodies.planting import Sole, sole_of
from synth.bodies.synth_motion.turns import facing, rx

SIDES = ("left", "right")
SIGN = {"left": 1.0, "right": -1.0}  # of the lateral axis, x to the left
REFERENCE_LEG = 0.8188  # m, of the mean open body: lengths below are for it, and scale with the leg


@dataclass(eq=False)
class Arm:
    """One arm over T frames, angles in degrees.

    flex lifts it forwards, out to the side, rotate turns the upper arm inwards; elbow bends; pronate turns the palm
    down; wrist bends towards the palm. ``reach`` (T,3) place for the wrist and its ``weight`` in [0,1] (T,), as seen
    from ``frame``: the world, or the joint (pelvis, spine3, head) from which and in whose axes it is measured, metres
    for the reference body. ``palm`` (T,3,3) canonical -> frame orientation of the hand and its ``palm_weight``;
    ``pole`` (T,3) the way the elbow points, in the chest's axes; curl (T,5) of index, middle, pinky, ring, thumb: 0
    straight, 1 a fist; spread (T,) degrees between fingers; ``arc``: metres, in the chest's axes, by which the way
    of the hand to its place and back bulges.
    """

    flex: np.ndarray
    out: np.ndarray
    rotate: np.ndarray
    elbow: np.ndarray
    pronate: np.ndarray
    wrist: np.ndarray
    reach: np.ndarray
    weight: np.ndarray
    palm: np.ndarray
    palm_weight: np.ndarray
    pole: np.ndarray
    curl: np.ndarray
    spread: np.ndarray
    frame: str = "world"
    arc: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(eq=False)
class Foot:
    """One foot over T frames: ankle (T,3) world, metres; foot and toes (T,3,3) canonical -> world; stands (T,) bool;
    splay (T,): degrees by which the knee points outwards of the foot."""

    ankle: np.ndarray
    turn: np.ndarray
    toes: np.ndarray
    stands: np.ndarray
    splay: np.ndarray


@dataclass(eq=False)
class Puppet:
    """Channels over the times ``t`` (T,), seconds; degrees unless said otherwise.

    hips (T,3): world place of the middle between the hip joints, metres; yaw (T,) heading in radians; tilt bows the
    pelvis, sway leans it to the right. bend, lean (to the right) and twist (to the left) turn the chest against the
    pelvis. nod, roll and look (to the left) turn the head; ``steady`` is the share by which the head stays upright
    whatever the chest does. balance (T,) in [0,1] keeps the centre of mass over the feet, ``share`` of it over the
    left. eyes (T,2): gaze against the head, left and down; jaw (T,); expression (T,10).
    """

    body: BodyGeometry
    t: np.ndarray
    hips: np.ndarray
    yaw: np.ndarray
    tilt: np.ndarray
    sway: np.ndarray
    bend: np.ndarray
    lean: np.ndarray
    twist: np.ndarray
    nod: np.ndarray
    roll: np.ndarray
    look: np.ndarray
    steady: np.ndarray
    balance: np.ndarray
    share: np.ndarray
    arms: dict[str, Arm]
    feet: dict[str, Foot]
    soles: dict[str, Sole]
    eyes: np.ndarray
    jaw: np.ndarray
    expression: np.ndarray
    size: float
    reach_limit: float = 0.992  # share of the leg's length that it may stretch to
    free_hips: bool = False  # hips stay where they are put, even if the legs do not reach

    @property
    def leg(self) -> float:
        """Thigh and shin, metres."""
        return self.body.leg_length

    @property
    def ankle_height(self) -> float:
        """Of the ankle over the floor when the foot stands flat, metres."""
        return self.soles["left"].ankle_height

    @property
    def standing(self) -> float:
        """Height of the hip joints when standing with knees hardly bent, metres."""
        return self.ankle_height + 0.988 * self.leg

    def stand(self, width: float = 0.22, toe_out: float = 8.0, stagger: float = 0.0) -> None:
        """Put both feet flat under the hips as they are in the first frame: ankles ``width`` apart (metres for the
        reference body), toes turned out by degrees, the left ``stagger`` in front."""
        yaw = float(self.yaw[0])
        across, along = np.array([-np.sin(yaw), np.cos(yaw)]), np.array([np.cos(yaw), np.sin(yaw)])
        for side in SIDES:
            spot = self.hips[0, :2] + SIGN[side] * (across * width + along * stagger) * self.size / 2
            self.plant(side, spot, yaw + SIGN[side] * np.radians(toe_out))

    def plant(self, side: str, spot: np.ndarray, yaw: float, pitch: np.ndarray | float = 0.0) -> None:
        """Keep a foot on the ball at one spot (x, y under the flat ankle), the heel lifted by ``pitch`` degrees."""
        foot = self.feet[side]
        foot.ankle[:], foot.turn[:], foot.toes[:] = placed(self.soles[side], spot, yaw, np.zeros(len(self.t)) + pitch)
        foot.stands[:] = True


def placed(
    sole: Sole, spot: np.ndarray, yaw: np.ndarray | float, pitch: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ankle (T,3), foot and toes (T,3,3) of a foot on the floor.

    spot (2,) or (3,): under the ankle of the flat foot. pitch (T,) degrees: above 0 the foot has rolled over the ball
    and the toes stay flat, below 0 it rests on the heel.
    """
    upright = np.broadcast_to(facing(yaw), (len(pitch), 3, 3))
    floor = spot[2] if len(spot) > 2 else 0.0
    flat = np.array([spot[0], spot[1], floor + sole.ankle_height])
    turned = upright @ rx(pitch)
    pivot = np.where((pitch > 0)[:, None], sole.ball, sole.heel)
    ankle = flat + (upright @ pivot[..., None] - turned @ pivot[..., None])[..., 0]
    toes = upright @ rx(np.where(pitch > 0, np.maximum(0.0, pitch - 60.0), pitch)) @ sole.level
    return ankle, turned @ sole.level, toes


def new_puppet(body: BodyGeometry, t: np.ndarray) -> Puppet:
    """Somebody who stands at the origin, looks along +x, arms hanging. t (T,) seconds."""
    t = np.asarray(t, dtype=np.float64)
    count = len(t)

    def full(value: float = 0.0, *shape: int) -> np.ndarray:
        return np.full((count, *shape), value)

    def arm(side: str) -> Arm:
        return Arm(
            flex=full(-2.0), out=full(9.0), rotate=full(12.0), elbow=full(16.0), pronate=full(22.0), wrist=full(4.0),
            reach=full(0.0, 3), weight=full(), palm=np.tile(np.eye(3), (count, 1, 1)), palm_weight=full(),
            pole=np.tile([SIGN[side] * 0.55, -0.8, -0.45], (count, 1)), curl=full(0.34, 5), spread=full(),
        )  # fmt: skip

    def foot() -> Foot:
        eye = np.tile(np.eye(3), (count, 1, 1))
        return Foot(ankle=full(0.0, 3), turn=eye, toes=eye.copy(), stands=np.ones(count, bool), splay=full(4.0))

    scalars = ("yaw", "tilt", "sway", "bend", "lean", "twist", "nod", "roll", "look", "balance", "jaw")
    puppet = Puppet(
        body=body, t=t, hips=full(0.0, 3), steady=full(0.7), share=full(0.5),
        arms={s: arm(s) for s in SIDES}, feet={s: foot() for s in SIDES}, soles={s: sole_of(body, s) for s in SIDES},
        eyes=full(0.0, 2), expression=full(0.0, 10), size=body.leg_length / REFERENCE_LEG,
        **{name: full() for name in scalars},
    )  # fmt: skip
    puppet.hips[:, 2] = puppet.standing
    puppet.stand()
    return puppet


def hip_middle(body: BodyGeometry) -> np.ndarray:
    """(3,) from the pelvis joint to the middle between the hip joints, at rest."""
    rest = body.rest_joints
    return (rest[JOINT["left_hip"]] + rest[JOINT["right_hip"]]) / 2 - rest[JOINT["pelvis"]]
