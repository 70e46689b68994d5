"""Places of every kind round a person made by hand, without a renderer."""

from __future__ import annotations

import functools

import numpy as np
import trimesh

from synth.bodies.catalogue import Library, load_library
from synth.bodies.config import BodiesConfig
from synth.geometry import Cameras, ClipGeometry, Mesh, SceneFile
from synth.scenes import Surroundings, build_scene
from synth.spec.config import SceneConfig
from synth.spec.model import ClipSpec, LightSpec
from synth.spec.scenes.model import SceneSpec
from synth.spec.scenes.sample import sample_scene
from synth.spec.seeds import generator
from tests.scenes import ARMS_DOWN, camera_path, people, posed, spec_of

WIDTH, HEIGHT = 96, 72
KINDS = ("room", "street", "nature", "studio")


@functools.cache
def library(config: BodiesConfig = BodiesConfig()) -> Library:  # noqa: B008 - it is frozen
    return load_library(config)


@functools.cache
def person(eye=(0.6, -3.5, 1.4), focal_mm: float = 28.0, walk: float = 0.15) -> ClipGeometry:
    """One person who walks a little before a camera that circles a little; no scene."""
    samples = [ARMS_DOWN | {"transl": (walk * s, 0, 0), "left_elbow": (0, 0.2 * s, 0)} for s in range(4)]
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in 0.05 * np.arange(4)]
    eyes = [(*(turn @ eye[:2]), eye[2]) for turn in turns]
    cameras = camera_path(eyes, [(walk * 1.5, 0, 1.0)] * 4, WIDTH, HEIGHT, focal_mm)
    geometry = people(posed(samples), cameras=cameras)
    return ClipGeometry(**{**vars(geometry), "meshes": tuple(m for m in geometry.meshes if m.person)})


def draw(kind: str, seed: int, **knobs) -> SceneSpec:
    """A scene of a kind as the default config draws it."""
    config = SceneConfig(kinds=(kind,), **knobs)
    return sample_scene(generator(seed, "scene"), config, library().catalogue)


def spec_with(scene: SceneSpec, geometry: ClipGeometry, **light) -> ClipSpec:
    spec = spec_of(geometry, WIDTH, HEIGHT)
    lit = LightSpec(**{**spec.light.model_dump(), **light})
    return spec.model_copy(update={"scene": scene, "light": lit})


def placed(
    scene: SceneSpec, geometry: ClipGeometry, assets=None, file: SceneFile | None = None, **light
) -> tuple[ClipSpec, Surroundings, ClipGeometry]:
    """The spec, the place, and the clip in it."""
    spec = spec_with(scene, geometry, **light)
    built = build_scene(spec, geometry.meshes, geometry.cameras, assets or library().scenes, file)
    whole = {**vars(geometry), "meshes": (*geometry.meshes, *built.meshes), "lamps": built.lamps, "scene": built.facts}
    return spec, built, ClipGeometry(**whole)


def soup(meshes: tuple[Mesh, ...]) -> trimesh.Trimesh:
    """Meshes that stand still as one; hidden faces are left out."""
    parts = [trimesh.Trimesh(m.positions[0], m.faces[m.shown], process=False) for m in meshes]
    return trimesh.util.concatenate(parts)


def eyes_of(cameras: Cameras) -> np.ndarray:
    pose = cameras.world_to_camera
    return -np.einsum("sji,sj->si", pose[:, :3, :3], pose[:, :3, 3])


def gap(meshes: tuple[Mesh, ...], points: np.ndarray, most: float = 0.5) -> float:
    """Metres from points (N, 3) to the nearest face, or ``most``."""
    triangles = soup(meshes).triangles
    low, high = points.min(0) - most, points.max(0) + most
    triangles = triangles[((triangles.max(1) >= low) & (triangles.min(1) <= high)).all(1)]
    best = most
    for point in points if len(triangles) else ():
        near = trimesh.triangles.closest_point(triangles, np.tile(point, (len(triangles), 1)))
        best = min(best, float(np.linalg.norm(near - point, axis=1).min()))
    return best
