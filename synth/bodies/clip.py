"""``ClipSpec`` -> ``ClipGeometry``: every mesh, joint and camera of a clip, in the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from synth.bodies.apart import Balls, Obstacle, keep_apart
from synth.bodies.catalogue import Library
from synth.bodies.config import BodiesConfig
from synth.bodies.figure import Figure, build_figure
from synth.bodies.model import load_body
from synth.bodies.person import canonical_is_shared, joint_sites, smplx_label
from synth.bodies.simulated import Cloth
from synth.cameras import Subject, framed_vertices, read_path, solve
from synth.conventions import JOINT_NAMES, ThfmError
from synth.geometry import Cameras, ClipGeometry, SceneFile
from synth.props import held_by, place_props
from synth.scenes import build_scene
from synth.spec.model import ClipSpec

_FRAMED = 23  # every n-th vertex stands for the body when the camera is placed


def build_clip(
    spec: ClipSpec,
    config: BodiesConfig,
    library: Library,
    scene_file: SceneFile | None = None,
    obstacles: Sequence[Obstacle] = (),
    cloths: Mapping[int, Cloth] = MappingProxyType({}),
) -> ClipGeometry:
    """All geometry of a clip over T + 2 time samples.

    Args:
        scene_file: what the scene file holds that the spec names, if it names one.
        obstacles: what people must keep out of at all times.
        cloths: simulated garments of those people (from 1) whose specs name some, over the T + 2 samples.

    Raises:
        ClipRejected: people find no room, or no camera sees what the framing asks for.
        ThfmError: a named asset is missing or broken, or the motion ends too early.
    """
    figures = [
        build_figure(
            p, k, spec.frames, spec.fps, config, library, held_by(spec.props, library.props, k - 1), cloths.get(k)
        )
        for k, p in enumerate(spec.people, 1)
    ]
    balls = [Balls.around(f.meshes, spec.frames + 2) for f in figures] if len(figures) > 1 or obstacles else []
    if balls:
        figures = [f.moved(shift) for f, shift in zip(figures, keep_apart(balls, obstacles), strict=True)]
    meshes = [mesh for figure in figures for mesh in figure.meshes]
    joints = np.stack([f.joints for f in figures])
    cameras = _cameras(spec, figures, library)
    scene = build_scene(spec, meshes, cameras, library.scenes, scene_file)
    size = (spec.width, spec.height)
    props, facts = place_props(spec.props, library.props, meshes, joints, cameras, size, scene.boxes)
    neutral = load_body(config.models, "neutral")
    sites = [joint_sites(neutral if canonical_is_shared(neutral, f.model) else f.model) for f in figures]
    return ClipGeometry(
        meshes=(*meshes, *scene.meshes, *props),
        cameras=cameras,
        joints=joints,
        joint_canonical=np.stack([canonical for canonical, _ in sites]),
        joint_reach=np.stack([reach for _, reach in sites]),
        smplx=tuple(smplx_label(f.model, f.params) for f in figures),
        props=tuple(facts),
        lamps=scene.lamps,
        scene=scene.facts,
    )


def _cameras(spec: ClipSpec, figures: Sequence[Figure], library: Library) -> Cameras:
    """They keep clear of everybody and show what the framing asks for of those whom it asks for."""
    camera, path = spec.camera, None
    if camera.replay is not None:
        name = camera.replay.path
        if name not in library.path_files:
            raise ThfmError(f"there is no camera path called {name!r}: was the clip made with other assets?")
        path = read_path(library.path_files[name])
    points, framed = [], []
    for person, figure in zip(spec.people, figures, strict=True):
        some = np.unique(figure.model.faces)[::_FRAMED]
        points.append(figure.meshes[0].positions[:, some].astype(np.float64))
        asked = framed_vertices(figure.canonical, figure.model.faces, camera.band)[some]
        framed.append(asked & person.framed)
    watched = None
    if camera.track is not None:
        watched = figures[0].joints[:, JOINT_NAMES.index(camera.track)].astype(np.float64)
    subject = Subject(np.concatenate(points, axis=1), np.concatenate(framed), watched)
    return solve(camera, subject, spec.width, spec.height, spec.fps, path)
