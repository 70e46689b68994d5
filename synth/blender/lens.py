"""A lens that distorts: a pane before the camera that sends every ray on as the real lens would.

Cycles' own distorting cameras are polynomials that no calibration writes. A ray portal takes any model, in the colour
and in the label render alike, so that both see the very same picture.
"""

from __future__ import annotations

import numpy as np

from synth.blender.nodes import Graph
from synth.conventions import ThfmError
from synth.geometry import Cameras
from synth.lens import folds

_PANE = 0.002  # metres before the eye
_BEHIND = 1.01  # rays go on from just behind the pane, or they would meet it again
_NEWTON = 5  # steps; float32 is reached after four
_FULL_FRAME = 0.036  # metres, its long side
_FOCUS = "focus"  # property of the pane: depth in focus


def add_lens(scene, camera, cameras: Cameras) -> None:
    """Put the lens of ``cameras`` before the bpy ``camera``.

    Raises:
        ThfmError: the lens has tangential distortion, or shows nothing in the picture's corners.
    """
    import bpy

    size = scene.render.resolution_x, scene.render.resolution_y
    if cameras.distortion[2:4].any():
        raise ThfmError("lenses with tangential distortion cannot be rendered: set p1 and p2 to 0.")
    if any(folds(k, cameras.distortion, *size) for k in cameras.intrinsics):
        raise ThfmError(f"distortion {cameras.distortion.tolist()} folds the corners: make k1 and k2 smaller.")
    focal = cameras.intrinsics[:, 0, 0] / max(size)  # in shares of the frame's long side
    aperture = 0.0 if cameras.f_stop is None else focal.max() * _FULL_FRAME / cameras.f_stop / 2  # its radius
    half = float(1.2 * _PANE / focal.min() + 1.05 * aperture) + 0.01
    corners = [(x * half, y * half, -_PANE) for x, y in ((-4, -2), (4, -2), (0, 4))]  # one triangle: no seam in sight
    data = bpy.data.meshes.new("lens")
    data.from_pydata(corners, [], [(0, 1, 2)])
    data.materials.append(_portal(cameras.distortion))
    thing = bpy.data.objects.new("lens", data)
    scene.collection.objects.link(thing)
    thing.parent = camera
    for kind in ("diffuse", "glossy", "transmission", "volume_scatter", "shadow"):
        setattr(thing, f"visible_{kind}", False)
    camera.data.clip_start = _PANE / 4
    depths = np.ones(len(cameras.intrinsics)) if cameras.focus is None else cameras.focus
    for frame, depth in enumerate(depths):
        thing[_FOCUS] = float(depth)
        thing.keyframe_insert(f'["{_FOCUS}"]', frame=frame)


def _portal(distortion: np.ndarray):
    """The pane's material.

    In camera axes (Blender's: y up, looking along -z), a ray from the point o of the aperture towards F in the plane of
    focus goes on towards F', the undistorted place of F.
    """
    import bpy

    material = bpy.data.materials.new("lens")
    graph = Graph(material)

    def turned(vector, kind: str, there: str, back: str):
        node = graph.add(
            "ShaderNodeVectorTransform", {0: vector}, vector_type=kind, convert_from=there, convert_to=back
        )
        return node.outputs[0]

    def vector(operation: str, a, b=None, scale=None):
        inputs = {0: a} | ({1: b} if b is not None else {}) | ({"Scale": scale} if scale is not None else {})
        return graph.add("ShaderNodeVectorMath", inputs, operation=operation).outputs[0]

    geometry = graph.add("ShaderNodeNewGeometry")
    back = turned(geometry.outputs["Incoming"], "VECTOR", "WORLD", "OBJECT")  # from the pane to the aperture
    steep = graph.add("ShaderNodeSeparateXYZ", {0: back}).outputs[2]
    here = turned(geometry.outputs["Position"], "POINT", "WORLD", "OBJECT")
    # The aperture lies at z = 0, so the pane is _PANE before it; the length of the ray would tell no better.
    origin = vector("ADD", here, vector("SCALE", back, scale=graph.math("DIVIDE", _PANE, steep)))
    depth = graph.add("ShaderNodeAttribute", attribute_type="OBJECT", attribute_name=_FOCUS).outputs["Fac"]
    focus = vector("SUBTRACT", origin, vector("SCALE", back, scale=graph.math("DIVIDE", depth, steep)))
    flat = graph.add("ShaderNodeSeparateXYZ", {0: vector("SCALE", focus, scale=graph.math("DIVIDE", 1.0, depth))})
    x, y = flat.outputs[0], flat.outputs[1]
    factor = _undistorting(graph, x, y, distortion)
    there = graph.add("ShaderNodeCombineXYZ", {0: graph.math("MULTIPLY", x, factor),
                                               1: graph.math("MULTIPLY", y, factor), 2: -1.0}).outputs[0]  # fmt: skip
    ahead = vector("SUBTRACT", vector("SCALE", there, scale=depth), origin)  # from o to F'
    start = vector("ADD", origin, vector("SCALE", ahead, scale=graph.math("DIVIDE", _PANE * _BEHIND, depth)))
    portal = graph.add("ShaderNodeBsdfRayPortal", {
        "Position": turned(start, "POINT", "OBJECT", "WORLD"),
        "Direction": vector("NORMALIZE", turned(ahead, "VECTOR", "OBJECT", "WORLD")),
    })  # fmt: skip
    graph.add("ShaderNodeOutputMaterial", {"Surface": portal.outputs[0]})
    return material


def _undistorting(graph: Graph, x, y, distortion: np.ndarray):
    """The factor from the distorted point (x, y) to the undistorted one.

    Newton's method on the undistorted radius u: u (1 + k1 u^2 + k2 u^4 + k3 u^6) = r.
    """
    k1, k2, _, _, k3 = (float(k) for k in distortion)
    r = graph.math("SQRT", graph.math("ADD", graph.math("MULTIPLY", x, x), graph.math("MULTIPLY", y, y)))
    r = graph.math("MAXIMUM", r, 1e-6)

    def added(a, b, c):
        return graph.add("ShaderNodeMath", {0: a, 1: b, 2: c}, operation="MULTIPLY_ADD").outputs[0]

    def series(u2, a: float, b: float, c: float):
        return added(added(added(u2, c, b), u2, a), u2, 1.0)

    u = r
    for _ in range(_NEWTON):
        u2 = graph.math("MULTIPLY", u, u)
        over = graph.math("SUBTRACT", graph.math("MULTIPLY", u, series(u2, k1, k2, k3)), r)
        u = graph.math("SUBTRACT", u, graph.math("DIVIDE", over, series(u2, 3 * k1, 5 * k2, 7 * k3)))
    return graph.math("DIVIDE", u, r)
