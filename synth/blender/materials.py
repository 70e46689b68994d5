"""Shaders: what skin, eyes, cloth, hair and grounds look like, and what every surface says to the label render."""

from __future__ import annotations

from pathlib import Path

from synth.blender import surfaces
from synth.blender.fabric import fabric_tile
from synth.blender.floor import floor_pictures, side_metres
from synth.blender.imports import imported_material
from synth.blender.nodes import Graph, new_image
from synth.geometry import Material
from synth.spec.fabrics import FabricSpec
from synth.spec.model import GroundSpec

FACE_ATTRIBUTE, BARYCENTRIC_ATTRIBUTE = "face_index", "barycentric"
CLOTH_COORDINATES = "cloth"  # in metres
ALPHA_THRESHOLD = 0.5
# Added to the luminance of dyed textures: nearly black ones are 8-bit noise, and keep little of their contrast.
FLATTENING = 0.01


def _finish(graph: Graph, surface) -> None:
    graph.add("ShaderNodeOutputMaterial", {"Surface": surface})


def _new(name: str):
    import bpy

    return bpy.data.materials.new(name)


def _tinted(graph: Graph, look: Material):
    """Base colour socket and alpha socket (None when opaque) of a textured material, tinted."""
    if look.diffuse is None:
        return look.tint or (0.5, 0.5, 0.5), None
    image = graph.image(look.diffuse)
    colour = image.outputs["Color"]
    dye = look.tint
    if "fabric" in look.settings:
        dye = _woven(graph, FabricSpec.model_validate(look.settings["fabric"]))
    if "overlay" in look.settings:  # clothes painted over skin, each in its own colours
        paint = graph.image(Path(look.settings["overlay"]))
        skin = colour if dye is None else graph.mix(1.0, colour, dye, blend="MULTIPLY")
        return graph.mix(paint.outputs["Alpha"], skin, paint.outputs["Color"]), None
    if dye is not None:
        if "luminance" in look.settings:  # a dyed fabric keeps its weave and wear, not its hue
            grey = graph.add("ShaderNodeRGBToBW", {0: colour}).outputs[0]
            grey = graph.math("ADD", grey, FLATTENING)
            shade = graph.math("MINIMUM", graph.math("DIVIDE", grey, look.settings["luminance"] + FLATTENING), 1.8)
            colour = graph.add("ShaderNodeCombineColor", {0: shade, 1: shade, 2: shade}).outputs[0]
        woven = "fabric" in look.settings and "luminance" not in look.settings  # the texture's own lines are left out
        colour = dye if woven else graph.mix(1.0, colour, dye, blend="MULTIPLY")
    return colour, image.outputs["Alpha"] if look.alpha else None


def _woven(graph: Graph, fabric: FabricSpec):
    """Colour socket of patterned cloth."""
    place = graph.add("ShaderNodeUVMap", uv_map=CLOTH_COORDINATES).outputs[0]
    scale = (1 / fabric.repeat,) * 3
    where = graph.add("ShaderNodeMapping", {"Vector": place, "Rotation": (0, 0, fabric.angle), "Scale": scale})
    tile = new_image("fabric", fabric_tile(fabric))
    return graph.add("ShaderNodeTexImage", {"Vector": where.outputs[0]}, image=tile).outputs["Color"]


def _textured(graph: Graph, look: Material, **inputs):
    """A Principled BSDF over the look's textures."""
    colour, alpha = _tinted(graph, look)
    bsdf = graph.add("ShaderNodeBsdfPrincipled", {"Base Color": colour, "Roughness": look.roughness, **inputs})
    if alpha is not None:
        graph.set(bsdf, "Alpha", alpha)
    if look.normal is not None:
        bump = graph.add("ShaderNodeNormalMap", {"Color": graph.image(look.normal, colour=False).outputs["Color"]})
        graph.set(bsdf, "Normal", bump.outputs["Normal"])
    _finish(graph, bsdf.outputs[0])


def _skin(graph: Graph, look: Material) -> None:
    scattering = {"Subsurface Weight": 0.12, "Subsurface Radius": (0.015, 0.006, 0.003), "Subsurface Scale": 1.0}
    _textured(graph, look, **scattering, **{"Specular IOR Level": 0.35})


def _cloth(graph: Graph, look: Material) -> None:
    _textured(graph, look, **{"Specular IOR Level": 0.25, "Sheen Weight": 0.15, "Sheen Roughness": 0.5})


def _hair(graph: Graph, look: Material) -> None:
    _textured(graph, look, **{"Specular IOR Level": 0.35})


def _plain(graph: Graph, look: Material) -> None:
    _textured(graph, look)


