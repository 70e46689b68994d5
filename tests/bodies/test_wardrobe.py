"""The wardrobe: its files and licences, and that clothes follow the shape and the pose of the body."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache

import numpy as np
import pytest
import smplx
import torch
import trimesh
from PIL import Image
from scipy.spatial import cKDTree
from smplx.lbs import batch_rigid_transform, batch_rodrigues, vertices2joints

from synth.bodies import wardrobe
from synth.bodies.basemap import BaseMap
from synth.bodies.dressing import RestBody, dress
from synth.bodies.surface import Surface
from synth.conventions import JOINT_NAMES, SEMANTIC_NAMES, Semantic, ThfmError

NUM_BASE_VERTICES = 19158
ITEMS = wardrobe.load_catalogue()["items"]
SKINS = wardrobe.load_catalogue()["skins"]
OUTFITS = {
    "female": ["blouse_striped", "pencil_skirt"],
    "male": ["shirt_striped", "jeans_loose"],
}


@lru_cache
def _model(gender: str):
    path = wardrobe.ASSETS / "bodies"
    options = {"num_betas": 10, "num_expression_coeffs": 10, "use_pca": False, "flat_hand_mean": True}
    with np.load(path / "smplx" / f"SMPLX_{gender.upper()}.npz", allow_pickle=False) as z:
        extras = {k: z[k] for k in ("base_to_vertex", "face_group", "f")}
    return smplx.create(str(path), model_type="smplx", gender=gender, ext="npz", **options), extras


def _rest(gender: str, betas: np.ndarray) -> RestBody:
    model, extras = _model(gender)
    with torch.no_grad():
        vertices = model(betas=torch.tensor(betas[None], dtype=torch.float32)).vertices[0].numpy()
    faces = extras["f"].astype(np.int64)
    return RestBody(
        vertices.astype(float),
        faces,
        model.lbs_weights.numpy(),
        BaseMap.own(extras["base_to_vertex"], len(vertices)),
        extras["face_group"] == 0,
    )


def _posed(gender: str, betas: np.ndarray, pose: dict[str, tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices by smplx itself; joint transforms and pose offsets by its published pieces."""
    model, _ = _model(gender)
    rotations = np.zeros((1, 55, 3), np.float32)
    for joint, value in pose.items():
        rotations[0, JOINT_NAMES.index(joint)] = value
    with torch.no_grad():
        out = model(
            betas=torch.tensor(betas[None], dtype=torch.float32),
            body_pose=torch.tensor(rotations[:, 1:22].reshape(1, 63)),
        )
        matrices = batch_rodrigues(torch.tensor(rotations).view(-1, 3)).view(1, 55, 3, 3)
        rest = torch.tensor(_rest(gender, betas).vertices[None], dtype=torch.float32)
        _, transforms = batch_rigid_transform(matrices, vertices2joints(model.J_regressor, rest), model.parents)
        offsets = ((matrices[:, 1:] - torch.eye(3)).view(1, -1) @ model.posedirs).view(1, -1, 3)
    return out.vertices[0].numpy(), transforms.numpy(), offsets.numpy()


def _mesh(vertices: np.ndarray, faces: np.ndarray) -> trimesh.Trimesh:
    return trimesh.Trimesh(vertices, faces, process=False)


