"""People on stairs: no skin in a step, feet that stand still on the treads, joints within their limits."""

import numpy as np
import pytest
import trimesh

from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig
from synth.bodies.kinematics import load_rig
from synth.bodies.synth_motion.kinds import KINDS, synthesise
from synth.bodies.synth_motion.stairs import flight
from synth.spec.config import MotionConfig, PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip
from tests.bodies import judge

FPS = 24.0


def surface(steps, x):
    """Height of the flight at places ``x``; the floor's 0 elsewhere."""
    out = np.zeros_like(x)
    for begin, end, top in steps:
        out[(x >= begin) & (x < end)] = top
    return out


def climb(kind, seed, gender="neutral", betas=(0.0,) * 10, frames=120):
    rng = np.random.default_rng([seed, 77])
    values = {k: float(rng.uniform(*v)) for k, v in KINDS[kind].ranges.items()}
    body = load_rig(gender=gender).geometry(np.array(betas))
    motion = synthesise(kind, values, seed, body, 0.0, frames, FPS)
    return judge.see(judge.load(gender), motion, betas), flight(body, values), values


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["stairs_up", "stairs_down"])
def test_people_walk_on_the_steps(kind, seed):
    seen, steps, values = climb(kind, seed)
    used = np.unique(seen.faces)
    skin = seen.vertices[:, used]
    above = skin[..., 2] - surface(steps, skin[..., 0])
    assert above.min() > -0.014
    assert np.quantile(above.min(axis=1), 0.5) < 0.006  # they do stand on them
    for name, (least, most, low, high) in judge.anatomy(seen).items():
        assert low <= least and most <= high, f"{name} {least:.0f} to {most:.0f}"
    assert judge.turning(seen) < 1100
    assert judge.root_acceleration(seen) < 13
    assert judge.inside_itself(seen, np.arange(10, len(skin), 20)).max() < 0.5
    # each foot that carries stands still, whatever it stands on
    for side, points in judge.soles(seen).items():
        track = seen.vertices[:, points]
        near = (track[..., 2] - surface(steps, track[..., 0])) < 0.004
        held = near[3:] & near[2:-1] & near[1:-2] & near[:-3]
        moved = np.linalg.norm(track[2:-1, :, :2] - track[1:-2, :, :2], axis=-1)
        slid = [np.quantile(m[h], 0.25) for m, h in zip(moved, held, strict=True) if h.sum() >= 8]
        assert len(slid) > 20, side
        assert np.max(slid) < 0.004
    rise = values["rise"] * int(values["steps"])
    height = np.ptp(seen.at("pelvis")[:, 2])
    assert height > 0.7 * rise if values["steps"] * values["pace"] < 4.0 else height > 0.3


@pytest.mark.parametrize(
    ("gender", "betas"), [("female", (-2.0, 1, 0, -1) + (0,) * 6), ("male", (2.0, -1, 1, 0) + (0,) * 6)]
)
def test_small_and_tall_people_too(gender, betas):
    for kind in ("stairs_up", "stairs_down"):
        seen, steps, _ = climb(kind, 5, gender, betas, 80)
        skin = seen.vertices[:, np.unique(seen.faces)]
        assert (skin[..., 2] - surface(steps, skin[..., 0])).min() > -0.018


@pytest.mark.parametrize("mirror", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["stairs_up", "stairs_down"])
def test_the_steps_are_under_the_feet_of_a_clip(kind, mirror):
    config = BodiesConfig()
    library = load_library(config)
    wanted = SpecConfig(
        video=VideoConfig(frames=24, width=64, height=64), people=PeopleConfig(count=1, clothes=False, hair=False),
        motions=(f"synth:{kind}",), motion=MotionConfig(mirror=mirror, splice=0.0), scene={"kinds": ["plain"]},
        props={"count": [0, 0]},
    )  # fmt: skip
    geometry = build_clip(sample_clip(wanted, library.catalogue, 3, 1), config, library)
    (flight_mesh,) = [m for m in geometry.meshes if m.name.startswith("stairs")]
    solid = trimesh.Trimesh(flight_mesh.positions[0], flight_mesh.faces, process=False)
    assert solid.is_watertight and solid.volume > 0.3
    body = geometry.meshes[0]
    high = 0
    for sample in range(0, 26, 5):
        skin = body.positions[sample, np.unique(body.faces)].astype(float)
        skin = skin[skin[:, 2] < skin[:, 2].min() + 0.25]
        sky = np.column_stack([skin[:, :2], np.full(len(skin), 9.0)])
        places, rays, _ = solid.ray.intersects_location(
            sky, np.tile([0.0, 0.0, -1.0], (len(sky), 1)), multiple_hits=False
        )
        ground = np.zeros(len(skin))
        ground[rays] = places[:, 2]
        above = skin[:, 2] - ground
        assert -0.015 < above.min() < 0.012
        high += ground[above.argmin()] > 0.1  # up on the flight: it is what carries them
    assert high
