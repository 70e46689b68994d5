"""The kinds of synthesised motion: what each is called, what it can be told, and ``synthesise``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from synth.bodies.kinematics import BodyGeometry
from synth.bodies.motion import Motion
from synth.bodies.scenery import Scenery
from synth.bodies.synth_motion import (
    dance,
    everyday,
    exercise,
    fighting,
    floor_work,
    gestures,
    jumps,
    kneeling,
    locomotion,
    reaching,
    sitting,
    stairs,
    standing,
)  # fmt: skip
from synth.bodies.synth_motion.face import face
from synth.bodies.synth_motion.puppet import Puppet, new_puppet
from synth.bodies.synth_motion.solve import solve
from synth.conventions import ThfmError

Move = Callable[[Puppet, np.random.Generator, dict[str, float]], None]


@dataclass(frozen=True)
class Kind:
    """A kind of motion: ``action`` is what balanced sampling goes by, ``ranges`` what may be drawn for each parameter,
    ``seconds`` how long one draw of it goes on showing something new, ``words`` for captions;
    talks, strained: what the face does; scenery: what it needs around it, for a body and the kind's parameters."""

    move: Move
    action: str
    words: str
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seconds: float = 12.0
    talks: bool = False
    strained: bool = False
    scenery: Callable[[BodyGeometry, dict[str, float]], Scenery] | None = None


KINDS: dict[str, Kind] = {
    "walk": Kind(locomotion.walk, "walk", "walks", {"speed": (0.6, 1.75), "turn": (-14, 14), "energy": (0.5, 1.4)}),
    "walk_start_stop": Kind(
        locomotion.walk_start_stop,
        "walk",
        "starts to walk, then stops",
        {"speed": (0.9, 1.5), "turn": (-75, 75), "energy": (0.6, 1.3)},
        6.0,
    ),
    "turn_on_spot": Kind(
        locomotion.turn_on_spot, "turn", "turns around", {"angle": (60, 190), "cycle": (0.95, 1.2)}, 5.0
    ),
    "walk_backward": Kind(
        locomotion.walk_backward, "walk", "walks backwards", {"speed": (0.45, 0.95), "turn": (-8, 8)}
    ),
    "sidestep": Kind(locomotion.sidestep, "walk", "steps sideways", {"speed": (0.2, 0.42), "crouch": (0.0, 0.08)}),
    "run": Kind(locomotion.run, "run", "runs", {"speed": (2.2, 4.2), "turn": (-16, 16), "energy": (0.7, 1.2)}),
    "run_start_stop": Kind(
        locomotion.run_start_stop, "run", "breaks into a run, then stops", {"speed": (2.0, 3.2), "turn": (-40, 40)}, 5.0
    ),
    "stairs_up": Kind(
        stairs.stairs_up,
        "climb",
        "walks up stairs",
        {"steps": (5, 10), "rise": (0.145, 0.18), "tread": (0.27, 0.32), "pace": (0.5, 0.68)},
        6.0,
        scenery=stairs.scenery,
    ),
    "stairs_down": Kind(
        stairs.stairs_down,
        "climb",
        "walks down stairs",
        {"steps": (5, 10), "rise": (0.145, 0.18), "tread": (0.27, 0.32), "pace": (0.48, 0.62)},
        6.0,
        scenery=stairs.scenery,
    ),
    "march": Kind(
        locomotion.march,
        "exercise",
        "marches with high knees",
        {"cycle": (0.9, 1.25), "lift": (0.16, 0.36), "speed": (0.0, 0.4)},
    ),
    "idle": Kind(standing.idle, "stand", "stands", {"shift": (0.1, 0.4), "look": (12, 45)}),
    "rest_arms": Kind(standing.rest_arms, "stand", "stands and waits", {"place": (0, 5)}, 9.0),
    "talk": Kind(gestures.talk, "talk", "talks with the hands", {"energy": (0.6, 1.4)}, talks=True),
    "wave": Kind(gestures.wave, "gesture", "waves", {"rate": (1.3, 2.2), "height": (0.0, 1.0)}),
    "point": Kind(gestures.point, "gesture", "points at something", {"wide": (20, 75)}),
    "phone_call": Kind(everyday.phone_call, "everyday", "makes a phone call", {}, talks=True),
    "text_message": Kind(everyday.text_message, "everyday", "looks at a phone", {"hands": (1, 3)}),
    "touch_head": Kind(everyday.touch_head, "gesture", "touches the head", {"where": (0, 3)}),
    "drink": Kind(everyday.drink, "everyday", "drinks from a cup"),
    "stretch": Kind(standing.stretch, "exercise", "stretches", {"side": (0, 16)}),
    "clap": Kind(gestures.clap, "gesture", "claps", {"rate": (1.8, 3.4)}, 8.0),
    "reach": Kind(reaching.reach, "reach", "reaches for something", {"height": (0.65, 1.75)}),
    "pick_up": Kind(reaching.pick_up, "reach", "picks something up from the floor", {"squat": (0.15, 0.9)}),
    "lift": Kind(
        reaching.lift,
        "reach",
        "lifts a box and puts it down",
        {"squat": (0.3, 1.0), "width": (0.34, 0.5), "height": (0.9, 1.15)},
        strained=True,
    ),
    "sit": Kind(sitting.sit, "sit", "sits down on a stool and gets up", {"seat": (0.42, 0.52)}, scenery=sitting.seat),
    "seated": Kind(
        sitting.seated, "sit", "sits on a stool", {"seat": (0.42, 0.52), "talks": (0, 2)}, scenery=sitting.seat
    ),
    "kneel": Kind(kneeling.kneel, "sit", "kneels down and gets up", {"work": (0, 2)}, 10.0),
    "squat": Kind(
        exercise.squat, "exercise", "does squats", {"period": (2.0, 3.4), "depth": (0.55, 1.0)}, strained=True
    ),
    "lunge": Kind(
        exercise.lunge, "exercise", "does lunges", {"period": (2.2, 3.0), "depth": (0.5, 1.0), "hands": (0, 2)}
    ),
    "jumping_jack": Kind(jumps.jumping_jack, "exercise", "does jumping jacks", {"period": (1.0, 1.3)}, 6.0),
    "jump": Kind(jumps.jump, "jump", "jumps", {"height": (0.1, 0.34), "forward": (0.0, 0.35)}),
    "push_up": Kind(
        floor_work.push_up,
        "exercise",
        "does push-ups",
        {"period": (1.8, 3.2), "depth": (0.6, 1.0), "wide": (0.0, 0.2)},
        8.0,
        strained=True,
    ),
    "side_bend": Kind(
        exercise.side_bend, "exercise", "bends to the sides", {"period": (1.8, 3.0), "degrees": (18, 34)}
    ),
    "toe_touch": Kind(
        exercise.toe_touch,
        "exercise",
        "bends down to the toes",
        {"period": (2.8, 4.4), "depth": (0.7, 1.0), "arms": (0.0, 1.0)},
    ),
    "torso_twist": Kind(
        exercise.torso_twist, "exercise", "twists the trunk", {"period": (1.3, 2.4), "degrees": (24, 42)}, 6.0
    ),
    "boxing": Kind(fighting.boxing, "fight", "boxes", {"energy": (0.7, 1.5)}, strained=True),
    "kick": Kind(fighting.kick, "fight", "kicks", {"height": (0.1, 0.9)}),
    "arm_circles": Kind(
        exercise.arm_circles, "exercise", "circles the arms", {"period": (1.1, 2.0), "turns": (0, 2)}, 6.0
    ),
    "dance": Kind(dance.dance, "dance", "dances", {"tempo": (88, 126), "energy": (0.5, 1.3), "hips": (0.3, 1.0)}, 24.0),
}


