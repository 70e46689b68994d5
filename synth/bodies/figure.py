"""A person of a clip as a whole: body, clothes and what they sit or walk on, with the labels that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from synth.bodies.carrying import carrying
from synth.bodies.catalogue import Library
from synth.bodies.config import BodiesConfig
from synth.bodies.model import BodyModel, load_body
from synth.bodies.outfit import fit_outfit, outfit_meshes
from synth.bodies.person import body_mesh, canonical_points, person_params
from synth.bodies.registration import base_map
from synth.bodies.simulated import Cloth, cloth_mesh, placed
from synth.conventions import ThfmError
from synth.geometry import Mesh
from synth.props.shape import PropShape
from synth.spec.model import PersonSpec


@dataclass(frozen=True)
class Figure:
    """A person over T + 2 time samples, in the world.

    Attributes:
        meshes: the body first, then clothes and hair; perhaps a stool or stairs.
        joints: (T+2, J, 3) float32, metres.
        params: smplx's inputs, ``transl`` (T+2, 3) among them.
        canonical: (V, 3) float32, dense-pose points of the body's vertices.
    """

    model: BodyModel
    meshes: tuple[Mesh, ...]
    joints: np.ndarray
    params: dict[str, np.ndarray]
    canonical: np.ndarray

    def moved(self, shift: np.ndarray) -> Figure:
        """The same person, (x, y) metres beside."""
        if not shift.any():
            return self
        along = np.append(shift, 0.0).astype(np.float32)
        return replace(
            self,
            meshes=tuple(replace(m, positions=m.positions + along) for m in self.meshes),
            joints=self.joints + along,
            params={**self.params, "transl": self.params["transl"] + along},
        )


def build_figure(
    person: PersonSpec,
    number: int,
    frames: int,
    fps: float,
    config: BodiesConfig,
    library: Library,
    held: Mapping[str, PropShape] = MappingProxyType({}),
    cloth: Cloth | None = None,
) -> Figure:
    """Person ``number`` (from 1) where their spec wants them.

    Args:
        held: what each hand (left, right) holds; in simulated clothes, arms stay where the sleeves are.
        cloth: the simulated garment that the spec names, if it names one, over the samples of the clip.

    Raises:
        ThfmError: a named asset is missing or broken, or the motion ends too early.
    """
    neutral, model = load_body(config.models, "neutral"), load_body(config.models, person.gender)
    skin = library.skin(person.skin, model.texture_layout)
    garment = None
    if person.simulated is not None:
        if cloth is None:
            raise ThfmError(f"the simulated garment {person.simulated.name!r} was not read, which Blender does.")
        garment = library.simulated[person.simulated.name]
    staged = person_params(model, person, library.motion_files, garment, frames, fps)
    params, overlay = (
        staged.params,
        None if person.overlay is None or skin is None else library.overlays[person.overlay],
    )
    canonical = canonical_points(neutral, model)

    def bare(one: dict[str, np.ndarray]) -> tuple[Mesh, np.ndarray]:
        posed = model.pose(one)
        return body_mesh(model, posed, canonical, person, number, skin, np.ones(len(model.faces), bool)), posed.joints

    for hand, thing in held.items() if garment is None else ():
        params = carrying(params, hand, thing, bare)
    posed, low = model.pose(params), params["transl"][0, 2]
    if garment is not None:  # the floor of its motion is nobody's
        posed = posed.raised(-posed.vertices[:, np.unique(model.faces), 2].min())
    outfit = fit_outfit(model, base_map(model, config.open_models), posed, person, config.assets)
    # Motions are grounded for bare feet; shoes stand on their soles.
    posed = posed.raised(outfit.sole)
    params["transl"] = posed.transl
    meshes = [body_mesh(model, posed, canonical, person, number, skin, outfit.shown, overlay)]
    if garment is not None:
        worn = placed(cloth, staged.turn, staged.shift + (0.0, 0.0, posed.transl[0, 2] - low))
        texture = garment.textures.get(person.simulated.texture)
        meshes.append(cloth_mesh(person, number, worn, texture, meshes[0]))
    meshes += outfit_meshes(outfit, model, posed, canonical, number, fps)
    if staged.scenery is not None:
        meshes.append(staged.scenery.mesh(f"{staged.scenery.kind} {number}", person.motion.seed, outfit.sole))
    return Figure(model, tuple(meshes), posed.joints, params, canonical)
