"""What is rendered of a .blend file and what its materials become: opaque, as labels see them."""

import subprocess
import sys

import numpy as np
import pytest

from synth.blender import runtime
from synth.blender.config import RenderConfig
from synth.blender.imports import read_scene_file
from synth.blender.render import render_clip
from synth.blender.scene import build
from synth.bodies.catalogue import bpy_hdris
from synth.geometry import ClipGeometry
from synth.spec.model import SunSpec
from synth.spec.scenes.model import FileScene, PlainScene
from tests.conftest import ROOT, environment
from tests.scenery.sets import HEIGHT, WIDTH, person, placed, spec_with
from tests.scenes import camera_path

SQUARE = [(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)]


@pytest.fixture
def bpy():
    """Blender with nothing in it."""
    runtime.start(1)
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield bpy
    bpy.ops.wm.read_factory_settings(use_empty=True)


def _square(bpy, name: str, collection, place=(0, 0, 0), *looks):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(SQUARE, [], [(0, 1, 2, 3)])
    for look in looks:
        mesh.materials.append(look)
    thing = bpy.data.objects.new(name, mesh)
    thing.location = place
    collection.objects.link(thing)
    return thing


def _nodes(bpy, name: str):
    """A material and its node tree, without a surface."""
    look = bpy.data.materials.new(name)
    look.use_nodes = True
    look.node_tree.nodes.remove(look.node_tree.nodes["Principled BSDF"])
    return look, look.node_tree, look.node_tree.nodes["Material Output"].inputs["Surface"]


def _save(bpy, path):
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def test_only_what_renders_show_is_read_and_instances_where_they_are(bpy, tmp_path):
    scene = bpy.context.scene

    def collection(name: str):
        made = bpy.data.collections.new(name)
        scene.collection.children.link(made)
        return made

    _square(bpy, "floor", scene.collection)
    _square(bpy, "unrendered", scene.collection).hide_render = True
    _square(bpy, "only the viewport hides it", scene.collection).hide_viewport = True
    _square(bpy, "closed eye", scene.collection).hide_set(True)
    hidden, excluded = collection("hidden"), collection("excluded")
    hidden.hide_render = True
    _square(bpy, "in hidden", hidden)
    _square(bpy, "in excluded", excluded)
    bpy.context.view_layer.layer_collection.children["excluded"].exclude = True
    kit = bpy.data.collections.new("kit")
    _square(bpy, "chair", kit)
    lamp = bpy.data.objects.new("bulb", bpy.data.lights.new("bulb", "POINT"))
    lamp.location = (0, 0, 2)
    kit.objects.link(lamp)
    for x, unseen in ((3.0, False), (5.0, False), (7.0, True)):
        empty = bpy.data.objects.new(f"at {x}", None)
        empty.instance_type, empty.instance_collection, empty.location = "COLLECTION", kit, (x, 1, 0)
        empty.hide_render = unseen
        scene.collection.objects.link(empty)
    other = bpy.data.scenes.new("another scene")
    _square(bpy, "elsewhere", other.collection)
    text = bpy.data.objects.new("sign", bpy.data.curves.new("sign", "FONT"))
    text.data.body = "T"
    scene.collection.objects.link(text)
    file = read_scene_file(_save(bpy, tmp_path / "house.blend"), 1, tmp_path / "log")
    names = {"closed eye", "only the viewport hides it", "floor", "chair", "chair#1", "sign"}
    assert {m.name.removeprefix("file/") for m in file.meshes} == names
    middles = sorted(tuple(m.positions[0].mean(0).round(4).tolist()) for m in file.meshes if "chair" in m.name)
    assert middles == [(3.0, 1.0, 0.0), (5.0, 1.0, 0.0)]
    assert sorted(lamp.position.tolist() for lamp in file.lamps) == [[3, 1, 2], [5, 1, 2]]


_RIG = """
import sys, bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.object.armature_add()
rig = bpy.context.object
bpy.ops.mesh.primitive_plane_add()
body = bpy.context.object
body.name, body.parent = "body", rig
body.vertex_groups.new(name="Bone").add([0, 1, 2, 3], 1.0, "REPLACE")
body.modifiers.new("rig", "ARMATURE").object = rig
bpy.ops.export_scene.gltf(filepath=sys.argv[1])
"""


def test_bones_of_a_rig_have_no_shape(tmp_path):
    command = [sys.executable, "-c", _RIG, str(tmp_path / "rig.glb")]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    file = read_scene_file(tmp_path / "rig.glb", 1, tmp_path / "log")
    assert [m.name for m in file.meshes] == ["file/body"]


def test_an_object_may_have_hundreds_of_materials(bpy, tmp_path):
    count = 300
    mesh = bpy.data.meshes.new("quilt")
    corners = np.array(SQUARE) + [[[2 * k, 0, 0]] for k in range(count)]
    mesh.from_pydata(corners.reshape(-1, 3).tolist(), [], np.arange(4 * count).reshape(-1, 4).tolist())
    for k in range(count):
        mesh.materials.append(bpy.data.materials.new(f"m{k}"))
    mesh.polygons.foreach_set("material_index", np.arange(count, dtype=np.int32))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("quilt", mesh))
    file = read_scene_file(_save(bpy, tmp_path / "quilt.blend"), 1, tmp_path / "log")
    quilt = file.meshes[0]
    patch = np.rint(quilt.positions[0][quilt.faces].mean(1)[:, 0] / 2).astype(int)
    assert [quilt.materials[k].settings["name"] for k in quilt.material_index] == [f"m{k}" for k in patch]