def test_catalogue_holds_the_core_wardrobe():
    count = {kind: sum(e["kind"] == kind for e in ITEMS.values()) for kind in wardrobe.SMOOTHING}
    wanted = {"garments": 54, "shoes": 7, "hats": 4, "glasses": 5, "bags": 5, "hair": 10, "brows": 12, "lashes": 4}
    assert count == wanted
    assert len(SKINS) == 20
    for style in ("female", "male"):
        assert sum(e["style"] in (style, "any") and e["kind"] == "hair" for e in ITEMS.values()) >= 4
    for entry in ITEMS.values():
        for other in entry.get("goes_with", ()):
            assert "any" in (ITEMS[other]["style"], entry["style"]) or ITEMS[other]["style"] == entry["style"]
            # skirts that swing are worn over what is tucked in
            over = ITEMS[other]["semantic"] == "skirt" and ITEMS[other]["layer"] > entry["layer"]
            assert over or ITEMS[other]["layer"] < entry["layer"]


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_every_item_is_whole_and_licensed(name):
    item = wardrobe.load_item(name)
    assert item.ref.min() >= 0 and item.ref.max() < NUM_BASE_VERTICES
    np.testing.assert_allclose(item.ref_weights.sum(1), 1, atol=1e-3)
    assert set(np.unique(item.faces)) == set(range(len(item.ref)))
    assert item.faces.max() < len(item.ref) and item.face_uv.max() < len(item.uv)
    assert {SEMANTIC_NAMES[s] for s in np.unique(item.semantic)} == set(item.entry["semantics"])
    assert item.entry["semantic"] in item.entry["semantics"]
    assert np.isfinite(item.offsets).all() and np.linalg.norm(item.offsets, axis=1).max() < 0.35
    assert item.entry["licence"] in ("CC0-1.0", "CC-BY", "CC-BY-3.0", "CC-BY-4.0") and item.entry["provenance"]
    assert item.entry["author"] and ("uuid" in item.entry["source"] or "tools/sewing" in item.entry["source"])
    assert item.loose.shape == (len(item.ref),) and item.loose.min() >= 0 and item.loose.max() <= 1
    with Image.open(item.texture()) as image:
        assert max(image.size) <= 512
        assert (image.mode == "RGBA") == item.entry["alpha"]
        if item.entry["alpha"]:
            assert np.asarray(image)[:, :, 3].min() < 250
    for path in [*item.entry["textures"]["diffuse"], item.entry["textures"]["normal"]]:
        assert path is None or (item.folder / path).is_file()


def test_every_skin_is_there_and_licensed():
    for entry in SKINS.values():
        assert entry["licence"] and entry["source"] and entry["style"] in ("female", "male")
        with Image.open(wardrobe.ASSETS / "skins" / entry["file"]) as image:
            assert image.mode == "RGB" and image.size[0] >= 512


def test_references_map_to_the_same_anatomy():
    """Shoes must hang on the feet, hair on the head, trousers on hips and legs: whatever the vertices' order."""
    body = _rest("male", np.zeros(10))
    joint = {n: i for i, n in enumerate(JOINT_NAMES[:55])}
    expected = {
        "trainers_white": ("ankle", "foot", "knee"),
        "short01": ("head",),
        "jeans_plain": ("pelvis", "hip", "knee", "ankle", "spine1"),
    }
    for name, stems in expected.items():
        weights = wardrobe.skin_weights(wardrobe.load_item(name), body.weights, body.base)
        share = weights.mean(0)
        right = sum(share[i] for n, i in joint.items() if n.removeprefix("left_").removeprefix("right_") in stems)
        assert right > 0.97, name


@pytest.mark.parametrize("gender", ["female", "male"])
def test_weights_sum_to_one(gender):
    body = _rest(gender, np.zeros(10))
    for name in ITEMS:
        weights = wardrobe.skin_weights(wardrobe.load_item(name), body.weights, body.base)
        assert weights.min() >= 0
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-4)


def test_clothes_grow_with_the_body():
    slim = _rest("male", np.zeros(10))
    girth = np.array([1.25, 1.0, 1.25])
    wide = RestBody(slim.vertices * girth, slim.faces, slim.weights, slim.base, slim.skin)
    item = wardrobe.load_item("tee_blue")
    a, b = (wardrobe.fit(item, x.vertices, x.base) for x in (slim, wide))
    np.testing.assert_allclose(np.ptp(b, axis=0) / np.ptp(a, axis=0), girth, atol=0.04)
    small = wardrobe.fit(item, 0.9 * slim.vertices, slim.base)
    # all but the few whose offsets meet the scale limits
    assert (np.linalg.norm(small - 0.9 * a, axis=1) < 1e-6).mean() > 0.9


def test_sleeves_follow_from_the_modelling_pose_into_the_t_pose():
    """A sleeve runs along the arm, and is no wider across than on the body that it was modelled on."""
    item, body = wardrobe.load_item("longsleeve_blue"), _rest("male", np.zeros(10))
    rest = wardrobe.fit(item, body.vertices, body.base)
    weights = wardrobe.skin_weights(item, body.weights, body.base)
    sleeve = weights[:, JOINT_NAMES.index("left_elbow")] > 0.8
    modelled = item.anchor[sleeve] + item.offsets[sleeve]
    spread = [np.linalg.svd(p - p.mean(0))[1][1:] / np.sqrt(len(p)) for p in (modelled, rest[sleeve])]
    np.testing.assert_allclose(spread[1], spread[0], rtol=0.25)
    axis = np.linalg.svd(rest[sleeve] - rest[sleeve].mean(0))[2][0]
    assert abs(axis[0]) > 0.97


