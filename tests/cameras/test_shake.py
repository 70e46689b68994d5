"""Hands and steps: size, spectrum and smoothness of what they do to a camera."""

import numpy as np
import pytest
from scipy.signal import welch
from scipy.spatial.transform import Rotation

from synth.cameras.shake import shaken, walked
from synth.spec.camera.model import GaitSpec, ShakeSpec

RATE = 60.0
TIMES = np.arange(int(600 * RATE)) / RATE  # ten minutes


@pytest.fixture(scope="module")
def hand():
    turns, shifts = shaken(ShakeSpec(degrees=0.5, metres=0.01, seed=1), TIMES)
    return np.degrees(Rotation.from_matrix(turns).as_rotvec()), shifts


def test_sizes_are_those_of_the_spec(hand):
    for signal, size in zip(hand, (0.5, 0.01), strict=True):
        assert signal.std(0) == pytest.approx(size, rel=0.1) and np.abs(signal.mean(0)).max() < 1e-9 + 0.01 * size


def test_power_falls_as_that_of_hands_does_and_humps_at_tremor(hand):
    for signal in hand:
        frequency, power = welch(signal.T, RATE, nperseg=4096)
        power = power.mean(0)

        def around(f, frequency=frequency, power=power):
            return power[(frequency > 0.8 * f) & (frequency < 1.25 * f)].mean()

        assert around(0.4) > 5 * around(1.5) > 25 * around(5)
        assert around(9) > 1.2 * around(5.5) and around(9) > 3 * around(13)
        assert power[frequency > 16].max() < 1e-3 * around(9)


def test_axes_are_independent(hand):
    together = np.corrcoef(np.concatenate(hand, 1).T)
    assert np.abs(together - np.eye(6)).max() < 0.2


def test_a_shake_is_the_same_whatever_the_frame_rate():
    spec = ShakeSpec(degrees=0.3, metres=0.01, seed=7)
    fine, coarse = shaken(spec, TIMES[:601]), shaken(spec, TIMES[:601:2])
    for a, b in zip(fine, coarse, strict=True):
        change = a[::2] - b
        assert np.ptp(change, axis=0).max() < 0.002  # but for its mean, which is taken over other samples


def test_other_seeds_shake_otherwise():
    one, two = (shaken(ShakeSpec(degrees=0.3, metres=0.01, seed=s), TIMES[:100])[1] for s in (1, 2))
    assert np.abs(one - two).max() > 0.005


def test_steps_lift_the_head_once_and_sway_it_by_halves():
    up, right = walked(GaitSpec(steps_per_second=2.0, lift=0.03), TIMES[: int(10 * RATE)])
    for signal, hertz in ((up, 2.0), (right, 1.0)):
        spectrum = np.abs(np.fft.rfft(signal))
        assert np.fft.rfftfreq(len(signal), 1 / RATE)[spectrum.argmax()] == pytest.approx(hertz)
    assert up.max() == pytest.approx(0.03, rel=0.01)
