"""What a person wears: which pieces go together, and what they are dyed and patterned with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.conventions import ThfmError
from synth.spec.catalogue import Catalogue, ItemEntry, SimulatedEntry
from synth.spec.config import PeopleConfig
from synth.spec.fabrics import FINE, RGB, draw_dye, draw_fabric
from synth.spec.model import ItemSpec, MotionSpec, PersonSpec, SimulatedSpec
from synth.spec.tones import like_skin

_ONE_PIECE = ("dress", "suit_one_piece")
_SHOES_FOR = {"elegant": ("elegant",), "sport": ("sport", "casual"), "casual": ("casual", "sport", "elegant")}

_REDRAWS = 12


def _pick(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def draw_outfit(rng: np.random.Generator, config: PeopleConfig, items: list[ItemEntry]) -> list[ItemEntry]:
    """One piece, or an upper garment and a lower one that goes with it; shoes; perhaps a hat, glasses and a bag.

    Inner to outer.
    """
    garments = [i for i in items if i.kind == "garments"]
    names = {i.name for i in garments}
    tops = [i for i in garments if i.semantic in _ONE_PIECE or names.intersection(i.goes_with)]
    if not tops:
        raise ThfmError(
            "the wardrobe has no garment for this style: restore assets/wardrobe or set spec.people.clothes=false."
        )
    top = _pick(rng, tops)
    worn = [top]
    lowers = [i for i in garments if i.name in top.goes_with]
    if lowers:
        worn.append(_pick(rng, lowers))
    trousers = any(i.semantic == "lower_garment" for i in worn)
    shoes = [i for i in items if i.kind == "shoes" and not (i.tall and trousers)]
    if shoes:
        worn.append(_pick(rng, [i for i in shoes if i.look in (*_SHOES_FOR.get(top.look, ()), "any")] or shoes))
    for kind, share in (("hats", config.hat), ("glasses", config.glasses), ("bags", config.bag)):
        options = [i for i in items if i.kind == kind]
        if options and rng.uniform() < share:
            worn.append(_pick(rng, options))
    return sorted(worn, key=lambda i: i.layer)


def draw_cloth(rng: np.random.Generator, config: PeopleConfig, item: ItemEntry, skin: Sequence[RGB] = ()) -> ItemSpec:
    """An item in the cloth that it is made of this time: of garments, none that looks like ``skin``, linear RGB of who
    wears it, as far as the config leaves a choice."""
    for _ in range(_REDRAWS):
        cloth = _cloth(rng, config, item)
        if item.kind != "garments" or not like_skin(_ground(cloth, item), skin):
            break
    return cloth


def _ground(cloth: ItemSpec, item: ItemEntry) -> RGB:
    """Linear RGB of most of the cloth."""
    if cloth.fabric is not None:
        return cloth.fabric.colours[0]
    return cloth.tint or item.base_colour or (0.5, 0.5, 0.5)


def _cloth(rng: np.random.Generator, config: PeopleConfig, item: ItemEntry) -> ItemSpec:
    if item.woven and config.tint > 0 and config.pattern > 0:
        fabric = draw_fabric(rng, item, config.weaves)
        if fabric is not None:
            return ItemSpec(name=item.name, fabric=fabric)
    undyed = rng.uniform() >= config.tint and not (item.blank and config.tint > 0)
    if not item.tintable or undyed:
        return ItemSpec(name=item.name)
    if not item.patterned and rng.uniform() < config.pattern:
        fabric = draw_fabric(rng, item, config.weaves)
        if fabric is not None:
            return ItemSpec(name=item.name, fabric=fabric)
    if item.blank and config.pattern > 0:  # without seams or knit, one colour alone reads as skin
        fabric = draw_fabric(rng, item, tuple(w for w in config.weaves if w in FINE))
        if fabric is not None:
            return ItemSpec(name=item.name, fabric=fabric)
    return ItemSpec(name=item.name, tint=draw_dye(rng))


def draw_simulated(
    rng: np.random.Generator, config: PeopleConfig, garments: tuple[SimulatedEntry, ...], motion: MotionSpec
) -> tuple[SimulatedEntry, str | None] | None:
    """A garment that was simulated for the motion, and a texture of it; None where there is none, or by chance."""
    there = [g for g in garments if g.motion == motion.name]
    if not config.clothes or motion.then or not there or rng.uniform() >= config.simulated:
        return None
    garment = _pick(rng, there)
    return garment, _pick(rng, garment.textures) if garment.textures else None


def dressed_by_bedlam(
    rng: np.random.Generator,
    config: PeopleConfig,
    catalogue: Catalogue,
    person: PersonSpec,
    garment: tuple[SimulatedEntry, str | None] | None,
) -> PersonSpec:
    """The person in a simulated garment, with the body and motion that it was made for; or by chance in painted
    clothes, instead of the wardrobe's garments; or as they were."""
    kinds = {i.name: i.kind for i in catalogue.items}
    light = tuple(c for c in person.clothes if kinds[c.name] in ("hats", "glasses"))
    if garment is not None:
        entry, texture = garment
        motion = person.motion.model_copy(update={"mirrored": False})
        return person.model_copy(
            update={
                "betas": entry.betas, "clothes": light, "motion": motion,
                "simulated": SimulatedSpec(name=entry.name, texture=texture),
            }
        )  # fmt: skip
    style = next((s.style for s in catalogue.skins if s.name == person.skin), "any")
    there = [o for o in catalogue.overlays if o.style in ("any", style)]
    if not config.clothes or not there or rng.uniform() >= config.overlay:
        return person
    shod = tuple(c for c in person.clothes if kinds[c.name] in ("hats", "glasses", "shoes", "bags"))
    return person.model_copy(update={"clothes": shod, "overlay": _pick(rng, there).name})