@pytest.mark.parametrize("gender", ["female", "male"])
def test_cloth_stays_outside_the_skin_for_any_shape(gender):
    """Rays of an independent library: from cloth straight out of the body one must not meet the skin from inside."""
    rng = np.random.default_rng(3)
    for _ in range(2):
        body = _rest(gender, rng.normal(0, 1.2, 10))
        skin = _mesh(body.vertices, body.faces[body.skin])
        for fitted in dress([wardrobe.load_item(n) for n in OUTFITS[gender]], body):
            triangle = fitted.on_body.face
            normal = np.cross(
                *(body.vertices[body.faces[triangle, k]] - body.vertices[body.faces[triangle, 0]] for k in (1, 2))
            )
            normal /= np.linalg.norm(normal, axis=1, keepdims=True)
            hits, ray, face = skin.ray.intersects_location(fitted.rest, normal, multiple_hits=False)
            near = np.linalg.norm(hits - fitted.rest[ray], axis=1) < 0.03
            leaving = (skin.face_normals[face] * normal[ray]).sum(1) > 0
            assert (near & leaving).sum() <= 0.02 * len(fitted.rest), fitted.item.name


def test_moving_sleeve_stays_on_the_arm():
    gender, betas = "male", np.zeros(10)
    pose = {"left_shoulder": (0, 0, -1.1), "left_elbow": (0, -1.2, 0), "right_shoulder": (0, 0, -0.8)}
    vertices, transforms, offsets = _posed(gender, betas, pose)
    body = _rest(gender, betas)
    (fitted,) = dress([wardrobe.load_item("longsleeve_blue")], body)
    moved = fitted.pose(transforms, offsets, None)[0]
    for side in ("left", "right"):
        sleeve = fitted.weights[:, [JOINT_NAMES.index(f"{side}_elbow")]].max(1) > 0.5
        arm = _mesh(vertices, body.faces[body.weights[body.faces, JOINT_NAMES.index(f"{side}_elbow")].min(1) > 0.05])
        # farthest sleeve vertex from the skin, by samples spread over the arm (5 mm apart at most)
        samples = trimesh.sample.sample_surface_even(arm, 20000, seed=1)[0]
        distance = cKDTree(samples).query(moved[sleeve])[0]
        assert sleeve.sum() > 50 and distance.max() < 0.05 and np.median(distance) < 0.025


def test_skinning_agrees_with_smplx():
    """An item made of the body's own vertices must land on smplx's vertices in any pose."""
    gender, betas = "female", np.linspace(-1, 1, 10)
    pose = {"left_hip": (-1.2, 0, 0.2), "spine2": (0.3, 0.2, 0), "right_elbow": (0, 1.0, 0)}
    vertices, transforms, offsets = _posed(gender, betas, pose)
    body = _rest(gender, betas)
    mine = wardrobe.pose_garment(body.vertices, body.weights, transforms, offsets)[0]
    np.testing.assert_allclose(mine, vertices, atol=1e-5)


def test_labels_come_from_the_limb_beneath():
    body = _rest("male", np.zeros(10))
    outfit = dress([wardrobe.load_item(n) for n in ("longsleeve_blue", "jeans_straight", "short02")], body)
    dominant = JOINT_NAMES.index
    limb = body.weights[body.faces].mean(1).argmax(1)
    for fitted in outfit:
        own = fitted.weights[fitted.item.faces].mean(1)
        sure = own.max(1) > 0.9
        for side in ("left", "right"):
            arm = sure & (own.argmax(1) == dominant(f"{side}_elbow"))
            near = [dominant(f"{side}_{j}") for j in ("shoulder", "elbow", "wrist")]
            assert np.isin(limb[fitted.face_on_body[arm]], near).all()
            shin = sure & (own.argmax(1) == dominant(f"{side}_knee"))
            near = [dominant(f"{side}_{j}") for j in ("hip", "knee", "ankle")]
            assert np.isin(limb[fitted.face_on_body[shin]], near).all()
        if fitted.item.kind == "hair":
            assert np.isin(limb[fitted.face_on_body], [dominant(n) for n in ("head", "neck", "jaw")]).all()
        np.testing.assert_allclose(fitted.on_body.bary.sum(1), 1, atol=1e-5)


