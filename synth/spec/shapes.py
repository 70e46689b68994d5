"""Stature and weight of a body model's shapes, and the betas of a person of given height and body-mass index."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

DENSITY = 985.0  # kg/m3 of a living body with air in its lungs
BETAS = 10
_LIMIT = 6.0  # of a beta: beyond it, a linear shape space shows no people
_ROUNDS = 25


class ShapeForm(BaseModel):
    """How stature and volume follow from betas; x is (1, *betas), 11 numbers.

    Attributes:
        top, bottom: (n, 11) metres, rows times x are the heights of vertices of which one is the highest (lowest).
        volume: (11, 11, 11) symmetric, m3: times x thrice is what the skin encloses.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    top: np.ndarray
    bottom: np.ndarray
    volume: np.ndarray

    def measure(self, betas: np.ndarray) -> tuple[float, float]:
        """Stature in metres, without shoes and in T-pose, and body-mass index in kg/m2."""
        height, bmi, _ = self._slopes(np.asarray(betas, float))
        return height, bmi

    def _slopes(self, betas: np.ndarray) -> tuple[float, float, np.ndarray]:
        """Stature, BMI and their derivatives (2, 10)."""
        x = np.concatenate([[1.0], betas])
        tops, bottoms = self.top @ x, self.bottom @ x
        high, low = self.top[tops.argmax()], self.bottom[bottoms.argmin()]
        height, grows = float((high - low) @ x), (high - low)[1:]
        slope = self.volume @ x @ x
        volume = float(slope @ x)
        bmi = DENSITY * volume / height**2
        return height, bmi, np.stack([grows, bmi * (3 * slope[1:] / volume - 2 * grows / height)])

    def betas_for(self, start: np.ndarray, height: float, bmi: float) -> np.ndarray:
        """(10,) betas of this stature and BMI, as near to ``start`` (10,) as can be.

        Where the model has no such person, one that comes close: no beta exceeds 6.
        """
        betas = np.asarray(start, float)
        for _ in range(_ROUNDS):
            now_height, now_bmi, slopes = self._slopes(betas)
            left = np.array([height - now_height, bmi - now_bmi])
            if abs(left[0]) < 1e-5 and abs(left[1]) < 1e-3:
                break
            betas = np.clip(betas + slopes.T @ np.linalg.solve(slopes @ slopes.T, left), -_LIMIT, _LIMIT)
        return betas
