"""Plain data that crosses rooms: the triangle meshes and the cameras of one clip.

A clip of T frames carries T + 2 time samples: one frame before and one after the clip, so that motion blur and optical
flow are defined at its ends. Time sample ``t + 1`` is frame ``t``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synth.rolling import Shutter


@dataclass(frozen=True)
class Material:
    """How a mesh looks. ``kind`` picks the shader; the rest are its inputs (colours are linear RGB in [0, 1]).

    ``settings`` of cloth: ``luminance`` of a texture that keeps its shades alone; ``fabric``, the dump of a FabricSpec
    that colours it, laid along the mesh's ``cloth``; without ``luminance``, instead of the texture.
    """

    kind: str  # skin, cloth, hair, eye, plain, ground, surface, paper, glow, projected, imported
    diffuse: Path | None = None
    normal: Path | None = None
    alpha: bool = False
    tint: tuple[float, float, float] | None = None
    roughness: float = 0.8
    settings: dict = field(default_factory=dict)


def used_vertices(faces: np.ndarray) -> np.ndarray:
    """(n,) int64, in order: the vertices that triangles (F, 3) have."""
    return np.flatnonzero(np.bincount(faces.ravel()))


@dataclass(frozen=True)
class Mesh:
    """One moving triangle mesh with everything that labels need to know of its surface.

    Attributes:
        name: unique within the clip.
        person: 0 for the scene, k for person k.
        faces: (F, 3) int32, counter-clockwise seen from outside.
        positions: (T+2, V, 3) float32, world metres; (1, V, 3) for a mesh that does not move.
        uv, face_uv: (n, 2) float32 and (F, 3) int32, texture coordinates per face corner.
        part, semantic: (F,) uint8, values of ``conventions.Part`` and ``conventions.Semantic``.
        canonical: (V, 3) float32, dense-pose point in the unit cube; NaN where the mesh is no person.
        shown: (F,) bool, False for faces that other layers cover for good (skin under a shirt); they are not rendered.
        material_index: (F,) uint8 or uint16 into ``materials``.
        cloth: (n, 2) float32, metres on the cloth laid flat, beside ``uv``; None where nothing is woven into it.
    """

    name: str
    person: int
    faces: np.ndarray
    positions: np.ndarray
    uv: np.ndarray
    face_uv: np.ndarray
    part: np.ndarray
    semantic: np.ndarray
    canonical: np.ndarray
    shown: np.ndarray
    materials: tuple[Material, ...]
    material_index: np.ndarray
    attributes: dict[str, np.ndarray] = field(default_factory=dict)  # per-vertex (V, 3) float32, for shaders
    cloth: np.ndarray | None = None


@dataclass(frozen=True)
class Cameras:
    """One camera per time sample.

    Attributes:
        intrinsics: (T+2, 3, 3); world_to_camera: (T+2, 4, 4), float64.
        distortion: (5,) k1, k2, p1, p2, k3 of ``synth.lens``, the same at all times.
        focus: (T+2,) planar depth that is in focus, metres; f_stop: aperture of a full frame whose long side is 36 mm.
            None: everything is sharp.
        shutter: share of the frame time for which the shutter is open, around the sample.
        readout: share of the frame time from the moment of the first row to that of the last, around the sample.
    """

    intrinsics: np.ndarray
    world_to_camera: np.ndarray
    distortion: np.ndarray = field(default_factory=lambda: np.zeros(5))
    focus: np.ndarray | None = None
    f_stop: float | None = None
    shutter: float = 0.5
    readout: float = 0.0

    def at(self, sample: int, height: int) -> Shutter:
        """The camera of a time sample, 1 to T, that reads pictures of ``height`` rows."""
        half_a_row = 0.5 / height  # by which Cycles is late
        edges = (np.array([-0.5, 0.5]) + half_a_row) * self.readout
        return Shutter(self.world_to_camera[sample - 1 : sample + 2], edges, height)


@dataclass(frozen=True)
class Lamp:
    """A light out of sight of cameras, in the world.

    Attributes:
        kind: area, point, sun, or portal: an opening through which the environment shines in.
        direction: (3,) unit vector of the light, but a point's.
        size: (width, height) in metres; a point lamp's diameter twice; the angle of a sun, radians, twice.
        power: W; a sun's W/m2. colour: linear RGB.
    """

    kind: str
    position: np.ndarray
    direction: np.ndarray
    size: tuple[float, float]
    power: float = 0.0
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class SceneFile:
    """A scene file as it lies on disk: meshes of z up and metres, nobody's and not told apart yet, and its lamps."""

    meshes: tuple[Mesh, ...]
    lamps: tuple[Lamp, ...] = ()


@dataclass(frozen=True)
class ClipGeometry:
    """Everything geometric about a clip.

    Attributes:
        meshes: body, garments and hair of every person, then the scene.
        cameras: T + 2 samples.
        joints: (P, T+2, J, 3) float32, SMPL-X joints in the world, metres.
        joint_canonical: (P, J, 3) float32, dense-pose points of the joints in the rest pose, unit cube.
        joint_reach: (P, J) float32, how far from a joint its own surface can be there; keypoint visibility uses both.
        smplx: per person, the arrays of the ``smplx`` label (T frames) and the id of the body model.
        props: per prop that found a place: name, role, person, hand, hidden (see ``synth.props.place_props``).
        lamps: beside the environment and the sun of the spec, which gives way to suns among them.
        scene: what the place holds, JSON-able.
    """

    meshes: tuple[Mesh, ...]
    cameras: Cameras
    joints: np.ndarray
    joint_canonical: np.ndarray
    joint_reach: np.ndarray
    smplx: tuple[dict[str, np.ndarray], ...]
    props: tuple[dict, ...] = ()
    lamps: tuple[Lamp, ...] = ()
    scene: dict = field(default_factory=dict)

    @property
    def frames(self) -> int:
        return len(self.cameras.world_to_camera) - 2


@dataclass(frozen=True)
class LabelPasses:
    """What the renderer returns of a clip for its labels.

    Attributes:
        face: (T, H, W) int32, index of the visible face over all meshes in order, -1 where nothing was hit.
        barycentric: (T, H, W, 2) float32, weights of the face's first two corners.
        depth: (T, H, W) float32, the renderer's own planar depth, metres, inf where nothing was hit; a
            cross-check, NaN behind a lens that distorts and with a rolling shutter.
        seconds: stage name -> seconds.
    """

    face: np.ndarray
    barycentric: np.ndarray
    depth: np.ndarray
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class ColourPasses:
    """What the renderer returns of a clip as a camera films it.

    Attributes:
        rgb: (T, H, W, 3) uint8, sRGB; None where no colour was wanted.
        matte: (T, H, W) float32 in [0, 1], soft coverage by people.
        seconds: stage name -> seconds.
    """

    rgb: np.ndarray | None
    matte: np.ndarray
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Passes(LabelPasses, ColourPasses):
    """Both, of one clip."""
