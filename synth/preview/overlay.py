"""The bodies of the ``smplx`` label, posed anew by the smplx library and drawn over the frame by pyrender."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from synth.bodies.config import assets_folder
from synth.bodies.model import POSE_FIELDS, BodyModel, load_body
from synth.bodies.model_npz import model_id
from synth.conventions import ThfmError
from synth.lens import COEFFICIENTS, distorted, project
from synth.preview.palette import person_colour, rgb
from synth.rolling import Shutter

Drawn = tuple[np.ndarray, np.ndarray, str]  # vertices (V, 3) in the world, metres; faces (F, 3); '#rrggbb'
Size = tuple[int, int]  # width, height

_GENDERS = ("neutral", "female", "male")
_SEEN_THROUGH = 0.3  # share of the frame that shines through a body


class OverlayUnavailable(ThfmError):
    """The body cannot be drawn on this machine; the message says what is missing."""


def body_of(person: dict[str, Any], folder: Path | None = None) -> BodyModel:
    """The body model that ``person``, an entry of the ``smplx`` label, was made with.

    It is looked for in ``folder``/smplx, then among the open bodies. Its hash must be the stored one; a file of
    another hash is not even loaded.

    Raises:
        OverlayUnavailable: neither place holds it.
    """
    stored, gender = str(person.get("body_model", "")), str(person.get("gender", ""))
    folders = [Path(f) for f in (folder, assets_folder() / "bodies") if f is not None]
    for place in folders if gender in _GENDERS else ():
        file = place / "smplx" / f"SMPLX_{gender.upper()}.npz"
        if file.is_file() and stored == model_id(file):
            return _loaded(place, gender)
    places = " and ".join(str(f) for f in folders)
    raise OverlayUnavailable(
        f"body model {stored or 'without a name'} is not in {places}: name the folder that holds it."
    )


def _loaded(folder: Path, gender: str) -> BodyModel:
    try:
        return load_body(folder, gender)
    except ImportError as error:
        raise OverlayUnavailable(f"{error.name} is not installed: pip install 'thfm[preview]'.") from error
    except ThfmError as error:
        raise OverlayUnavailable(str(error)) from error


def body_vertices(model: BodyModel, person: dict[str, Any]) -> np.ndarray:
    """(T, V, 3) float32 world vertices of one entry of the ``smplx`` label, metres."""
    fields = (*POSE_FIELDS, "transl", "betas", "expression")
    missing = [f for f in fields if f not in person]
    if missing:
        raise OverlayUnavailable(f"the smplx label lacks {', '.join(missing)}.")
    try:
        return model.pose({name: person[name] for name in fields}).vertices
    except (RuntimeError, ValueError, TypeError) as error:  # what torch and smplx make of shapes that do not fit
        raise OverlayUnavailable(f"the smplx label does not fit body model {model.id} ({error}).") from error


class MeshRenderer:
    """pyrender without a window. Made once, it draws meshes at any size; close it after use (``with``).

    Raises:
        OverlayUnavailable: there is no EGL to draw with.
    """

    def __init__(self) -> None:
        os.environ.setdefault("PYOPENGL_PLATFORM", "egl")  # PyOpenGL reads it when it is first imported
        try:
            import pyrender

            self._renderer = pyrender.OffscreenRenderer(64, 64)
        except Exception as error:  # PyOpenGL raises AttributeError, ImportError or its own, as the machine goes
            raise OverlayUnavailable(
                f"pyrender finds no EGL to draw with ({error}): install it (Debian: apt-get install libegl1 libgles2 "
                "libegl-mesa0) and pyrender (pip install 'thfm[preview]')."
            ) from error

    def __enter__(self) -> MeshRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.delete()

    def colour(
        self, meshes: list[Drawn], intrinsics: np.ndarray, world_to_camera: np.ndarray, size: Size
    ) -> np.ndarray:
        """Draw meshes, lit and antialiased, as the camera of a clip sees them.

        Args:
            intrinsics: (3, 3) without skew, for a picture of ``size``; pyrender spreads the interval [0, w] over the
                screen, so a K whose pixel centres are at index + 0.5 holds as it is.
            world_to_camera: (4, 4), OpenCV axes.

        Returns:
            (h, w, 4) uint8, premultiplied by alpha.
        """
        import pyrender

        scene = _scene(meshes, intrinsics, world_to_camera)
        scene.add(pyrender.DirectionalLight(color=(1.0, 1.0, 1.0), intensity=3.0), pose=_light_pose())
        self._renderer.viewport_width, self._renderer.viewport_height = size
        return self._renderer.render(scene, flags=pyrender.RenderFlags.RGBA)[0]

    def depth(self, meshes: list[Drawn], intrinsics: np.ndarray, world_to_camera: np.ndarray, size: Size) -> np.ndarray:
        """Planar depth (h, w) float32 at the pixels' centres, metres, 0 where nothing is; else as ``colour``."""
        import pyrender

        scene = _scene(meshes, intrinsics, world_to_camera)
        self._renderer.viewport_width, self._renderer.viewport_height = size
        # Only this mode switches multisampling off, under which depth is that of a sample off the pixel's centre.
        flat = pyrender.RenderFlags.SEG
        nodes = {node: (255, 255, 255) for node in scene.mesh_nodes}
        return self._renderer.render(scene, flags=flat, seg_node_map=nodes)[1]


