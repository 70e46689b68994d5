"""Bake the CC0 furniture of Debian's sweethome3d-furniture into assets/furniture.

Get the package with ``apt-get download sweethome3d-furniture`` (120 MB), then run
``python -m tools.bake_furniture --package sweethome3d-furniture_*.deb``. Needs ``pip install thfm[bake]`` and dpkg-deb.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tools import furniture_items as table

LIBRARY = "usr/share/sweethome3d/furniture/BlendSwap-CC-0.sh3f"
LICENCE = "CC0-1.0"
FACES = {"held": 2500, "standing": 4000}  # most faces of an item, roughly
CREASE = np.radians(30)  # surfaces that meet at more are not shaded as one
TEXTURE_SIZE = 256
AGGRESSION = 3  # the library's usual 7 tears thin things apart


@dataclass
class Part:
    """The faces of one material: vertices (V, 3), faces (F, 3), uv (V, 2) or None, and the material's looks."""

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray | None
    colour: tuple[float, float, float]
    image: Image.Image | None
    gloss: float


def unpack(package: Path, folder: Path) -> Path:
    """Unpack the CC0 library of the Debian package into ``folder``."""
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder / "deb")], check=True)
    with zipfile.ZipFile(folder / "deb" / LIBRARY) as archive:
        archive.extractall(folder / "library")
    return folder / "library"


def read_properties(path: Path) -> dict[str, dict[str, str]]:
    """The entries of a furniture catalogue by their short id."""
    entries: dict[str, dict[str, str]] = {}
    for line in path.read_text("latin-1").splitlines():
        if found := re.match(r"(\w+)#(\d+)=(.*)", line):
            entries.setdefault(found[2], {})[found[1]] = found[3].strip()
    return {e["id"].split("#")[-1]: e for e in entries.values()}


def linear(srgb) -> tuple[float, float, float]:
    c = np.clip(np.asarray(srgb, float), 0, 1)
    return tuple(np.round(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4), 4).tolist())


def read_parts(path: Path) -> list[Part]:
    """The parts of an OBJ file, triangulated."""
    scene = trimesh.load_scene(path, process=False, group_material=True)
    parts = []
    for mesh in scene.geometry.values():
        if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
            continue
        material = getattr(mesh.visual, "material", None) or trimesh.visual.material.SimpleMaterial()
        image, uv = getattr(material, "image", None), getattr(mesh.visual, "uv", None)
        colour = linear(np.clip(material.main_color[:3] / 255, 0.03, 0.9))
        if image is not None and (uv is None or not np.isfinite(uv).all()):
            colour, image = linear(np.asarray(image.convert("RGB"), float).mean((0, 1)) / 255), None
        gloss = float(np.ravel(getattr(material, "glossiness", 1.0) or 1.0)[0])
        parts.append(Part(np.array(mesh.vertices), np.array(mesh.faces), uv if image is not None else None, colour,
                          image, gloss))  # fmt: skip
    return parts


def place(parts: list[Part], entry: dict[str, str]) -> np.ndarray:
    """Put parts at their real size into metres, z up, standing on z = 0 over the origin; returns the size (3,)."""
    rotation = np.array([float(x) for x in entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split()]).reshape(3, 3)
    size = np.array([float(entry[k]) for k in ("width", "height", "depth")]) / 100
    points = np.concatenate([p.vertices[np.unique(p.faces)] @ rotation.T for p in parts])
    low, high = points.min(0), points.max(0)
    for part in parts:
        at = (part.vertices @ rotation.T - (low + high) / 2) / np.maximum(high - low, 1e-9) * size
        # The source has y up and z towards the viewer.
        part.vertices = at[:, [0, 2, 1]] * (1.0, -1.0, 1.0) + (0.0, 0.0, size[1] / 2)
    return size[[0, 2, 1]]


def mean_colour(part: Part) -> tuple[float, float, float]:
    """Linear colour of a texture under a part's faces."""
    pixels = np.asarray(part.image.convert("RGB"), float) / 255
    at = part.uv[part.faces].mean(1) % 1.0
    rows = ((1 - at[:, 1]) * pixels.shape[0]).astype(int).clip(0, pixels.shape[0] - 1)
    columns = (at[:, 0] * pixels.shape[1]).astype(int).clip(0, pixels.shape[1] - 1)
    return linear(pixels[rows, columns].mean(0))


def simplify(parts: list[Part], most: int) -> None:
    """Bring the parts to about ``most`` faces together; a texture cannot follow, and gives way to its mean colour."""
    for part in parts:
        part.vertices = part.vertices.astype(np.float64)
    total = sum(len(p.faces) for p in parts)
    if total <= most:
        return
    for part in parts:
        target = max(12, round(len(part.faces) * most / total))
        if part.image is not None:
            part.colour, part.image, part.uv = mean_colour(part), None, None
        mesh = trimesh.Trimesh(part.vertices, part.faces, process=False)
        mesh.merge_vertices(merge_tex=True, merge_norm=True, digits_vertex=6)
        mesh.update_faces(mesh.nondegenerate_faces())
        if len(mesh.faces) > target:
            mesh = mesh.simplify_quadric_decimation(face_count=target, aggression=AGGRESSION)
        part.vertices, part.faces = np.array(mesh.vertices), np.array(mesh.faces)


