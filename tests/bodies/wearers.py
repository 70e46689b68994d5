"""People in named clothes, for tests."""

from functools import cache

import numpy as np

from synth.bodies.config import BodiesConfig
from synth.bodies.figure import Figure, build_figure
from synth.make import library_of
from synth.spec.model import ItemSpec, MotionSpec, PersonSpec

CONFIG = BodiesConfig()


@cache
def dressed(
    gender: str, bmi: float, motion: str, *clothes: str, height: float = 1.7, frames: int = 7, fps: float = 12.0
) -> Figure:
    """Somebody of a height in metres who does something in certain clothes."""
    library = library_of(CONFIG)
    betas = library.catalogue.shapes[gender].betas_for(np.zeros(10), height, bmi)
    entry = next(m for m in library.catalogue.motions if m.name == motion)
    parameters = {name: float(np.mean(span)) for name, span in entry.parameters.items()}
    person = PersonSpec(
        gender=gender, betas=tuple(betas), expression=(0,) * 10, skin=f"young_caucasian_{gender}",
        eye_colour=(0.1, 0.2, 0.3), motion=MotionSpec(name=motion, start=1.0, parameters=parameters, seed=4),
        clothes=tuple(ItemSpec(name=name) for name in clothes),
    )  # fmt: skip
    return build_figure(person, 1, frames, fps, CONFIG, library)