def _scene(meshes: list[Drawn], intrinsics: np.ndarray, world_to_camera: np.ndarray):
    import pyrender

    pose = np.diag([1.0, -1.0, -1.0, 1.0]) @ world_to_camera  # to OpenGL camera axes, in which the scene is built
    seen = [vertices @ pose[:3, :3].T + pose[:3, 3] for vertices, _, _ in meshes]
    ahead = -np.concatenate([v[np.unique(f), 2] for v, (_, f, _) in zip(seen, meshes, strict=True)])
    far = max(float(ahead.max()), 0.1) * 1.1
    near = float(np.clip(ahead.min() * 0.9, 0.01, far / 2))
    scene = pyrender.Scene(bg_color=(0, 0, 0, 0), ambient_light=(0.3, 0.3, 0.3))
    for vertices, (_, faces, colour) in zip(seen, meshes, strict=True):
        scene.add(pyrender.Mesh([_primitive(vertices, faces, colour)]))
    (fx, _, cx), (_, fy, cy) = intrinsics[:2]
    scene.add(pyrender.IntrinsicsCamera(fx, fy, cx, cy, znear=near, zfar=far))
    return scene


def _primitive(vertices: np.ndarray, faces: np.ndarray, colour: str):
    import pyrender

    corners = vertices[faces]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # longer for larger faces
    index = faces.ravel()
    normals = np.stack([np.bincount(index, np.repeat(flat[:, k], 3), len(vertices)) for k in range(3)], 1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    material = pyrender.MetallicRoughnessMaterial(
        baseColorFactor=(*((c / 255) ** 2.2 for c in rgb(colour)), 1.0),
        metallicFactor=0.0,
        roughnessFactor=0.8,
        doubleSided=True,
    )
    return pyrender.Primitive(
        positions=vertices.astype(np.float32),
        normals=normals.astype(np.float32),
        indices=faces,
        material=material,
        mode=4,
    )


def _light_pose() -> np.ndarray:
    """A lamp over the left shoulder of the viewer (it shines along its -z)."""
    z = np.array([-0.5, 0.6, 0.62])
    z /= np.linalg.norm(z)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    out = np.eye(4)
    out[:3, :3] = np.stack([x, np.cross(z, x), z], 1)
    return out


class Bodies:
    """The recomputed bodies of a clip.

    Raises:
        OverlayUnavailable: the clip has no ``smplx`` label, or its body model is not here.
    """

    def __init__(self, clip: Any, folder: Path | None = None):
        for field in ("smplx", "intrinsics", "world_to_camera"):
            if field not in clip.fields():
                raise OverlayUnavailable(f"the clip holds no {field}.")
        if not clip.num_people:
            raise OverlayUnavailable("the clip shows nobody.")
        self.width, self.height = clip.width, clip.height
        self.intrinsics, self.world_to_camera = clip.intrinsics, clip.world_to_camera
        straight = np.zeros((len(self.intrinsics), COEFFICIENTS))
        self.distortion = clip.distortion if "distortion" in clip.fields() else straight
        self.readout = clip.readout if "readout" in clip.fields() else np.zeros((len(self.intrinsics), 2))
        self.people = []
        for number, person in enumerate(clip.smplx, 1):
            model = body_of(person, folder)
            self.people.append((body_vertices(model, person), model.faces, person_colour(number)))

    def _view(self, frame: int, size: Size) -> tuple[list[Drawn], np.ndarray, np.ndarray, Size]:
        """What ``MeshRenderer`` draws of a frame at ``size``, whatever the size of the clip."""
        scale = np.diag([size[0] / self.width, size[1] / self.height, 1.0])
        meshes = [(self._bent(vertices, frame), faces, colour) for vertices, faces, colour in self.people]
        return meshes, scale @ self.intrinsics[frame], self.world_to_camera[frame], size

    def _bent(self, vertices: np.ndarray, frame: int) -> np.ndarray:
        """World vertices (T, V, 3) of a frame, (V, 3), moved to where lens and shutter show them.

        pyrender knows pinholes that see all at once.
        """
        if not self.distortion[frame].any() and not self.readout[frame].any():
            return vertices[frame]
        pose = self.world_to_camera[frame]
        camera = self._exposed(vertices, frame)
        ahead = camera[:, 2] > 0.05
        flat = distorted(camera[ahead, :2] / camera[ahead, 2:], self.distortion[frame])
        camera[ahead, :2] = flat * camera[ahead, 2:]
        return (camera - pose[:3, 3]) @ pose[:3, :3]

    def _shutter(self, frame: int) -> Shutter:
        return Shutter.of_frame(self.world_to_camera, self.readout, frame, self.height)

    def _project(self, frame: int) -> Callable[[np.ndarray], np.ndarray]:
        return partial(project, intrinsics=self.intrinsics[frame], distortion=self.distortion[frame])

    def _exposed(self, vertices: np.ndarray, frame: int) -> np.ndarray:
        """World vertices (T, V, 3) of a frame before its camera, (V, 3), each when its row is read."""
        last = len(vertices) - 1
        return self._shutter(frame).exposed_points(
            lambda step: vertices[min(max(frame + step, 0), last)].astype(np.float64), self._project(frame)
        )

    def when_read(self, frame: int) -> list[np.ndarray]:
        """Per person the world vertices (V, 3) of a frame, metres, each where it is when its row is read."""
        if not self.readout[frame].any():
            return [vertices[frame] for vertices, _, _ in self.people]
        shutter, see, out = self._shutter(frame), self._project(frame), []
        for vertices, _, _ in self.people:
            camera = self._exposed(vertices, frame)
            out.append(shutter.to_world(camera, shutter.times(see(camera)[:, 1])))
        return out

    def depth(self, renderer: MeshRenderer, frame: int, size: Size) -> np.ndarray:
        """Depth (h, w) float32 of the bodies in a frame, 0 where none is."""
        return renderer.depth(*self._view(frame, size))

    def over(self, renderer: MeshRenderer, frame: int, picture: np.ndarray) -> np.ndarray:
        """``picture`` (h, w, 3) uint8, the frame at any size, with the bodies over it."""
        colour = renderer.colour(*self._view(frame, picture.shape[1::-1]))
        opacity = 1 - _SEEN_THROUGH
        mixed = picture * (1 - opacity / 255 * colour[..., 3:]) + opacity * colour[..., :3]
        return np.clip(mixed.round(), 0, 255).astype(np.uint8)


__all__ = ["Bodies", "MeshRenderer", "OverlayUnavailable", "body_of", "body_vertices"]
