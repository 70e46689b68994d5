"""``ClipSpec`` -> ``ClipGeometry``: every mesh, joint and camera of a clip, in the world."""

from __future__ import annotations

import numpy as np

from synth.bodies.catalogue import Library
from synth.bodies.config import BodiesConfig
from synth.bodies.model import load_body
from synth.bodies.outfit import fit_outfit, outfit_meshes
from synth.bodies.person import (
    body_mesh,
    canonical_is_shared,
    canonical_points,
    joint_sites,
    person_params,
    smplx_label,
)
from synth.bodies.registration import base_map
from synth.bodies.stool import stool_mesh
from synth.cameras import Subject, framed_vertices, read_path, solve
from synth.conventions import JOINT_NAMES, ThfmError
from synth.geometry import ClipGeometry, Mesh, SceneFile
from synth.props import place_props
from synth.scenes import build_scene
from synth.spec.model import ClipSpec

_FRAMED = 23  # every n-th vertex stands for the body when the camera is placed


def build_clip(
    spec: ClipSpec, config: BodiesConfig, library: Library, scene_file: SceneFile | None = None
) -> ClipGeometry:
    """All geometry of a clip over T + 2 time samples.

    Args:
        scene_file: what the scene file holds that the spec names, if it names one.

    Raises:
        ClipRejected: no camera sees what the framing asks for.
        ThfmError: a named asset is missing or broken, or the motion ends too early.
    """
    meshes: list[Mesh] = []
    joints, sites, labels, points, framed = [], [], [], [], []
    neutral = load_body(config.models, "neutral")
    for number, person in enumerate(spec.people, 1):
        model = load_body(config.models, person.gender)
        skin = library.skin(person.skin, model.texture_layout)
        params, seat = person_params(model, person, library.motion_files, spec.frames, spec.fps)
        posed = model.pose(params)
        canonical = canonical_points(neutral, model)
        outfit = fit_outfit(model, base_map(model, config.open_models), posed, person, config.assets)
        # Motions are grounded for bare feet; shoes stand on their soles.
        posed = posed.raised(outfit.sole)
        params["transl"] = posed.transl
        meshes.append(body_mesh(model, posed, canonical, person, number, skin, outfit.shown))
        meshes += outfit_meshes(outfit, model, posed, canonical, number)
        if seat is not None:
            stool = stool_mesh(f"stool {number}", seat + [0.0, 0.0, outfit.sole], person.motion.seed)
            meshes.append(stool)
        joints.append(posed.joints)
        sites.append(joint_sites(neutral if canonical_is_shared(neutral, model) else model))
        labels.append(smplx_label(model, params))
        used = np.unique(model.faces)
        points.append(posed.vertices[:, used[::_FRAMED]].astype(np.float64))
        framed.append(framed_vertices(canonical, model.faces, spec.camera.band)[used[::_FRAMED]])
    camera, path = spec.camera, None
    if camera.replay is not None:
        path = read_path(_named(library.path_files, camera.replay.path, "camera path"))
    watched = None if camera.track is None else joints[0][:, JOINT_NAMES.index(camera.track)].astype(np.float64)
    subject = Subject(np.concatenate(points, axis=1), np.concatenate(framed), watched)
    cameras = solve(camera, subject, spec.width, spec.height, spec.fps, path)
    size = (spec.width, spec.height)
    scene = build_scene(spec, meshes, cameras, library.scenes, scene_file)
    props, facts = place_props(spec.props, library.props, meshes, np.stack(joints), cameras, size, scene.boxes)
    return ClipGeometry(
        meshes=(*meshes, *scene.meshes, *props),
        cameras=cameras,
        joints=np.stack(joints),
        joint_canonical=np.stack([canonical for canonical, _ in sites]),
        joint_reach=np.stack([reach for _, reach in sites]),
        smplx=tuple(labels),
        props=tuple(facts),
        lamps=scene.lamps,
        scene=scene.facts,
    )


def _named(files: dict, name: str, kind: str):
    if name not in files:
        raise ThfmError(f"there is no {kind} called {name!r}: was the clip made with other assets?")
    return files[name]
