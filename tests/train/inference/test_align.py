"""Scale and shift between answers, and who is who."""

from __future__ import annotations

import numpy as np
import pytest

from train.inference.align import same_people, scale_and_shift


def scene(rng: np.random.Generator, count: int = 4000) -> np.ndarray:
    return rng.uniform(0.3, 5, count)


@pytest.mark.parametrize(("a", "b"), [(1, 0), (2.5, 0), (0.4, 0.7), (1.3, -0.2)])
def test_exact_answers_are_brought_together_exactly(a: float, b: float) -> None:
    depth = scene(np.random.default_rng(0))
    found = scale_and_shift(depth, a * depth + b, np.ones(len(depth), bool))
    np.testing.assert_allclose(found, (a, b), atol=1e-9)


def test_pixels_that_say_nothing_do_not_count() -> None:
    depth = scene(np.random.default_rng(1))
    old, valid = 2 * depth, depth < 4
    old[~valid] = 11.2
    np.testing.assert_allclose(scale_and_shift(depth, old, valid), (2, 0), atol=1e-9)
    assert scale_and_shift(depth, old, np.zeros(len(depth), bool)) == (1.0, 0.0)


def test_a_wall_has_a_scale_and_no_shift() -> None:
    rng = np.random.default_rng(2)
    wall, noise = np.full(4000, 2.0), rng.normal(0, 0.01, (2, 4000))
    scale, shift = scale_and_shift(wall + noise[0], 3 * (wall + noise[1]), np.ones(4000, bool))
    assert shift == 0 and scale == pytest.approx(3, rel=1e-3)


def test_errors_of_both_sides_do_not_shrink_depth_at_every_join() -> None:
    """A hundred joins of noisy answers about one scene. Regression, for comparison, flattens it to nothing."""
    rng, depth = np.random.default_rng(3), scene(np.random.default_rng(4))

    def answer() -> np.ndarray:
        return depth + 0.2 * (depth + 1) * rng.normal(size=len(depth)) * 0.6

    ours, plain = answer(), answer()
    for _ in range(100):
        new = answer()
        a, b = scale_and_shift(new, ours, np.ones(len(new), bool))
        ours = a * new + b
        plain = np.poly1d(np.polyfit(new, plain, 1))(new)

    def spread(d):
        return np.polyfit(depth, d, 1)[0]

    assert spread(plain) < 0.1
    assert spread(ours) == pytest.approx(1, abs=0.15)


def test_exchanging_the_sides_inverts_the_fit() -> None:
    rng = np.random.default_rng(5)
    depth = scene(rng)
    other = 1.7 * depth + 0.4 + 0.1 * rng.normal(size=len(depth))
    a, b = scale_and_shift(depth, other, np.ones(len(depth), bool))
    back, shift = scale_and_shift(other, depth, np.ones(len(depth), bool))
    assert back == pytest.approx(1 / a) and shift == pytest.approx(-b / a)


def test_groups_stay_with_their_people() -> None:
    rng = np.random.default_rng(6)
    old = rng.random((3, 4, 34))
    order = np.array([2, 0, 1])
    new = old[order] + rng.normal(0, 0.05, old.shape)
    np.testing.assert_array_equal(order[same_people(new, old)], [0, 1, 2])