def join(parts: list[Part]) -> dict[str, np.ndarray]:
    """One mesh of all parts whose vertices are split at creases, so that its vertex normals are those of its surface.

    Returns:
        positions (V, 3) float64, faces (F, 3), uv (n, 2) float32, face_uv (F, 3), material (F,).
    """
    starts = np.cumsum([0] + [len(p.vertices) for p in parts])
    faces = np.concatenate([p.faces + s for p, s in zip(parts, starts, strict=False)])
    uv = np.concatenate([np.zeros((len(p.vertices), 2)) if p.uv is None else p.uv for p in parts])
    material = np.repeat(np.arange(len(parts)), [len(p.faces) for p in parts])
    points = np.round(np.concatenate([p.vertices for p in parts]), 5)
    positions, same = np.unique(points, axis=0, return_inverse=True)
    corners = same.ravel()[faces]
    mesh = trimesh.Trimesh(positions, corners, process=False)
    # Two faces in one place would fight for every pixel.
    _, first = np.unique(np.sort(corners, 1), axis=0, return_index=True)
    keep = np.zeros(len(corners), bool)
    keep[first] = True
    keep &= mesh.area_faces > 1e-10
    corners, faces, material = corners[keep], faces[keep], material[keep]
    mesh = trimesh.Trimesh(positions, corners, process=False)
    smooth = mesh.face_adjacency_angles < CREASE
    pairs = mesh.face_adjacency[smooth]
    count = len(corners)
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    group = connected_components(links, directed=False)[1]
    keys, index = np.unique(np.stack([corners.ravel(), np.repeat(group, 3)], 1), axis=0, return_inverse=True)
    texture, face_uv = np.unique(np.round(uv[faces.ravel()], 4), axis=0, return_inverse=True)
    return {
        "positions": positions[keys[:, 0]],
        "faces": index.reshape(-1, 3),
        "uv": texture.astype(np.float32),
        "face_uv": face_uv.reshape(-1, 3),
        "material": material,
    }


def write(name: str, kind: str, entry: dict[str, str], library: Path, target: Path, held: table.Held | None) -> dict:
    """Bake one item; returns its catalogue entry."""
    parts = read_parts(library / entry["model"].lstrip("/"))
    size = place(parts, entry)
    simplify(parts, FACES["held" if held else "standing"])
    data = join(parts)
    shaved, far = data["positions"].min(0), data["positions"].max(0)
    coded = np.rint((data["positions"] - shaved) / (far - shaved) * 65535).astype(np.uint16)
    # Thinning shaves tips off; the box stays the real one.
    low, high = np.array([-size[0] / 2, -size[1] / 2, 0.0]), np.array([size[0] / 2, size[1] / 2, size[2]])
    wide = np.uint16 if max(len(coded), len(data["uv"])) < 65536 else np.uint32
    np.savez_compressed(
        target / f"{name}.npz", positions=coded, low=low, high=high, faces=data["faces"].astype(wide),
        uv=data["uv"], face_uv=data["face_uv"].astype(wide), material=data["material"].astype(np.uint8),
    )  # fmt: skip
    materials = []
    for k, part in enumerate(parts):
        picture = None
        if part.image is not None:
            picture = f"{name}_{k}.jpg"
            image = part.image.convert("RGB")
            image.thumbnail((TEXTURE_SIZE, TEXTURE_SIZE))
            image.save(target / picture, quality=82)
        roughness = round(float(np.clip(0.95 - 0.12 * np.log10(max(part.gloss, 1.0)) * 2, 0.3, 0.95)), 2)
        materials.append({"colour": list(part.colour), "texture": picture, "roughness": roughness})
    fact = {"name": name, "kind": kind, "file": f"{name}.npz", "size": [round(float(s), 3) for s in size],
            "faces": len(data["faces"]), "materials": materials}  # fmt: skip
    if held:
        fact["grip"] = {"style": held.style, "point": list(held.point)}
    source = f"Debian sweethome3d-furniture 1.8-1, BlendSwap-CC-0.sh3f, {entry['model'].lstrip('/')}"
    return fact | {"licence": LICENCE, "author": entry.get("creator") or "Blend Swap", "source": source}


def plain_name(name: str) -> str:
    """Names as the rest of the assets write them: English, lower case, words joined by underscores."""
    return table.NAMES.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, required=True, help="the .deb file")
    parser.add_argument("--assets", type=Path, default=Path(__file__).resolve().parents[1] / "assets")
    args = parser.parse_args()
    target = args.assets / "furniture"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    wanted = {name: (kind, None) for name, kind in table.STANDING.items()} | table.HELD
    with tempfile.TemporaryDirectory() as scratch:
        library = unpack(args.package, Path(scratch))
        entries = read_properties(library / "PluginFurnitureCatalog.properties")
        items = [
            write(plain_name(name), kind, entries[name], library, target, held)
            for name, (kind, held) in sorted(wanted.items(), key=lambda w: plain_name(w[0]))
        ]
    (target / "catalogue.json").write_text(json.dumps({"items": items}, indent=1) + "\n")
    (target / "README.md").write_text(table.readme(items))
    print(f"{len(items)} items, {sum(f.stat().st_size for f in target.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
