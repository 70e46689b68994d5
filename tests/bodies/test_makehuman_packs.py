"""A pack of MakeHuman's in its true layout, made of pieces that we know, comes back as these pieces and is worn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from PIL import Image
from scipy.sparse.linalg import lsqr

from synth.bodies import wardrobe
from synth.bodies.basemap import BaseMap
from synth.bodies.catalogue import load_library
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig, assets_folder
from synth.bodies.model import load_body
from synth.conventions import Semantic
from synth.spec.config import SpecConfig, VideoConfig
from synth.spec.model import ItemSpec
from synth.spec.sample import sample_clip

ROOT = Path(__file__).resolve().parents[2]
PIECES = {"tank_top": ("clothes", "Toigo_basic_tucked_T-shirt"), "jeans_regular": ("clothes", "womens_thing"),
          "short04": ("hair", "elvs_spiky")}  # fmt: skip


def _base(items: list[wardrobe.Item]) -> np.ndarray:
    """(19158, 3) a base.obj on which the items' reference points lie where they lay on the true one, metres."""
    ref, weights, goal = (np.concatenate([getattr(i, k) for i in items]) for k in ("ref", "ref_weights", "anchor"))
    rows = np.repeat(np.arange(len(ref)), 3)
    matrix = sp.csr_matrix((weights.ravel(), (rows, ref.ravel())), (len(ref), wardrobe.NUM_BASE_VERTICES))
    start = load_body(assets_folder() / "bodies", "neutral")
    rest = start.template[start.extras["base_to_vertex"]].astype(float)
    left = goal - matrix @ rest
    return rest + np.stack([lsqr(matrix, left[:, k], atol=1e-12, btol=1e-12)[0] for k in range(3)], 1)


def _write(folder: Path, name: str, item: wardrobe.Item, base: np.ndarray) -> None:
    """.mhclo, .obj, .mhmat and a texture; offsets are in units of the base's extents, as their authors' tools do."""
    folder.mkdir(parents=True)
    size = {}
    lines = ["# written by a test", "basemesh hm08", f"name {name}", "author Somebody", "license CC0", "tag Casual",
             f"obj_file {name}.obj", f"material {name}.mhmat"]  # fmt: skip
    for axis, (key, one, other) in enumerate((("x_scale", 5399, 11998), ("y_scale", 791, 881), ("z_scale", 962, 5320))):
        size[axis] = 1.25 * abs(base[one, axis] - base[other, axis]) / 0.1
        lines.append(f"{key} {one} {other} {size[axis]:.6f}")
    lines += ["z_depth 50", "", "verts 0"]
    scale = 1.25 * 10  # metres -> decimetres, and the scales above
    for ref, weight, offset in zip(item.ref, item.ref_weights, item.offsets, strict=True):
        if len(set(ref.tolist())) == 1 and not offset.any():
            lines.append(str(ref[0]))
        else:
            numbers = [*ref, *(f"{w:.7f}" for w in weight), *(f"{o * scale:.7f}" for o in offset)]
            lines.append(" ".join(map(str, numbers)))
    hidden = item.hidden_base.tolist()
    lines += ["", "delete_verts"]
    while hidden:  # ranges where there are any
        run = 1
        while run < len(hidden) and hidden[run] == hidden[0] + run:
            run += 1
        lines.append(f"{hidden[0]} - {hidden[run - 1]}" if run > 2 else " ".join(map(str, hidden[:run])))
        hidden = hidden[run:]
    (folder / f"{name}.mhclo").write_text("\n".join(lines) + "\n")
    corners = [" ".join(f"{v + 1}/{t + 1}" for v, t in zip(f, u, strict=True))
               for f, u in zip(item.faces, item.face_uv, strict=True)]  # fmt: skip
    vertices = 10 * (item.anchor + item.offsets)
    obj = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertices] + [f"vt {u:.6f} {v:.6f}" for u, v in item.uv]
    (folder / f"{name}.obj").write_text("\n".join([*obj, *(f"f {c}" for c in corners)]) + "\n")
    (folder / f"{name}.mhmat").write_text(f"// material\nname {name}\ndiffuseTexture {name}.png\ntransparent False\n")
    Image.open(item.texture()).convert("RGBA").resize((64, 64)).save(folder / f"{name}.png")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """(folder of assets, what the tool said, the items that the pack was made of)."""
    root = tmp_path_factory.mktemp("makehuman")
    items = {name: wardrobe.load_item(name) for name in PIECES}
    base = _base(list(items.values()))
    obj = "".join(f"v {x:.7f} {y:.7f} {z:.7f}\n" for x, y, z in base * 10)
    (root / "base.obj").write_text(obj + "f 1 2 3\n")
    for name, (kind, theirs) in PIECES.items():
        _write(root / "pack" / kind / theirs, theirs, items[name], base)
    for name, text in (("broken", ""), ("cut", "verts 0\n5\ndelete_verts\n3 -\n")):
        (root / "pack" / "clothes" / name).mkdir()
        (root / "pack" / "clothes" / name / f"{name}.mhclo").write_text(f"basemesh hm08\nname {name}\n{text}")
    command = [sys.executable, "-m", "tools.import_makehuman", root / "pack", "--base", root / "base.obj", "--out",
               root / "assets"]  # fmt: skip
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return root / "assets", done, items


