"""Body models in the layout of the licensed SMPL-X files, made out of the open ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.bodies.config import assets_folder

EXTRA_BETAS = 6  # beyond the open ten that do something


class Trap:
    """What nobody must unpickle: it would leave a file behind."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def write_official(folder: Path, gender: str, mark: Path | None = None, columns: int = 400) -> None:
    """``folder/smplx/SMPLX_<GENDER>.npz`` as the site has it: 300 + 100 shape directions (or 10 + 10), tables that are
    pickled, texture coordinates of their own, and nothing of base.obj. ``mark`` appears if a table is unpickled."""
    name = f"SMPLX_{gender.upper()}.npz"
    with np.load(assets_folder() / "bodies" / "smplx" / name, allow_pickle=False) as source:
        arrays = {k: source[k] for k in source.files}
    shape, face = arrays["shapedirs"][..., :10], arrays["shapedirs"][..., 10:20]
    if columns == 400:
        wide = np.zeros((*shape.shape[:2], 400), np.float32)
        wide[..., :10], wide[..., 300:310] = shape, face
        for k in range(EXTRA_BETAS):  # longer legs, wider shoulders ...: something smooth
            wide[:, k % 3, 10 + k] = 0.002 * np.sin((k + 2) * arrays["v_template"][:, (k + 1) % 3])
        arrays["shapedirs"] = wide
    groups = [str(g) for g in arrays["face_group_names"]]
    seen = np.isin(arrays["face_group"], [groups.index(g) for g in ("body", "left_eye", "right_eye")])
    arrays["f"] = arrays["f"][seen].astype(np.uint32)  # eyes and skin come first: landmarks keep their faces
    assert seen[: seen.sum()].all()
    for key in ("base_to_vertex", "face_group", "face_group_names", "expression_names"):
        arrays.pop(key, None)
    v = arrays["v_template"]
    arrays["vt"] = ((v[:, :2] - v[:, :2].min(0)) / np.ptp(v[:, :2], axis=0)).astype(np.float32)
    arrays["ft"] = arrays["f"].copy()
    tables = {"joint2num": {"Pelvis": 0}, "part2num": {"Global": 0}} if mark is None else {"joint2num": Trap(mark)}
    (folder / "smplx").mkdir(parents=True, exist_ok=True)
    np.savez(folder / "smplx" / name, **arrays, **{k: np.array(t, dtype=object) for k, t in tables.items()})
