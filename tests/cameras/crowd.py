"""A walking box of points with known heights, and projections of our own."""

import numpy as np

from synth.cameras import Subject
from synth.spec.camera.model import CameraSpec

MOVES = ("static", "pan", "tilt", "dolly", "truck", "follow", "track", "orbit", "crane", "zoom", "dolly_zoom",
         "egocentric")  # fmt: skip
AMOUNTS = {
    "pan": {"sweep": 0.3},
    "tilt": {"sweep": -0.2},
    "dolly": {"ratio": 0.6},
    "truck": {"sweep": -0.3},
    "track": {"track": "head"},
    "orbit": {"orbit": 1.2},
    "crane": {"rise": 0.5},
    "zoom": {"ratio": 2.0},
    "dolly_zoom": {"ratio": 1.8},
    "egocentric": {"ratio": 0.5, "gait": {"steps_per_second": 1.9, "lift": 0.02}},
}


def walker(samples=20, distance=1.5, above=0.0) -> Subject:
    """A body of 0.8 x 0.6 x 1.8 m; what is higher than ``above`` is framed, and its top corner is tracked."""
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.4, -0.3, 0.0], [0.4, 0.3, 1.8], (200, 3))
    points = body[None] + np.linspace(0, distance, samples)[:, None, None] * np.array([1.0, 0.2, 0.0])
    return Subject(points, body[:, 2] >= above, points[:, body[:, 2].argmax()])


def pixels(cameras, points):
    homogeneous = np.concatenate([points, np.ones_like(points[..., :1])], -1)
    camera = np.einsum("sij,snj->sni", cameras.world_to_camera[:, :3], homogeneous)
    image = np.einsum("sij,snj->sni", cameras.intrinsics, camera)
    return image[..., :2] / image[..., 2:], camera[..., 2]


def eyes(cameras):
    return -np.einsum("sji,sj->si", cameras.world_to_camera[:, :3, :3], cameras.world_to_camera[:, :3, 3])


def spec(move, **changes):
    base = {"focal_mm": 35, "azimuth": 1.0, "elevation": 0.1, "fill": 0.8, **AMOUNTS.get(move, {})}
    return CameraSpec(move=move, **{**base, **changes})
