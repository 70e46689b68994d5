"""Clothes of MakeHuman and MPFB: .mhclo (how a mesh hangs on base.obj), its .obj and its .mhmat."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synth.bodies.wardrobe import NUM_BASE_VERTICES
from synth.conventions import ThfmError

DECIMETRE = 0.1
_SCALES = {"x_scale": 0, "y_scale": 1, "z_scale": 2}


@dataclass(frozen=True, eq=False)
class Clothes:
    """One piece as its author made it; metres, y up, +z forward; indices of base.obj.

    Attributes:
        name, author, licence; tags: all words that say what it is.
        ref (V, 3) int32, ref_weights (V, 3), offsets (V, 3), anchor (V, 3) float32: as ``synth.bodies.wardrobe.Item``.
        faces, face_uv (F, 3) int32; uv (n, 2) float32; hidden_base (k,) int32.
        diffuse, normal: textures; None without. transparent: the diffuse one has holes.
    """

    name: str
    author: str
    licence: str
    tags: tuple[str, ...]
    ref: np.ndarray
    ref_weights: np.ndarray
    offsets: np.ndarray
    anchor: np.ndarray
    faces: np.ndarray
    face_uv: np.ndarray
    uv: np.ndarray
    hidden_base: np.ndarray
    diffuse: Path | None
    normal: Path | None
    transparent: bool


@dataclass
class _Head:
    """The lines of a .mhclo that come before its vertices."""

    words: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    scales: dict[int, tuple[int, int, float]] = field(default_factory=dict)


def read_base(path: Path) -> np.ndarray:
    """(19158, 3) float64 vertices of MakeHuman's base.obj, metres."""
    vertices = [line.split()[1:4] for line in _text(path).splitlines() if line.startswith("v ")]
    if len(vertices) < NUM_BASE_VERTICES:
        raise ThfmError(
            f"{path} has {len(vertices)} vertices, base.obj has {NUM_BASE_VERTICES}: give MakeHuman's "
            "data/3dobjs/base.obj."
        )
    return np.array(vertices[:NUM_BASE_VERTICES], float) * DECIMETRE


def read_clothes(path: Path, base: np.ndarray) -> Clothes:
    """Read a .mhclo and what it names.

    Args:
        base: of ``read_base``.

    Raises:
        ThfmError: it is broken, or hangs on another mesh; names the file and the fault.
    """
    head, rows, hidden = _parse(path)
    ref, weights, offsets = _fit(path, rows)
    for axis, (one, other, size) in head.scales.items():
        offsets[:, axis] *= abs(base[one, axis] - base[other, axis]) / (size * DECIMETRE)
    points, uv, faces, face_uv = _read_obj(path.parent / head.words.get("obj_file", f"{path.stem}.obj"))
    if len(ref) != points:
        raise ThfmError(f"{path} places {len(ref)} vertices, its obj has {points}: get both anew.")
    look = _material(path.parent, head.words.get("material"))
    return Clothes(
        name=path.stem, author=head.words.get("author", ""), licence=head.words.get("license", ""),
        tags=tuple(head.tags), ref=ref, ref_weights=weights, offsets=(offsets * DECIMETRE).astype(np.float32),
        anchor=np.einsum("vk,vkc->vc", weights, base[ref]).astype(np.float32), faces=faces, face_uv=face_uv, uv=uv,
        hidden_base=hidden, **look,
    )  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ThfmError(f"{path} cannot be read ({error.strerror}): get the pack anew.") from None


def _parse(path: Path) -> tuple[_Head, list[list[float]], np.ndarray]:
    """Head, one row of numbers a vertex, and the base vertices that the piece hides."""
    head, rows, hidden, section = _Head(), [], [], "head"
    for line in _text(path).splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "verts":
            section = "verts"
        elif words[0] == "delete_verts":
            section, words = "delete", words[1:]
            hidden += words
        elif section == "verts" and _is_number(words[0]):
            rows.append([float(w) for w in words])
        elif section == "delete" and (_is_number(words[0]) or words[0] == "-"):
            hidden += words
        else:
            section = "head"
            if words[0] == "tag":
                head.tags += [w.lower() for w in words[1:]]
            elif words[0] in _SCALES and len(words) >= 4:
                head.scales[_SCALES[words[0]]] = (int(words[1]), int(words[2]), float(words[3]))
            elif len(words) > 1:
                head.words.setdefault(words[0], " ".join(words[1:]))
    if not rows:
        raise ThfmError(f"{path} places no vertices: it is no .mhclo of MakeHuman or MPFB.")
    return head, rows, _ranges(hidden)


def _is_number(word: str) -> bool:
    return word.lstrip("-").replace(".", "", 1).replace("e-", "", 1).isdigit()


def _ranges(words: list[str]) -> np.ndarray:
    """``3 - 6 9`` -> 3, 4, 5, 6, 9."""
    found: list[int] = []
    for k, word in enumerate(words):
        if word == "-":
            found += range(int(words[k - 1]) + 1, int(words[k + 1]))
        else:
            found.append(int(word))
    return np.unique(np.array(found, np.int32))


def _fit(path: Path, rows: list[list[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reference vertices, weights and offsets (still in the scales of the head); a single number is an exact vertex."""
    wide = [[row[0]] * 3 + [1.0, 0.0, 0.0] + [0.0] * 3 if len(row) == 1 else row for row in rows]
    if any(len(row) < 9 for row in wide):
        raise ThfmError(f"{path} has vertices of {min(map(len, wide))} numbers, not 1 or 9: get it anew.")
    values = np.array([row[:9] for row in wide])
    ref = values[:, :3].astype(np.int32)
    if ref.min() < 0 or ref.max() >= NUM_BASE_VERTICES:
        raise ThfmError(
            f"{path} hangs on vertex {ref.max()}, base.obj has {NUM_BASE_VERTICES}: it is for another mesh."
        )
    return ref, values[:, 3:6].astype(np.float32), values[:, 6:9]


def _read_obj(path: Path) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Number of vertices, texture coordinates (n, 2), and triangles (F, 3) of both."""
    points, uv, faces, face_uv = 0, [], [], []
    for line in _text(path).splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            points += 1
        elif words[0] == "vt":
            uv.append([float(w) for w in words[1:3]])
        elif words[0] == "f":
            corners = [(c.split("/") + ["", ""])[:2] for c in words[1:]]
            v = [int(c[0]) - 1 for c in corners]
            t = [int(c[1]) - 1 if c[1] else 0 for c in corners]
            for k in range(1, len(v) - 1):
                faces.append([v[0], v[k], v[k + 1]])
                face_uv.append([t[0], t[k], t[k + 1]])
    if not faces:
        raise ThfmError(f"{path} has no faces: get the pack anew.")
    return points, np.array(uv or [[0, 0]], np.float32), np.array(faces, np.int32), np.array(face_uv, np.int32)


def _material(folder: Path, name: str | None) -> dict:
    words: dict[str, str] = {}
    if name and (folder / name).is_file():
        for line in _text(folder / name).splitlines():
            parts = line.split(maxsplit=1)
            if len(parts) == 2 and not line.startswith(("#", "//")):
                words.setdefault(parts[0], parts[1].strip())
    place = (folder / name).parent if name else folder

    def texture(key: str) -> Path | None:
        file = place / words[key] if key in words else None
        return file if file is not None and file.is_file() else None

    return {
        "diffuse": texture("diffuseTexture"), "normal": texture("normalmapTexture"),
        "transparent": words.get("transparent", "").lower() == "true",
    }  # fmt: skip
