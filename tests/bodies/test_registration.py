"""A body of foreign topology, like the licensed SMPL-X, wears the wardrobe; its file is named in the config alone."""

import numpy as np
import pytest

from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig, assets_folder
from synth.bodies.model import load_body
from synth.bodies.registration import base_map
from synth.conventions import JOINT_PART, Part, Semantic, ThfmError
from synth.spec.config import PeopleConfig, SpecConfig, VideoConfig
from synth.spec.sample import sample_clip

OURS = ("base_to_vertex", "face_group", "face_group_names", "vt", "ft")
LIMBS = [p for p in Part if p.name.endswith(("ARM", "FOREARM", "THIGH", "SHIN"))]
BETAS = np.array([0.8, -0.7, 0.5, 0.3, -0.4, 0.2, 0.1, -0.2, 0.3, -0.1])


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A folder with bodies of shuffled vertices and another mean shape, that know nothing of base.obj."""
    folder = tmp_path_factory.mktemp("licensed")
    (folder / "smplx").mkdir()
    truth = {}
    for gender in ("neutral", "female", "male"):
        name = f"smplx/SMPLX_{gender.upper()}.npz"
        with np.load(assets_folder() / "bodies" / name, allow_pickle=False) as source:
            arrays = {k: source[k] for k in source.files}
        groups = [str(g) for g in arrays["face_group_names"]]
        body = np.isin(arrays["face_group"], [groups.index(g) for g in ("body", "left_eye", "right_eye")])
        order = np.random.default_rng(5).permutation(len(arrays["v_template"]))  # new vertex -> old vertex
        place = np.argsort(order)
        truth[gender] = place[arrays["base_to_vertex"]]
        arrays["v_template"] = arrays["v_template"] + (arrays["shapedirs"][..., :10] @ BETAS).astype(np.float32)
        for key in ("v_template", "shapedirs", "posedirs", "weights"):
            arrays[key] = arrays[key][order]
        arrays["J_regressor"] = arrays["J_regressor"][:, order]
        keep = np.concatenate([np.flatnonzero(body), np.flatnonzero(~body)])  # landmarks index the first faces
        rank = np.argsort(keep)
        arrays["f"] = place[arrays["f"]][keep][: body.sum()].astype(np.uint32)
        for key in ("lmk_faces_idx", "dynamic_lmk_faces_idx"):
            arrays[key] = rank[arrays[key]]
        np.savez(folder / name, **{k: v for k, v in arrays.items() if k not in OURS})
    return folder, truth


def test_base_mesh_is_laid_where_it_belongs(foreign):
    folder, truth = foreign
    model = load_body(folder, "female")
    base = base_map(model, assets_folder() / "bodies")
    used = np.zeros(len(model.template), bool)
    used[np.unique(model.faces)] = True
    on_body = used[truth["female"]]
    error = np.linalg.norm(base.positions(model.template) - model.template[truth["female"]], axis=1)[on_body]
    assert np.median(error) < 0.006 and np.quantile(error, 0.95) < 0.015
    true_weights = model.weights[truth["female"]]
    dressed = np.isin(np.array(JOINT_PART)[true_weights.argmax(1)], [Part.CHEST, Part.ABDOMEN, Part.HIPS, *LIMBS])
    change = np.abs(base.matrix @ model.weights - true_weights).sum(1)[on_body & dressed]
    assert np.quantile(change, 0.95) < 0.2


def test_foreign_body_is_dressed_and_labelled(foreign):
    config = BodiesConfig(model_folder=foreign[0])
    library = load_library(config)
    spec_config = SpecConfig(
        video=VideoConfig(frames=2, width=64, height=64), people=PeopleConfig(count=1, genders=("female",))
    )
    spec = sample_clip(spec_config, library.catalogue, 0, 1)
    geometry = build_clip(spec, config, library)
    body, *worn = [m for m in geometry.meshes if m.person == 1]
    assert len(worn) == len(spec.people[0].clothes) + 3  # hair, brows, lashes
    assert 0.2 < 1 - body.shown.mean() < 0.95  # clothes hide skin
    assert (body.semantic == Semantic.EYES).sum() > 50
    skin = body.positions[1][np.unique(body.faces)]
    for mesh in worn:
        low, high = skin.min(0) - 0.12, skin.max(0) + 0.12
        assert (mesh.positions[1] > low).all() and (mesh.positions[1] < high).all(), mesh.name
        assert np.isfinite(mesh.canonical).all()
    tops = [m for m in worn if m.semantic[0] in (Semantic.UPPER_GARMENT, Semantic.JACKET)]
    assert tops and tops[0].positions[1][:, 2].max() > skin[:, 2].min() + 0.7 * np.ptp(skin[:, 2])


def test_foreign_file_that_is_no_body_is_named(tmp_path):
    (tmp_path / "smplx").mkdir()
    np.savez(tmp_path / "smplx/SMPLX_MALE.npz", f=np.zeros((1, 3)))
    with pytest.raises(ThfmError, match=r"SMPLX_MALE.npz is no SMPL-X npz"):
        load_body(tmp_path, "male")
    with pytest.raises(ThfmError, match=r"SMPLX_FEMALE.npz is missing: point bodies.model_folder"):
        load_body(tmp_path, "female")
