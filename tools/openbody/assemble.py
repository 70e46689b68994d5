"""Puts one gender's arrays together in SMPL-X's layout and writes them, byte for byte the same every time."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openbody import hands
from openbody.landmarks import contour_spots, dynamic_table, static_spots
from openbody.layout import FACE_GROUPS, triangles, vertex_order
from openbody.shapes import EXPRESSIONS, expression_directions
from openbody.skeleton import JOINTS, PARENTS, bone_weights, joint_weights, seated_regressor
from openbody.sources import Sources

ROOT = 2**32 - 1  # what SMPL-X files write for the parent of the pelvis
SHAPE_GRAIN, POSE_GRAIN = 1e-5, 2e-5  # metres
EARLIEST = (1980, 1, 1, 0, 0, 0)


def _grain(values: np.ndarray, grain: float) -> np.ndarray:
    """Rounded to multiples of ``grain``, so that the file compresses; float32 with no negative zeros."""
    return (np.round(values / grain) * grain + 0.0).astype(np.float32)


@dataclass(frozen=True)
class Common:
    """What the three genders share: everything but shapes and pose correctives, in base.obj's vertex order."""

    place: np.ndarray
    arrays: dict[str, np.ndarray]
    expressions: np.ndarray

    @staticmethod
    def of(sources: Sources) -> Common:
        place = vertex_order(sources)
        order = np.argsort(place)
        corners, uv, group = triangles(sources)
        static, (dynamic, dynamic_bary) = static_spots(sources), dynamic_table(contour_spots(sources))
        left = hands.basis()
        arrays = {
            "J_regressor": seated_regressor(sources)[:, order].astype(np.float32),
            "weights": joint_weights(bone_weights(sources))[order].astype(np.float32),
            "kintree_table": np.array([[ROOT, *PARENTS[1:]], range(len(JOINTS))], np.int64),
            "f": place[corners].astype(np.uint32),
            "vt": sources.base.uv.astype(np.float32),
            "ft": uv.astype(np.uint32),
            "face_group": group,
            "face_group_names": np.array(list(FACE_GROUPS)),
            "base_to_vertex": place,
            "hands_componentsl": left,
            "hands_componentsr": hands.mirrored(left),
            "hands_meanl": hands.RELAXED,
            "hands_meanr": hands.mirrored(hands.RELAXED),
            "lmk_faces_idx": static.faces,
            "lmk_bary_coords": static.barycentrics,
            "dynamic_lmk_faces_idx": dynamic,
            "dynamic_lmk_bary_coords": dynamic_bary,
            "expression_names": np.array([e.name for e in EXPRESSIONS]),
            "expression_range": np.array([e.range for e in EXPRESSIONS]),
            "licence": np.array("CC0-1.0"),
        }
        return Common(place, arrays, expression_directions(sources))

    def model(self, mean: np.ndarray, directions: np.ndarray, posedirs: np.ndarray) -> dict[str, np.ndarray]:
        """The file's arrays for mean (V, 3), directions (V, 3, 10), correctives (V, 3, 486) in base.obj's order."""
        order = np.argsort(self.place)
        return {
            "v_template": _grain(mean[order], SHAPE_GRAIN),
            "shapedirs": _grain(np.concatenate([directions, self.expressions], -1)[order], SHAPE_GRAIN),
            "posedirs": _grain(posedirs[order], POSE_GRAIN),
            **self.arrays,
        }


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A compressed npz without time stamps, written under a temporary name first."""
    temporary = path.with_suffix(".tmp")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", EARLIEST)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)
    temporary.replace(path)