def test_hidden_skin_lies_beneath_cloth_and_visible_skin_stays():
    body = _rest("male", np.zeros(10))
    items = [wardrobe.load_item(n) for n in ("longsleeve_blue", "jeans_straight", "trainers_white")]
    hidden = wardrobe.hidden_faces(items, body.faces, body.base)
    weights = body.weights[body.faces].mean(1)
    joint = JOINT_NAMES.index
    assert 0.2 < hidden.mean() < 0.7
    assert not hidden[(weights[:, joint("head")] > 0.5) | (weights[:, joint("jaw")] > 0.5)].any()
    assert not hidden[weights[:, [joint("left_index2"), joint("right_thumb2")]].max(1) > 0.5].any()
    # almost every ray out of a hidden face meets one of the garments
    meshes = [_mesh(f.rest, f.item.faces) for f in dress(items, body)]
    cloth = trimesh.util.concatenate(meshes)
    skin = _mesh(body.vertices, body.faces)
    assert cloth.ray.intersects_any(skin.triangles_center[hidden], skin.face_normals[hidden]).mean() > 0.98


def test_layers_do_not_cross_at_rest():
    body = _rest("male", np.zeros(10))
    jeans, shirt = dress([wardrobe.load_item(n) for n in ("jeans_straight", "longsleeve_blue")], body)
    inner = Surface(jeans.rest, jeans.item.faces, jeans.weights)
    height, _, miss = inner.signed(shirt.rest, shirt.weights)
    over = (miss < 5e-3) & (np.abs(height) < 0.05)
    assert over.sum() > 20 and (height[over] > 0).mean() > 0.97
    assert 0 < (~jeans.shown).sum() < 0.2 * len(jeans.shown)  # the waistband deep under the shirt


def test_suits_are_cut_into_garments():
    semantic = {n: {Semantic(s) for s in np.unique(wardrobe.load_item(n).semantic)} for n in ITEMS}
    assert semantic["suit_jacket"] == {Semantic.JACKET, Semantic.UPPER_GARMENT, Semantic.TIE}
    assert semantic["suit_trousers"] == semantic["jeans_women"] == {Semantic.LOWER_GARMENT}
    assert semantic["pencil_skirt"] == {Semantic.SKIRT}
    assert semantic["dress_shoes_black"] == {Semantic.SHOES, Semantic.SOCKS}
    body = _rest("male", np.zeros(10))
    heights = {n: wardrobe.fit(wardrobe.load_item(n), body.vertices, body.base)[:, 1] for n in ITEMS}
    pelvis = body.vertices[body.weights[:, 0] > 0.9, 1].mean()
    for name, entry in ITEMS.items():
        if entry["semantic"] in ("lower_garment", "skirt"):
            assert heights[name].min() < pelvis < heights[name].max(), name
        if entry["semantic"] in ("upper_garment", "jacket") and not name.startswith("coat"):
            assert heights[name].mean() > pelvis, name


@pytest.mark.parametrize("damage", ["missing", "truncated", "index", "nan"])
def test_bad_files_are_named(tmp_path, damage):
    folder = tmp_path / "wardrobe"
    (folder / "hats").mkdir(parents=True)
    shutil.copy(wardrobe.ASSETS / "wardrobe" / "catalogue.json", folder)
    source = wardrobe.ASSETS / "wardrobe" / "hats" / "fedora.npz"
    target = folder / "hats" / "fedora.npz"
    if damage == "truncated":
        target.write_bytes(source.read_bytes()[:5000])
    elif damage in ("index", "nan"):
        arrays = dict(np.load(source, allow_pickle=False))
        if damage == "index":
            arrays["faces"][0, 0] = 60000
        else:
            arrays["offsets"][0, 0] = np.nan
        np.savez(target, **arrays)
    with pytest.raises(ThfmError, match="'fedora'"):
        wardrobe.load_item("fedora", tmp_path)


def test_unknown_names_and_broken_catalogues_are_told(tmp_path):
    with pytest.raises(ThfmError, match="no item 'toga'"):
        wardrobe.load_item("toga")
    (tmp_path / "wardrobe").mkdir()
    (tmp_path / "wardrobe" / "catalogue.json").write_text(json.dumps({"items": 3}))
    with pytest.raises(ThfmError, match="catalogue"):
        wardrobe.load_catalogue(tmp_path)
    body = _rest("male", np.zeros(10))
    with pytest.raises(ThfmError, match="shoes"):
        dress([wardrobe.load_item(n) for n in ("trainers_white", "trainers_blue")], body)
