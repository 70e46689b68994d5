"""Hi4D (Yin et al., CVPR 2023): pairs of people in close contact, with textured scans of every frame.

Layout: ``dataset.md`` of github.com/yifeiyin04/Hi4D: ``pair<NN>/<action>/images/<camera>/<000NNN>.jpg``,
``frames/mesh-f<00NNN>.obj``, ``cameras/rgb_cameras.npz`` with ``ids``, ``intrinsics`` (8 x 3 x 3), ``extrinsics`` (8
x 3 x 4, world to camera) and ``dist_coeffs`` (8 x 5, as OpenCV has them).

Subset and protocol: pairs 28, 32 and 37, camera 4, as Sapiens and its successors have it. Truth are the normals of
the scan seen through that camera: of its vertices, area-weighted, interpolated; everything that the scan covers
counts. Papers do not say how they rendered theirs. Pieces of 64 frames.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from synth.conventions import ThfmError
from train.benchmarks.base import Benchmark, Column, Published, Request
from train.benchmarks.files import folders, pictures, read_npz, read_rgb
from train.benchmarks.joints import to_camera
from train.benchmarks.raster import project, see, vertex_normals
from train.benchmarks.sequence import sequence_cases
from train.inference.cases import Case

_PAIRS, _CAMERA, _FPS, _PIECE = ("pair28", "pair32", "pair37"), 4, 30.0, 64
_TO_OURS = np.array([1.0, -1.0, -1.0])  # camera axes x right, y down, z forward -> x right, y up, z to the viewer


def _cases(request: Request) -> list[Case]:
    return [
        case
        for pair in _PAIRS
        for action in folders(request.folder / pair)
        for case in _sequence(f"{pair}-{action.name}", action, request.frames or _PIECE)
    ]


def _sequence(name: str, folder: Path, piece: int) -> list[Case]:
    images = {int(p.stem): p for p in pictures(folder / "images" / str(_CAMERA)) if p.stem.isdigit()}
    meshes = {}
    for path in (folder / "frames").glob("mesh-f*.obj"):
        if number := re.fullmatch(r"mesh-f(\d+)\.obj", path.name):
            meshes[int(number[1])] = path
    frames = sorted(images.keys() & meshes.keys())
    if images and not frames:
        raise ThfmError(f"{folder / 'frames'} holds no scan of the pictures of camera {_CAMERA}: unpack the scans too.")
    if not frames:
        return []
    intrinsics, view, distortion = read_camera(folder / "cameras" / "rgb_cameras.npz", _CAMERA)

    def labels(part: slice) -> dict[str, np.ndarray]:
        height, width = read_rgb([images[frames[part.start]]]).shape[1:3]
        shape = (part.stop - part.start, height, width)
        found = {"normals": np.full((*shape, 3), np.nan, np.float32), "instances": np.zeros(shape, np.uint8)}
        for t, frame in enumerate(frames[part]):
            points, faces = read_obj(meshes[frame])
            points = to_camera(points, view)
            seen = see(points, project(points, intrinsics, distortion), faces, height, width)
            normals = (vertex_normals(points, faces)[faces[seen.faces]] * seen.weights[..., None]).sum(1) * _TO_OURS
            length = np.linalg.norm(normals, axis=-1, keepdims=True)
            rows, columns = seen.pixels.T
            found["normals"][t, rows, columns] = np.where(length > 1e-9, normals / np.maximum(length, 1e-9), np.nan)
            found["instances"][t, rows, columns] = 1  # people, without telling them apart
        return found

    def rgb(part: slice) -> np.ndarray:
        return read_rgb([images[frame] for frame in frames[part]])

    return sequence_cases(name, len(frames), piece, _FPS, ("normals", "instances"), rgb, labels)


def read_camera(path: Path, camera: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intrinsics (3, 3), world to camera (4, 4) and distortion (5,) of a camera. Raises ThfmError."""
    data = read_npz(path, ("ids", "intrinsics", "intirnsics", "extrinsics", "dist_coeffs"))
    try:
        place = data["ids"].astype(int).ravel().tolist().index(camera)
        key = "intrinsics" if "intrinsics" in data else "intirnsics"  # as dataset.md spells it
        matrix, view, bend = (np.asarray(data[k][place], np.float64) for k in (key, "extrinsics", "dist_coeffs"))
        return matrix.reshape(3, 3), np.concatenate([view[:3, :4], [[0, 0, 0, 1]]]), bend
    except (KeyError, ValueError, IndexError) as error:
        raise ThfmError(f"{path} does not tell camera {camera} ({error}): unpack the data set completely.") from None


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) float64 and triangles (F, 3) of a Wavefront file. Raises ThfmError if it cannot be read."""
    points, faces = [], []
    try:
        with open(path) as file:
            for line in file:
                if line.startswith("v "):
                    points.append(line.split()[1:4])
                elif line.startswith("f "):
                    corners = [int(word.partition("/")[0]) for word in line.split()[1:]]
                    faces += [(corners[0], corners[k], corners[k + 1]) for k in range(1, len(corners) - 1)]
        vertices, triangles = np.array(points, np.float64), np.array(faces, np.int64)
        triangles = np.where(triangles > 0, triangles - 1, len(vertices) + triangles)  # negative: from the end
        if not len(triangles) or vertices.shape[1:] != (3,) or triangles.max() >= len(vertices) or triangles.min() < 0:
            raise ValueError("it has no triangles between its vertices")
    except (OSError, ValueError, IndexError, UnicodeDecodeError) as error:
        raise ThfmError(f"{path} is no mesh that can be read ({error}): unpack the data set completely.") from None
    return vertices, triangles


BENCHMARK = Benchmark(
    name="hi4d",
    title="Hi4D, surface normals",
    layout="pair28, pair32 and pair37, each <action>/images/4, frames/mesh-f*.obj and cameras/rgb_cameras.npz",
    protocol="pairs 28, 32, 37, camera 4 (published: 1,195 frames), all that the scan covers, its smooth normals",
    tasks={"normals": {"region": "scene"}},
    columns=(
        Column("normals", "mean", "mean ° ↓"),
        Column("normals", "median", "median ° ↓"),
        Column("normals", "under_11.25", "< 11.25° % ↑", 100),
        Column("normals", "under_22.5", "< 22.5° % ↑", 100),
        Column("normals", "under_30", "< 30° % ↑", 100),
    ),
    published=(
        Published("THFM", (11.01, None, None, None, None), "arXiv 2603.25892"),
        Published("GenCeption", (11.47, None, None, None, None), "arXiv 2607.09024"),
        Published("Sapiens", (12.14, None, None, None, None), "quoted; look it up before citing"),
        Published("DAViD-L", (15.37, None, None, None, None), "quoted; look it up before citing"),
    ),
    cases=_cases,
)
