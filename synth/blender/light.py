"""The environment, the sun and lamps as Blender has them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from synth.blender.nodes import Graph, load_image
from synth.geometry import Lamp
from synth.spec.model import LightSpec

_LIGHT_MAP = 1024  # width of the map by which sky is sampled; by itself Cycles takes 4096, seconds a clip
_NIGHT = 0.012, (0.55, 0.7, 1.0)  # what is left of the environment's light by night, and its colour
_BRIGHTEST = 200.0  # of a sky that counts: a sun in a picture of it lights few scenes alike


def _add_light(scene, name: str, kind: str, colour, energy: float):
    import bpy

    data = bpy.data.lights.new(name, kind)
    data.energy, data.color = energy, colour
    thing = bpy.data.objects.new(name, data)
    scene.collection.objects.link(thing)
    thing.visible_camera = False
    return thing


def add_world(scene, light: LightSpec, hdri: Path) -> None:
    """The environment, normalised so that strength 1 lights a white floor to mid-bright, plus an optional sun."""
    import bpy

    world = bpy.data.worlds.new("world")
    scene.world = world
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", _LIGHT_MAP
    graph = Graph(world)
    image = load_image(hdri)
    columns, rows = image.size
    pixels = np.empty(columns * rows * 4, np.float32)
    image.pixels.foreach_get(pixels)
    luminance = pixels.reshape(rows, columns, 4)[..., :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    elevation = (np.arange(rows) + 0.5) / rows * math.pi - math.pi / 2  # Blender's row 0 is the nadir
    weight = np.clip(np.sin(elevation), 0, None) * np.cos(elevation)
    irradiance = math.pi * float((np.minimum(luminance, _BRIGHTEST).mean(1) * weight).sum() / weight.sum())
    strength = light.strength * math.pi * 0.75 / max(irradiance, 1e-6)
    coordinates = graph.add("ShaderNodeTexCoord").outputs["Generated"]
    turned = graph.add("ShaderNodeMapping", {"Vector": coordinates, "Rotation": (0, 0, light.rotation)}).outputs[0]
    colour = graph.add("ShaderNodeTexEnvironment", {"Vector": turned}, image=image).outputs[0]
    if light.time == "night":
        strength *= _NIGHT[0]
        colour = graph.mix(1.0, colour, _NIGHT[1], blend="MULTIPLY")
    background = graph.add("ShaderNodeBackground", {"Color": colour, "Strength": strength})
    graph.add("ShaderNodeOutputWorld", {"Surface": background.outputs[0]})
    if light.sun is not None:
        sun = _add_light(scene, "sun", "SUN", light.sun.colour, light.sun.strength)
        sun.data.angle = math.radians(light.sun.softness_degrees)
        sun.rotation_euler = (math.pi / 2 - light.sun.elevation, 0.0, light.sun.azimuth)


def add_lamps(scene, lamps: Iterable[Lamp]) -> None:
    """Area and point lamps, suns and portals."""
    from mathutils import Vector

    for number, lamp in enumerate(lamps):
        kind = {"point": "POINT", "sun": "SUN"}.get(lamp.kind, "AREA")
        thing = _add_light(scene, f"lamp {number}", kind, lamp.colour, lamp.power)
        thing.location = lamp.position.tolist()
        if lamp.kind == "point":
            thing.data.shadow_soft_size = lamp.size[0] / 2
            continue
        if lamp.kind == "sun":
            thing.data.angle = lamp.size[0]
        else:
            thing.data.shape, (thing.data.size, thing.data.size_y) = "RECTANGLE", lamp.size
            thing.data.cycles.is_portal = lamp.kind == "portal"
        thing.rotation_mode = "QUATERNION"
        thing.rotation_quaternion = Vector((-lamp.direction).tolist()).to_track_quat("Z", "Y")
