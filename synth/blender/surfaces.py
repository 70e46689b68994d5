"""Shaders of scenes: pictures of surfaces on coordinates in metres, paper, and what glows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.blender.nodes import Graph, load_image, new_image
from synth.blender.videos import show_video, upright
from synth.geometry import Material
from synth.scenes.pictures import side_metres, surface_pictures
from synth.spec.scenes.model import SurfaceSpec

_PAPER = 256  # pixels


def _finish(graph: Graph, colour, roughness: float, **inputs) -> None:
    bsdf = graph.add("ShaderNodeBsdfPrincipled", {"Base Color": colour, "Roughness": roughness, **inputs})
    graph.add("ShaderNodeOutputMaterial", {"Surface": bsdf.outputs[0]})


def _surface(graph: Graph, look: Material) -> None:
    """A repeated picture; ``settings`` is the dump of a ``SurfaceSpec``, ``diffuse`` its photograph."""
    spec = SurfaceSpec.model_validate(look.settings)
    place = graph.add("ShaderNodeUVMap", uv_map="uv").outputs[0]
    if spec.pattern == "photo":
        where = graph.add("ShaderNodeMapping", {"Vector": place, "Scale": (1 / spec.scale,) * 3}).outputs[0]
        photograph = graph.image(look.diffuse, vector=where)
        photograph.extension = "MIRROR"  # it repeats without a seam
        _finish(graph, graph.mix(1.0, photograph.outputs["Color"], spec.a, blend="MULTIPLY"), look.roughness)
        return
    colour, normal = surface_pictures(spec)
    where = graph.add("ShaderNodeMapping", {"Vector": place, "Scale": (1 / side_metres(spec),) * 3}).outputs[0]
    base = graph.add("ShaderNodeTexImage", {"Vector": where}, image=new_image("surface colour", colour))
    relief = graph.add("ShaderNodeTexImage", {"Vector": where}, image=new_image("surface normal", normal, False))
    bump = graph.add("ShaderNodeNormalMap", {"Color": relief.outputs["Color"]}, uv_map="uv").outputs["Normal"]
    _finish(graph, base.outputs["Color"], look.roughness, Normal=bump)


def paper_picture(a, b, grading: str, middle: tuple[float, float], floor: float) -> np.ndarray:
    """(N, N, 3) float32 linear RGB of graded paper: columns go round, rows go from the middle of the floor to the top.

    Args:
        middle: column and row, in [0, 1], of what lies behind people. floor: row where the floor ends.
    """
    at = (np.arange(_PAPER) + 0.5) / _PAPER
    around, up = np.meshgrid(at, at)
    if grading == "height":
        mix = np.clip((up - floor) / max(1.3 * (middle[1] - floor), 1e-3), 0.0, 1.0)
    elif grading == "spot":
        aside = np.abs((around - middle[0] + 0.5) % 1.0 - 0.5)
        mix = 1.0 - np.exp(-((aside / 0.1) ** 2) - ((up - middle[1]) / max(middle[1] - floor, 0.05)) ** 2)
    else:
        mix = np.zeros_like(up)
    mix = mix * mix * (3 - 2 * mix)
    return (np.array(a) + (np.array(b) - np.array(a)) * mix[..., None]).astype(np.float32)


def _paper(graph: Graph, look: Material) -> None:
    picture = new_image("paper", paper_picture(**look.settings))
    place = graph.add("ShaderNodeUVMap", uv_map="uv").outputs[0]
    image = graph.add("ShaderNodeTexImage", {"Vector": place}, image=picture)
    _finish(graph, image.outputs["Color"], look.roughness, **{"Specular IOR Level": 0.15})


def _glow(graph: Graph, look: Material) -> None:
    """It looks bright and lights nothing: a lamp beside it does."""
    glow = graph.add("ShaderNodeEmission", {"Color": look.tint, "Strength": look.settings["strength"]})
    graph.add("ShaderNodeOutputMaterial", {"Surface": glow.outputs[0]})


def projected(graph: Graph, look: Material, cache: Path) -> None:
    """A picture or video cast from the middle camera: ``settings`` holds its pose (3, 4) and what it must cover.

    Bounds are least and largest x / z, then y / z, of that camera; the picture covers them and is cut to their middle.
    """
    settings = look.settings
    left, right, top, bottom = settings["bounds"]
    place = graph.add("ShaderNodeNewGeometry").outputs["Position"]

    def along(row) -> object:
        dot = graph.add("ShaderNodeVectorMath", {0: place, 1: tuple(row[:3])}, operation="DOT_PRODUCT").outputs["Value"]
        return graph.math("ADD", dot, row[3])

    x, y, z = (along(row) for row in settings["pose"])
    depth = graph.math("MAXIMUM", z, 0.05)
    node = graph.add("ShaderNodeTexImage")
    if settings["video"] is None:
        node.image = load_image(upright(look.diffuse, cache))
        size = node.image.size
    else:
        size = show_video(node, look.diffuse, cache, **settings["video"])
    aspect = size[0] / size[1]
    width = max(right - left, (bottom - top) * aspect)
    sign = -1.0 if settings["mirrored"] else 1.0
    u = graph.math("DIVIDE", graph.math("SUBTRACT", graph.math("DIVIDE", x, depth), (left + right) / 2), sign * width)
    v = graph.math(
        "DIVIDE", graph.math("SUBTRACT", graph.math("DIVIDE", y, depth), (top + bottom) / 2), -width / aspect
    )
    where = graph.add("ShaderNodeCombineXYZ", {0: graph.math("ADD", u, 0.5), 1: graph.math("ADD", v, 0.5)}).outputs[0]
    graph.set(node, "Vector", where)
    node.extension = "MIRROR"
    colour = node.outputs["Color"]
    if not settings["glows"]:
        _finish(graph, colour, look.roughness, **{"Specular IOR Level": 0.1})
        return
    # As bright as the floor before it, which the environment lights.
    glow = graph.add("ShaderNodeEmission", {"Color": colour, "Strength": settings["strength"]})
    graph.add("ShaderNodeOutputMaterial", {"Surface": glow.outputs[0]})


SHADERS = {"surface": _surface, "paper": _paper, "glow": _glow}
UNLIT = ("glow", "projected")  # kinds that Cycles need not sample as lamps
