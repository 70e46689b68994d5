"""Where people come from."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


def assets_folder() -> Path:
    """The folder of shipped assets: ``$THFM_ASSETS``, or ``assets/`` of the checkout."""
    return Path(os.environ.get("THFM_ASSETS") or Path(__file__).resolve().parents[2] / "assets")


class BodiesConfig(BaseModel):
    """Folders of body models, motions and wardrobe; the defaults are the open assets of this project."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_folder: Path | None = Field(
        None,
        description="folder that holds smplx/SMPLX_{NEUTRAL,FEMALE,MALE}.npz; name yours to use the licensed SMPL-X",
    )
    motion_folders: tuple[Path, ...] = Field(
        (), description="folders or files of motions (SMPL-X npz, AMASS npz, BVH, ASF/AMC); none: the open ones"
    )
    camera_paths: tuple[Path, ...] = Field(
        (), description="folders or files of captured camera paths (npz, TUM) for the camera move replay"
    )
    skin_folders: tuple[Path, ...] = Field(
        (),
        description="folders of skins in SMPL-X's texture layout, such as BEDLAM's, instead of ours; they need a "
        "model_folder",
    )
    overlay_folders: tuple[Path, ...] = Field(
        (), description="folders of BEDLAM's clothing overlays, painted for skins of skin_folders, which they need"
    )
    garment_folders: tuple[Path, ...] = Field(
        (), description="folders of BEDLAM's simulated clothes (abc); they need a model_folder, and their motions in "
        "motion_folders",
    )  # fmt: skip
    hdri_folders: tuple[Path, ...] = Field(
        (), description="folders or files of HDRIs (hdr, exr) to light clips with; none: those that come with bpy"
    )
    backdrop_folders: tuple[Path, ...] = Field(
        (), description="folders or files of pictures and videos for scenes of kind backdrop"
    )
    scene_folders: tuple[Path, ...] = Field(
        (), description="folders or files of scenes (blend, glb, gltf, obj) for scenes of kind file"
    )
    motion_actions: Path | None = Field(
        None, description="CSV of file,action[,start,end] that says what your motions show; else their names do"
    )
    synthesised: bool = Field(True, description="offer the kinds of synthesised motion beside the captured ones")
    assets_folder: Path | None = Field(None, description="folder with wardrobe/ and skins/ in this project's layout")

    @property
    def assets(self) -> Path:
        return self.assets_folder or assets_folder()

    @property
    def open_models(self) -> Path:
        return assets_folder() / "bodies"

    @property
    def models(self) -> Path:
        return self.model_folder or self.open_models

    @property
    def motions(self) -> tuple[Path, ...]:
        return self.motion_folders or (assets_folder() / "motions",)