def test_pieces_come_back_as_they_were(imported):
    assets, done, items = imported
    assert "3 of 5 pieces" in done.stdout and "broken.mhclo places no vertices" in done.stderr
    assert "cut.mhclo is broken" in done.stderr
    model = load_body(assets_folder() / "bodies", "female")
    base = BaseMap.own(model.extras["base_to_vertex"], len(model.template))
    for ours, theirs in zip(items, ("toigo_basic_tucked_t_shirt", "womens_thing", "elvs_spiky"), strict=True):
        old, new = items[ours], wardrobe.load_item(theirs, assets)
        assert new.kind == old.kind and new.semantic[0] == old.semantic[0] and new.entry["licence"] == "CC0"
        np.testing.assert_array_equal(new.faces, old.faces)
        np.testing.assert_array_equal(new.hidden_base, np.sort(old.hidden_base))
        np.testing.assert_allclose(new.offsets, old.offsets, atol=2e-6)
        # the shirt's are kept in half precision, and the base solved for both may not meet all to the last
        np.testing.assert_allclose(new.anchor, old.anchor, atol=4e-3)
        worn = [wardrobe.fit(item, model.template, base) for item in (new, old)]
        np.testing.assert_allclose(*worn, atol=4e-3)


def test_what_a_piece_is_is_told_by_folder_words_and_place(imported):
    items = {i.name: i for i in load_library(BodiesConfig(assets_folder=imported[0])).catalogue.items}
    shirt, thing, hair = items["toigo_basic_tucked_t_shirt"], items["womens_thing"], items["elvs_spiky"]
    assert (shirt.semantic, shirt.layer, shirt.style) == ("upper_garment", 3, "any")
    assert (thing.semantic, thing.layer, thing.style) == ("lower_garment", 2, "female")  # by the legs that it covers
    assert (hair.kind, hair.semantic) == ("hair", "hair")
    assert "womens_thing" in shirt.goes_with and "womens_thing" in items["tee_fitted_blue"].goes_with
    assert items["tee_white"].style == "male" and "womens_thing" not in items["tee_white"].goes_with


def test_a_clip_wears_the_pack(imported):
    config = BodiesConfig(assets_folder=imported[0])
    library = load_library(config)
    spec = sample_clip(SpecConfig(video=VideoConfig(frames=1)), library.catalogue, 0, 0)
    worn = (ItemSpec(name="womens_thing"), ItemSpec(name="toigo_basic_tucked_t_shirt"))
    person = spec.people[0].model_copy(update={"clothes": worn, "hair": ItemSpec(name="elvs_spiky")})
    geometry = build_clip(spec.model_copy(update={"people": (person,)}), config, library)
    meshes = {m.name: m for m in geometry.meshes}
    mesh = next(m for name, m in meshes.items() if "toigo" in name)
    assert (mesh.semantic == Semantic.UPPER_GARMENT).all() and mesh.materials[0].diffuse.is_file()
    assert not meshes["body"].shown.all()  # the skin beneath is left out
