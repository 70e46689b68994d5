"""Short hand for shader graphs: a ``Graph`` adds nodes by type and links values or sockets to their inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.conventions import ThfmError


def load_image(path: Path, colour: bool = True):
    """Load an image file once; raises ThfmError when it is missing or unreadable."""
    import bpy

    if not Path(path).is_file():
        raise ThfmError(f"texture {path} is missing: restore it or fetch the assets again.")
    image = bpy.data.images.load(str(path), check_existing=True)
    if not image.size[0]:
        raise ThfmError(f"texture {path} cannot be read as an image: restore it or fetch the assets again.")
    image.colorspace_settings.name = image.colorspace_settings.name if colour else "Non-Color"
    return image


def new_image(name: str, pixels: np.ndarray, colour: bool = True):
    """A packed image of ``pixels`` (H, W, 3) float32 in [0, 1], row 0 at the bottom; linear colour, or data.

    It is kept as half floats, which neither band nor need a colour space.
    """
    import bpy

    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=not colour)
    image.pixels.foreach_set(np.concatenate([pixels, np.ones_like(pixels[..., :1])], -1).ravel())
    image.update()
    image.pack()
    return image


class Graph:
    """The node tree of a material or a world, emptied."""

    def __init__(self, owner):
        import bpy

        if bpy.app.version < (5, 0):  # from 5.0 on, everything has nodes
            owner.use_nodes = True
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, inputs: dict | None = None, **properties):
        """Add node ``kind``; ``inputs`` maps input names or indices to values or output sockets."""
        node = self.tree.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            self.set(node, name, value)
        return node

    def set(self, node, name, value) -> None:
        import bpy

        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, node.inputs[name])
        else:
            socket = node.inputs[name]
            if socket.type == "RGBA" and len(value) == 3:
                value = (*value, 1.0)
            socket.default_value = value

    def math(self, operation: str, a, b=0.0, clamp: bool = False):
        node = self.add("ShaderNodeMath", {0: a, 1: b}, operation=operation, use_clamp=clamp)
        return node.outputs[0]

    def mix(self, factor, a, b, blend: str = "MIX"):
        node = self.add("ShaderNodeMix", data_type="RGBA", blend_type=blend)
        self.set(node, 0, factor)
        for index, value in ((6, a), (7, b)):
            self.set(node, index, value)
        return node.outputs[2]

    def ramp(self, factor, stops: list[tuple[float, tuple]]):
        node = self.add("ShaderNodeValToRGB", {0: factor})
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(1.0)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position, element.color = position, (*colour[:3], 1.0)
        return node.outputs[0]

    def image(self, path: Path, colour: bool = True, vector=None):
        node = self.add("ShaderNodeTexImage", image=load_image(path, colour))
        if vector is not None:
            self.set(node, "Vector", vector)
        return node

    def attribute(self, name: str):
        return self.add("ShaderNodeAttribute", attribute_name=name)
