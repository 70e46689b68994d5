"""What a person wears: the wardrobe's items fitted to the body, posed with it, as labelled meshes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.bodies.bags import lain
from synth.bodies.basemap import BaseMap
from synth.bodies.cloth import Collider, drape
from synth.bodies.dressing import Fitted, RestBody, dress
from synth.bodies.hems import evened
from synth.bodies.layers import tucked
from synth.bodies.laying import lay_flat
from synth.bodies.model import BodyModel, PosedBody
from synth.bodies.registration import skin_faces
from synth.bodies.surface import LIMBS
from synth.bodies.wardrobe import hidden_faces, load_item
from synth.conventions import JOINT_NAMES
from synth.geometry import Material, Mesh
from synth.spec.model import ItemSpec, PersonSpec

_ROUGHNESS = {"garments": 0.85, "shoes": 0.55, "hats": 0.8, "glasses": 0.2, "bags": 0.7, "hair": 0.5, "brows": 0.8,
              "lashes": 0.6}  # fmt: skip


def worn_items(person: PersonSpec) -> list[ItemSpec]:
    """Clothes, then hair, brows and lashes."""
    return [*person.clothes, *(i for i in (person.hair, person.brows, person.lashes) if i is not None)]


def pose_offsets(model: BodyModel, posed: PosedBody) -> np.ndarray:
    """(S, V, 3) float32, what pose correctives and changes of expression add to the rest vertices before skinning."""
    flat = posed.pose_feature @ model.posedirs.reshape(len(model.posedirs), -1)
    offsets = flat.reshape(len(flat), -1, 3)
    if posed.expression.any():
        offsets += np.einsum("vck,sk->svc", model.expression_directions, posed.expression, optimize=True)
    return offsets


def _material(fitted: Fitted, spec: ItemSpec) -> Material:
    item = fitted.item
    look = "hair" if item.kind in ("hair", "brows", "lashes") else "cloth"
    settings = {}
    if spec.tint is not None or (spec.fabric is not None and not item.entry.get("woven")):
        settings["luminance"] = float(np.dot(item.entry["base_colour"], (0.2126, 0.7152, 0.0722)))
    if spec.fabric is not None:
        settings["fabric"] = spec.fabric.model_dump()
    return Material(
        look,
        diffuse=item.texture("diffuse"),
        normal=item.texture("normal"),
        alpha=bool(item.entry["alpha"]),
        tint=spec.tint,
        roughness=_ROUGHNESS[item.kind],
        settings=settings,
    )


@dataclass(frozen=True, eq=False)
class Outfit:
    """What a person wears, fitted to the shaped body at rest.

    Attributes:
        specs, fitted: the items, inner to outer, and how they sit.
        shown: (F,) bool, body faces that stay visible.
        sole: metres that the shoes' soles reach below the bare feet.
    """

    specs: tuple[ItemSpec, ...]
    fitted: tuple[Fitted, ...]
    shown: np.ndarray
    sole: float


def fit_outfit(model: BodyModel, base: BaseMap, posed: PosedBody, person: PersonSpec, assets: Path) -> Outfit:
    """Fit everything that ``person`` wears.

    Args:
        base: where base.obj lies on the body.
        assets: folder with wardrobe/ and skins/.

    Raises:
        ThfmError: an item is missing or broken.
    """
    specs = tuple(worn_items(person))
    if not specs:
        return Outfit((), (), np.ones(len(model.faces), bool), 0.0)
    items = [load_item(s.name, assets) for s in specs]
    fitted = tuple(dress(items, RestBody(posed.rest, model.faces, model.weights, base, skin_faces(model))))
    bare = posed.rest[np.unique(model.faces), 1].min()
    soles = [bare - f.rest[:, 1].min() for f in fitted if f.item.kind == "shoes"]
    return Outfit(specs, fitted, ~hidden_faces(items, model.faces, base), float(max([0.0, *soles])))


def _moved(outfit: Outfit, model: BodyModel, posed: PosedBody, fps: float) -> list[np.ndarray]:
    """Per item the positions (S, V, 3): loose cloth hangs and lags, off the body and off what is worn beneath."""
    offsets = pose_offsets(model, posed)
    positions = [f.pose(posed.transforms, offsets, posed.transl) for f in outfit.fitted]
    _drape(outfit, model, posed, fps, positions)
    order = sorted(range(len(positions)), key=lambda k: outfit.fitted[k].item.layer)
    garments = [k for k in order if outfit.fitted[k].item.kind == "garments"]
    for k, worn in enumerate(outfit.fitted):
        if worn.straps is not None:
            for s, body in enumerate(posed.vertices):
                on = [(body, model.faces), *((positions[g][s], outfit.fitted[g].item.faces) for g in garments)]
                positions[k][s, worn.straps.vertices] = worn.straps.laid(on)
            below = [(outfit.fitted[g].weights, positions[g]) for g in garments]
            positions[k][:, worn.item.rigid] = _lain(worn, model, posed, fps, below)
    return positions


def _lain(
    bag: Fitted, model: BodyModel, posed: PosedBody, fps: float, worn: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """(S, n, 3) the box of a bag as it lies on the body and on clothes, ``worn``: their skin weights and positions."""
    joint = JOINT_NAMES.index(bag.item.entry["bone"])
    bone = posed.transforms[:, joint].astype(np.float64)
    bone[:, :3, 3] += posed.transl
    skin = np.unique(model.faces[skin_faces(model)])
    beneath = [posed.vertices[:, skin[_trunk_and_legs(model.weights[skin])]]]
    beneath += [positions[:, _trunk_and_legs(weights)] for weights, positions in worn]
    return lain(bag.rest[bag.item.rigid], posed.rest_joints[joint], beneath, bone, fps)


def _drape(outfit: Outfit, model: BodyModel, posed: PosedBody, fps: float, positions: list[np.ndarray]) -> None:
    """Let what is loose among ``positions`` hang."""
    if not any(f.item.loose.any() for f in outfit.fitted):
        return
    skin = np.unique(model.faces[skin_faces(model)])
    colliders = [(0, Collider(posed.vertices, model.faces, skin[_trunk_and_legs(model.weights[skin])]))]
    for k in sorted(range(len(positions)), key=lambda k: outfit.fitted[k].item.layer):
        worn = outfit.fitted[k]
        item = worn.item
        if item.loose.any():
            beneath = [collider for layer, collider in colliders if layer < item.layer]
            hung = drape(worn.rest, item.faces, item.loose, positions[k], beneath, fps)
            positions[k] = evened(positions[k], hung, item.faces, item.loose)
        if item.kind in ("garments", "shoes"):
            below = np.flatnonzero(_trunk_and_legs(worn.weights))
            colliders.append((item.layer, Collider(positions[k], item.faces, below)))


def _trunk_and_legs(weights: np.ndarray) -> np.ndarray:
    """(V,) bool, from skin weights (V, 55): hands and arms go past loose cloth."""
    return (weights @ LIMBS)[:, [0, 2, 3]].sum(1) > 0.5


def outfit_meshes(
    outfit: Outfit, model: BodyModel, posed: PosedBody, canonical: np.ndarray, number: int, fps: float
) -> list[Mesh]:
    """The meshes of an outfit, moving with the body.

    A worn surface carries the part and the canonical point of the skin beneath it, found in the rest pose.

    Args:
        canonical: (V, 3) dense-pose points of the body's vertices.
        number: of the person in the clip, from 1.
        fps: samples a second.
    """
    if not outfit.fitted:
        return []
    meshes, moved = [], _moved(outfit, model, posed, fps)
    garments = [pair for pair in zip(outfit.fitted, moved, strict=True) if pair[0].item.kind == "garments"]
    for spec, fitted, positions in zip(outfit.specs, outfit.fitted, moved, strict=True):
        item, on = fitted.item, fitted.on_body
        beneath = np.einsum("vk,vkc->vc", on.bary, canonical[model.faces[on.face]])
        shown = fitted.shown
        if item.kind in ("garments", "shoes"):
            over = [(f, p) for f, p in garments if f.item.layer > item.layer]
            positions, hidden = tucked(fitted, positions, over)
            shown = shown & ~hidden
        meshes.append(
            Mesh(
                name=item.name,
                person=number,
                faces=item.faces,
                positions=positions,
                uv=item.uv,
                face_uv=item.face_uv,
                part=model.part[fitted.face_on_body],
                semantic=item.semantic,
                canonical=beneath.astype(np.float32),
                shown=shown,
                materials=(_material(fitted, spec),),
                material_index=np.zeros(len(item.faces), np.uint8),
                cloth=None if spec.fabric is None else lay_flat(fitted.rest, item.faces, item.uv, item.face_uv),
            )
        )
    return meshes