def _panes(bpy) -> list:
    """White materials of every clear kind."""
    looks = []
    for kind in ("BsdfTransparent", "BsdfGlass", "BsdfRefraction"):
        look, tree, surface = _nodes(bpy, kind)
        tree.links.new(tree.nodes.new(f"ShaderNode{kind}").outputs[0], surface)
        looks.append(look)
    inner = bpy.data.node_groups.new("pane", "ShaderNodeTree")
    inner.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    glass = inner.nodes.new("ShaderNodeBsdfPrincipled")
    glass.inputs["Transmission Weight"].default_value = 1.0
    inner.links.new(glass.outputs[0], inner.nodes.new("NodeGroupOutput").inputs[0])
    look, tree, surface = _nodes(bpy, "group")
    group = tree.nodes.new("ShaderNodeGroup")
    group.node_tree = inner
    tree.links.new(group.outputs[0], surface)
    looks.append(look)
    look, tree, surface = _nodes(bpy, "mixed")
    mix = tree.nodes.new("ShaderNodeMixShader")
    mix.inputs[0].default_value = 0.1
    tree.links.new(tree.nodes.new("ShaderNodeBsdfTransparent").outputs[0], mix.inputs[1])
    tree.links.new(tree.nodes.new("ShaderNodeBsdfDiffuse").outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], surface)
    looks.append(look)
    look, tree, surface = _nodes(bpy, "fog")
    volume = tree.nodes.new("ShaderNodeVolumePrincipled").outputs[0]
    tree.links.new(volume, tree.nodes["Material Output"].inputs["Volume"])
    return [*looks, look]


def test_nothing_is_seen_through_whatever_its_shader(bpy, tmp_path):
    looks = _panes(bpy)
    wall, tree, surface = _nodes(bpy, "red")
    red = tree.nodes.new("ShaderNodeEmission")
    red.inputs["Color"].default_value = (1, 0, 0, 1)
    tree.links.new(red.outputs[0], surface)
    collection = bpy.context.scene.collection
    upright = (np.pi / 2, 0, 0)  # towards -y
    back = _square(bpy, "wall", collection, (0, 2, 1), wall)
    back.rotation_euler, back.scale = upright, (20, 20, 1)
    for k, look in enumerate(looks):
        pane = _square(bpy, f"pane{k}", collection, (1.1 * (k - 2.5), 0, 1), look)
        pane.rotation_euler = upright
    file = read_scene_file(_save(bpy, tmp_path / "glass.blend"), 1, tmp_path / "log")
    clip = person()
    cameras = camera_path([(0, -6, 1)] * 4, [(0, 0, 1)] * 4, WIDTH, HEIGHT, 28.0)
    away = [type(m)(**{**vars(m), "positions": m.positions + np.float32([0, -50, 0])}) for m in clip.meshes]
    clip = ClipGeometry(**{**vars(clip), "cameras": cameras, "meshes": (*away, *file.meshes)})
    config = RenderConfig(samples=4, denoise=False, motion_blur=False, view_transform="Standard")
    passes = render_clip(clip, spec_with(PlainScene(), clip), config, bpy_hdris()["courtyard"], tmp_path / "log")
    owner = np.repeat(np.arange(len(clip.meshes)), [len(m.faces) for m in clip.meshes])
    seen = np.where(passes.face >= 0, owner[passes.face], -1)
    for k, mesh in enumerate(clip.meshes):
        if not mesh.name.startswith("file/"):
            continue
        colour = passes.rgb[seen == k].astype(float)
        assert len(colour) > 50
        if mesh.name == "file/wall":
            assert np.median(colour[:, 0]) > 100 > 5 * np.median(colour[:, 1])
        else:
            assert np.median(colour[:, 0]) < 1.5 * np.median(colour[:, 1]), mesh.materials[0].settings["name"]


def test_suns_of_a_file_shine_by_day_instead_of_drawn_ones(bpy, tmp_path):
    collection = bpy.context.scene.collection
    _square(bpy, "floor", collection).scale = (20, 20, 1)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.data.angle, sun.rotation_euler = 3.5, 0.02, (0, np.radians(60), 0)  # it stands in the east
    collection.objects.link(sun)
    file = read_scene_file(_save(bpy, tmp_path / "yard.blend"), 1, tmp_path / "log")
    (lamp,) = file.lamps
    assert (lamp.kind, lamp.power) == ("sun", 3.5) and lamp.size[0] == pytest.approx(0.02)
    np.testing.assert_allclose(lamp.direction, (-np.sqrt(0.75), 0, -0.5), atol=1e-6)
    scene = FileScene(name="yard", seed=1)
    drawn = SunSpec(strength=2.0, elevation=1.0, azimuth=0.0, softness_degrees=1.0, colour=(1, 1, 1))
    spec, built, clip = placed(scene, person(), file=file, sun=drawn, time="day")
    (moved,) = built.lamps
    assert moved.direction[2] == pytest.approx(-0.5)
    made, _ = build(clip, spec, RenderConfig(), bpy_hdris()["courtyard"], tmp_path)
    (shining,) = [o for o in made.objects if o.type == "LIGHT"]
    assert shining.data.type == "SUN" and shining.data.energy == 3.5 and shining.data.angle == pytest.approx(0.02)
    made.view_layers[0].update()
    np.testing.assert_allclose(-np.array(shining.matrix_world)[:3, 2], moved.direction, atol=1e-5)
    _, dark, _ = placed(scene, person(), file=file, time="night")
    assert not dark.lamps
