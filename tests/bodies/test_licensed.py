"""Licensed files in their true layout: official SMPL-X models and BEDLAM's skins. Nothing is ever unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig, assets_folder
from synth.bodies.model import POSE_FIELDS, load_body
from synth.conventions import JOINT_NAMES, ThfmError
from synth.spec.config import PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip
from tests.bodies.official import EXTRA_BETAS, write_official

GENDERS = ("neutral", "female", "male")


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> tuple[Path, Path]:
    """A folder with the three official files, and what would appear if one of their tables were unpickled."""
    folder = tmp_path_factory.mktemp("models")
    for gender in GENDERS:
        write_official(folder, gender, folder / "unpickled")
    return folder, folder / "unpickled"


def _pose(samples: int = 2) -> dict[str, np.ndarray]:
    sizes = dict.fromkeys(POSE_FIELDS, 3) | {"body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45}
    rng = np.random.default_rng(0)
    params = {name: rng.normal(0, 0.2, (samples, size)) for name, size in sizes.items()}
    return params | {"transl": np.zeros((samples, 3)), "expression": np.full(10, 0.3)}


def test_an_official_model_is_posed_as_smplx_does_and_nothing_is_unpickled(models, tmp_path):
    folder, mark = models
    model = load_body(folder, "female")
    assert not mark.exists() and model.num_betas == 16 and model.texture_layout == "smplx"
    betas = np.linspace(-1, 1, 16)
    posed = model.pose(_pose() | {"betas": betas})
    whole = model.model(
        betas=_tensor(betas[None].repeat(2, 0)), expression=_tensor(np.full((2, 10), 0.3)),
        transl=_tensor(np.zeros((2, 3))), **{n: _tensor(v) for n, v in _pose().items() if n in POSE_FIELDS},
    )  # fmt: skip
    np.testing.assert_allclose(posed.vertices, whole.vertices.detach().numpy(), atol=1e-6)
    assert posed.joints.shape == (2, len(JOINT_NAMES), 3)


def test_the_test_has_teeth(models):
    """Somebody who loads the file as smplx would is caught."""
    folder, mark = models
    with np.load(folder / "smplx" / "SMPLX_MALE.npz", allow_pickle=True) as source:
        source["joint2num"]
    assert mark.exists()
    mark.unlink()


def _tensor(values: np.ndarray):
    import torch

    return torch.tensor(np.asarray(values, np.float32))


def test_ten_betas_are_sixteen_of_which_six_are_nought(models):
    model = load_body(models[0], "neutral")
    ten = np.linspace(-1, 1, 10)
    posed = [model.pose(_pose() | {"betas": b}).vertices for b in (ten, np.pad(ten, (0, EXTRA_BETAS)))]
    np.testing.assert_array_equal(*posed)
    more = model.pose(_pose() | {"betas": np.pad(ten, (0, EXTRA_BETAS), constant_values=2.0)}).vertices
    assert np.abs(more - posed[0]).max() > 0.003
    with pytest.raises(ThfmError, match="17 betas are too many"):
        model.pose(_pose() | {"betas": np.zeros(17)})


def test_files_of_ten_betas_serve_too(tmp_path):
    write_official(tmp_path, "neutral", columns=20)
    model = load_body(tmp_path, "neutral")
    assert model.num_betas == 10
    open_one = load_body(assets_folder() / "bodies", "neutral")
    both = [m.pose(_pose() | {"betas": np.ones(10)}).vertices for m in (model, open_one)]
    np.testing.assert_allclose(*both, atol=1e-6)


def test_a_pickle_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "smplx").mkdir()
    (tmp_path / "smplx" / "SMPLX_MALE.pkl").write_bytes(pickle.dumps({"f": 1}))
    with pytest.raises(ThfmError, match=r"SMPLX_MALE.pkl is a pickle.*download the npz.*SMPLX_MALE.npz"):
        load_body(tmp_path, "male")
    with pytest.raises(ThfmError, match="bodies.model_folder"):
        load_body(tmp_path, "female")


@pytest.fixture
def skins(tmp_path) -> Path:
    """``bedlam_body_textures_meshcapade.zip`` unpacked, with small pictures."""
    folder = tmp_path / "MC_texture_skintones"
    made = {
        "female/skin": ["skin_f_asian_01_ALB", "skin_f_african_10_ALB"],
        "female/skin/previews": ["skin_f_white_01_ALB"],
        "male/skin": ["skin_m_white_07_ALB"],
    }
    for group, names in made.items():
        (folder / group).mkdir(parents=True)
        for name in names:
            Image.new("RGB", (8, 8), (120, 90, 70)).save(folder / group / f"{name}.png")
    Image.new("L", (8, 8)).save(folder / "female" / "skin" / "skin_f_asian_01_NRM.png")
    return folder


def test_bedlam_skins_are_drawn_and_worn(models, skins):
    config = BodiesConfig(model_folder=models[0], skin_folders=(skins,))
    library = load_library(config)
    assert [(s.name, s.style) for s in library.catalogue.skins] == [
        ("skin_f_african_10_ALB", "female"), ("skin_f_asian_01_ALB", "female"), ("skin_m_white_07_ALB", "male"),
    ]  # fmt: skip
    people = PeopleConfig(count=1, clothes=False, hair=False)
    spec = sample_clip(SpecConfig(video=VideoConfig(frames=1), people=people), library.catalogue, 0, 0)
    body = build_clip(spec, config, library).meshes[0]
    assert body.materials[0].diffuse == library.skin_files[spec.people[0].skin]
    model = load_body(models[0], spec.people[0].gender)
    np.testing.assert_array_equal(body.uv, model.extras["vt"])


def test_our_skins_are_not_painted_on_another_layout(models):
    config = BodiesConfig(model_folder=models[0])
    library = load_library(config)
    people = PeopleConfig(count=1, clothes=False, hair=False)
    spec = sample_clip(SpecConfig(video=VideoConfig(frames=1), people=people), library.catalogue, 0, 0)
    skin = build_clip(spec, config, library).meshes[0].materials[0]
    assert skin.diffuse is None and 0.05 < min(skin.tint) < max(skin.tint) < 0.6


def test_skins_that_do_not_fit_are_told(skins, tmp_path):
    with pytest.raises(ThfmError, match="bodies.model_folder"):
        load_library(BodiesConfig(skin_folders=(skins,)))
    (tmp_path / "none").mkdir()
    with pytest.raises(ThfmError, match="skin_f_asian_01_ALB.png"):
        load_library(BodiesConfig(model_folder=tmp_path, skin_folders=(tmp_path / "none",)))


def test_assets_tell_what_is_found_missing_and_added(models, skins, tmp_path):
    from synth.cli.own_data import own_data

    (tmp_path / "smplx").mkdir()
    (tmp_path / "smplx" / "SMPLX_MALE.pkl").write_bytes(b"")
    write_official(tmp_path, "neutral", columns=20)
    for config, found, missing in (
        (BodiesConfig(), "", ""),
        (BodiesConfig(model_folder=models[0]), "neutral, female, male", ""),
        (BodiesConfig(model_folder=tmp_path), "neutral", "male lies there as a pickle, which is never opened: get the "
         "npz; female (npz)"),
    ):  # fmt: skip
        told = {kind.key: kind for kind in own_data(config, load_library(config))}
        assert (told["bodies.model_folder"].found, told["bodies.model_folder"].missing) == (found, missing)
        assert told["bodies.skin_folders"].found == told["bodies.motion_folders"].found == ""
    config = BodiesConfig(model_folder=models[0], skin_folders=(skins,))
    told = {kind.key: kind for kind in own_data(config, load_library(config))}
    assert told["bodies.skin_folders"].found == "3 skins"
    page = (Path(__file__).resolve().parents[2] / "docs" / "licensed-data.md").read_text()
    assert all(f"`{kind.key}=" in page and kind.adds for kind in told.values())