def checked(kind: str, parameters: Mapping[str, float]) -> dict[str, float]:
    """The parameters of a kind, those left out in the middle of their range.

    Raises:
        ThfmError: no such kind or parameter, or a value out of its range.
    """
    if kind not in KINDS:
        raise ThfmError(f"no motion is synthesised under the name {kind!r}: there are {', '.join(KINDS)}.")
    ranges = KINDS[kind].ranges
    for name, value in parameters.items():
        if name not in ranges:
            raise ThfmError(f"motion {kind!r} has no parameter {name!r}: it takes {', '.join(ranges) or 'none'}.")
        low, high = ranges[name]
        if not low <= value <= high:
            raise ThfmError(f"parameter {name} of motion {kind!r} is {value}: it must lie in [{low}, {high}].")
    return {name: float(parameters.get(name, (low + high) / 2)) for name, (low, high) in ranges.items()}


def synthesise(
    kind: str, parameters: Mapping[str, float], seed: int, body: BodyGeometry, start: float, frames: int, fps: float
) -> Motion:
    """Frames of a synthesised motion, made for ``body``, feet planted on z = 0; frame k shows start + k / fps seconds.

    The same kind, parameters and seed are one endless motion: any two parts of it agree where they overlap.

    Raises:
        ThfmError: no such kind or parameter, or a value out of its range.
    """
    values = checked(kind, parameters)
    chosen = KINDS[kind]
    puppet = new_puppet(body, start + np.arange(frames) / fps)
    chosen.move(puppet, np.random.default_rng([seed, 0]), values)
    looks = face(np.random.default_rng([seed, 1]), puppet.t, chosen.talks, chosen.strained)
    puppet.eyes += looks["eyes"]
    puppet.jaw += looks["jaw"]
    puppet.expression += looks["expression"]
    return solve(puppet, kind, fps)
