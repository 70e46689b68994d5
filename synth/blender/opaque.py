"""Materials of the user's made opaque: labels know the first surface that a ray meets, and nothing behind it."""

from __future__ import annotations

_CLEAR = ("BSDF_TRANSPARENT", "BSDF_GLASS", "BSDF_REFRACTION", "HOLDOUT", "BSDF_RAY_PORTAL")  # types of nodes
_SHUT = {"Alpha": 1.0, "Transmission Weight": 0.0}  # inputs of a Principled BSDF
_KEPT = {"Color": "Base Color", "Roughness": "Roughness", "Normal": "Normal"}


def make_opaque(material) -> None:
    """Let a bpy material show itself alone, with its mesh as it is and on coordinates called uv, groups of it too.

    What is mixed with a Transparent BSDF is left by itself, so that leaves cut out of pictures show the whole picture;
    other clear shaders turn into a Principled BSDF of their colour.
    """
    if material.node_tree is None:
        return
    material.displacement_method = "BUMP"
    for tree in _trees(material.node_tree):
        for node in list(tree.nodes):
            if node.type == "UVMAP":
                node.uv_map = "uv"
            elif node.type == "BSDF_PRINCIPLED":
                for name, value in _SHUT.items():
                    _fix(tree, node.inputs[name], value)
            elif node.type == "MIX_SHADER":
                _unmix(tree, node)
            elif node.type == "OUTPUT_MATERIAL":
                _fill(tree, node)
        for node in [n for n in tree.nodes if n.type in _CLEAR]:
            _replace(tree, node)


def _trees(tree) -> list:
    """A node tree and those of its groups, each once."""
    found = [tree]
    for each in found:
        inner = (n.node_tree for n in each.nodes if n.type == "GROUP" and n.node_tree is not None)
        found += [t for t in dict.fromkeys(inner) if t not in found]
    return found


def _fix(tree, socket, value: float) -> None:
    for link in list(socket.links):
        tree.links.remove(link)
    socket.default_value = value


def _unmix(tree, node) -> None:
    """Show the other side of a mixture with a Transparent BSDF."""
    clear = [bool(s.links) and s.links[0].from_node.type == "BSDF_TRANSPARENT" for s in node.inputs[1:]]
    if sum(clear) == 1 and node.inputs[1 + clear.index(False)].links:
        _fix(tree, node.inputs[0], float(clear[0]))


def _fill(tree, output) -> None:
    """Without a surface, fog and the like would show what is behind."""
    for link in list(output.inputs["Volume"].links):
        tree.links.remove(link)
    if not output.inputs["Surface"].links:
        tree.links.new(tree.nodes.new("ShaderNodeBsdfPrincipled").outputs[0], output.inputs["Surface"])


def _replace(tree, node) -> None:
    solid = tree.nodes.new("ShaderNodeBsdfPrincipled")
    for name, new in _KEPT.items():
        socket = node.inputs.get(name)
        if socket is None:
            continue
        if socket.links:
            tree.links.new(socket.links[0].from_socket, solid.inputs[new])
        elif name != "Normal":
            solid.inputs[new].default_value = socket.default_value
    for target in [link.to_socket for link in node.outputs[0].links]:
        tree.links.new(solid.outputs[0], target)
    tree.nodes.remove(node)