def _eye(graph: Graph, look: Material) -> None:
    """Sclera, iris and pupil painted by the angle to the gaze axis; ``tint`` is the iris colour.

    The vertex attribute ``eye_direction`` is the rest-pose direction from the eye's centre, z along the gaze.
    """
    direction = graph.add(
        "ShaderNodeVectorMath", {0: graph.attribute("eye_direction").outputs["Vector"]}, operation="NORMALIZE"
    ).outputs[0]
    axes = graph.add("ShaderNodeSeparateXYZ", {0: direction})
    angle = graph.math("ARCCOSINE", axes.outputs["Z"])
    around = graph.math("ARCTAN2", axes.outputs["Y"], axes.outputs["X"])
    spokes = graph.add(
        "ShaderNodeTexNoise",
        {"Scale": 14.0, "Detail": 3.0, "Vector": graph.add("ShaderNodeCombineXYZ", {0: around, 1: 0.0}).outputs[0]},
    ).outputs[0]
    iris = tuple(look.tint or (0.15, 0.08, 0.03))
    fibres = graph.mix(graph.math("MULTIPLY", spokes, 0.9), tuple(0.45 * c for c in iris), tuple(1.9 * c for c in iris))
    # Angles seen from the centre of the eyeball: pupil 10, iris 28, limbus 32 degrees.
    bands = graph.ramp(
        graph.math("DIVIDE", angle, 0.7),
        [(0.0, (0, 0, 0)), (0.235, (0, 0, 0)), (0.265, (1, 1, 1)), (0.66, (1, 1, 1)), (0.72, (0.25, 0.25, 0.25))],
    )
    inner = graph.mix(1.0, fibres, bands, blend="MULTIPLY")
    white = graph.math("SMOOTH_MIN", graph.math("MULTIPLY", graph.math("SUBTRACT", angle, 0.49), 16.0, clamp=True), 1.0)
    colour = graph.mix(white, inner, (0.72, 0.66, 0.62))
    bsdf = graph.add(
        "ShaderNodeBsdfPrincipled",
        {
            "Base Color": colour,
            "Roughness": 0.12,
            "Specular IOR Level": 0.6,
            "Coat Weight": 1.0,
            "Coat Roughness": 0.02,
        },
    )
    _finish(graph, bsdf.outputs[0])


def _ground(graph: Graph, look: Material) -> None:
    """A floor picture repeated over the world's x and y; ``settings`` is the dump of a ``GroundSpec``."""
    spec = GroundSpec.model_validate(look.settings)
    colour, normal = floor_pictures(spec)
    place = graph.add("ShaderNodeNewGeometry").outputs["Position"]
    side = side_metres(spec)
    where = graph.add(
        "ShaderNodeMapping",
        {"Vector": place, "Rotation": (0, 0, spec.rotation), "Scale": (1 / side,) * 3, "Location": (*spec.offset, 0)},
    ).outputs[0]
    base = graph.add("ShaderNodeTexImage", {"Vector": where}, image=new_image("floor colour", colour)).outputs["Color"]
    # The picture repeats; slow shading over the world hides it.
    cloud = graph.add("ShaderNodeTexNoise", {"Vector": place, "Scale": 0.35, "Detail": 1.0}).outputs[0]
    worn = graph.mix(0.6, base, graph.ramp(cloud, [(0.3, (0.55,) * 3), (0.7, (1.0,) * 3)]), blend="MULTIPLY")
    relief = graph.add("ShaderNodeTexImage", {"Vector": where}, image=new_image("floor normal", normal, False))
    bump = graph.add("ShaderNodeNormalMap", {"Color": relief.outputs["Color"]}, uv_map="uv").outputs["Normal"]
    bsdf = graph.add("ShaderNodeBsdfPrincipled", {"Base Color": worn, "Roughness": look.roughness, "Normal": bump})
    _finish(graph, bsdf.outputs[0])


_SHADERS = {"skin": _skin, "cloth": _cloth, "hair": _hair, "plain": _plain, "eye": _eye, "ground": _ground,
            **surfaces.SHADERS}  # fmt: skip


def colour_material(name: str, look: Material, cache: Path):
    """The bpy material that colour renders see; frames of videos are put into the folder ``cache``."""
    if look.kind == "imported":
        return imported_material(look)
    material = _new(name)
    if look.kind in surfaces.UNLIT:
        material.cycles.emission_sampling = "NONE"
    if look.kind == "projected":
        surfaces.projected(Graph(material), look, cache)
    else:
        _SHADERS[look.kind](Graph(material), look)
    return material


def label_material(name: str, look: Material):
    """The bpy material that label renders see: it shines face index and barycentrics, and is opaque or absent.

    They are colours because only the picture itself passes a lens. A textured alpha is cut at one half, so that a pixel
    shows exactly one surface; where it is cut away, the ray goes on with full weight.
    """
    material = _new(name)
    material.cycles.emission_sampling = "NONE"  # it lights nothing; else every face is sorted as a lamp, every frame
    graph = Graph(material)
    face = graph.attribute(FACE_ATTRIBUTE).outputs["Fac"]
    corners = graph.attribute(BARYCENTRIC_ATTRIBUTE).outputs["Vector"]
    weights = graph.add("ShaderNodeSeparateXYZ", {0: corners})
    code = graph.add("ShaderNodeCombineColor", {0: face, 1: weights.outputs[0], 2: weights.outputs[1]}).outputs[0]
    surface = graph.add("ShaderNodeEmission", {"Color": code}).outputs[0]
    if look.alpha and look.diffuse is not None:
        solid = graph.math("GREATER_THAN", graph.image(look.diffuse).outputs["Alpha"], ALPHA_THRESHOLD)
        clear = graph.add("ShaderNodeBsdfTransparent").outputs[0]
        surface = graph.add("ShaderNodeMixShader", {0: solid, 1: clear, 2: surface}).outputs[0]
    _finish(graph, surface)
    return material


def matte_material(name: str, look: Material, person: bool):
    """The bpy material that matte renders see: people shine white, all else is black, and alpha is what it is."""
    material = _new(name)
    material.cycles.emission_sampling = "NONE"
    graph = Graph(material)
    surface = graph.add("ShaderNodeEmission", {"Color": (1.0, 1.0, 1.0) if person else (0.0, 0.0, 0.0)}).outputs[0]
    if look.alpha and look.diffuse is not None:
        alpha = graph.image(look.diffuse).outputs["Alpha"]
        clear = graph.add("ShaderNodeBsdfTransparent").outputs[0]
        surface = graph.add("ShaderNodeMixShader", {0: alpha, 1: clear, 2: surface}).outputs[0]
    _finish(graph, surface)
    return material
