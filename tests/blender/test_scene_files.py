"""Scene files of the user's, made here: read, stood in, labelled as rays see them; broken ones are named."""

import subprocess
import sys

import numpy as np
import pytest
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

from synth.blender.config import RenderConfig
from synth.blender.imports import imported_material, read_scene_file
from synth.blender.render import render_clip
from synth.bodies.catalogue import bpy_hdris, load_library
from synth.bodies.config import BodiesConfig
from synth.conventions import ClipRejected, Semantic, ThfmError
from synth.geometry import Material
from synth.labels import compute_labels
from synth.scenes.files import build_file, floor_level
from synth.scenes.stage import Stage
from synth.spec.scenes.model import FileScene
from tests.conftest import ROOT, environment
from tests.scenery.sets import HEIGHT, WIDTH, eyes_of, gap, library, person, placed, soup
from tests.scenes import cast_passes

FLOOR = 0.7  # where the floor of the test's room is
NEAR = (0.3, -2.6, 1.4)
FORMATS = ("glb", "obj", "blend")


def _room() -> dict[str, trimesh.Trimesh]:
    """A room of 9 x 8 m with a pillar, z up; its floor is 0.7 m high, and it has a table."""

    def box(low, high):
        return trimesh.creation.box(bounds=np.array([low, high], float))

    return {
        "floor": box((-4.5, -4, FLOOR - 0.2), (4.5, 4, FLOOR)),
        "wall_north": box((-4.5, 4, FLOOR), (4.5, 4.2, FLOOR + 3)),
        "wall_west": box((-4.7, -4, FLOOR), (-4.5, 4, FLOOR + 3)),
        "pillar": box((2.0, 2.0, FLOOR), (2.4, 2.4, FLOOR + 3)),
        "table": box((-3.5, 2.5, FLOOR), (-2.3, 3.3, FLOOR + 0.75)),
    }


_BLEND = """
import sys, bpy, numpy as np
bpy.ops.wm.read_factory_settings(use_empty=True)
with np.load(sys.argv[1]) as data:
    names = sorted({n.split('/')[0] for n in data})
    for name in names:
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(data[name + '/v'].tolist(), [], data[name + '/f'].tolist())
        look = bpy.data.materials.new(name + ' paint')
        if not bpy.app.version >= (5, 0):
            look.use_nodes = True
        look.node_tree.nodes['Principled BSDF'].inputs['Base Color'].default_value = (0.8, 0.02, 0.02, 1)
        mesh.materials.append(look)
        thing = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(thing)
lamp = bpy.data.lights.new('bulb', 'POINT')
lamp.energy = 150
thing = bpy.data.objects.new('bulb', lamp)
thing.location = (0, 0, 3.2)
bpy.context.scene.collection.objects.link(thing)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[2])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """room.glb, room.obj and room.blend of the same room."""
    place, parts = tmp_path_factory.mktemp("scenes"), _room()
    scene = trimesh.Scene()
    upright = trimesh.transformations.rotation_matrix(-np.pi / 2, (1, 0, 0))  # both formats have y up
    for name, mesh in parts.items():
        turned = mesh.copy().apply_transform(upright)
        turned.visual = trimesh.visual.TextureVisuals(
            material=trimesh.visual.material.PBRMaterial(baseColorFactor=(220, 20, 20, 255), name=f"{name} paint")
        )
        scene.add_geometry(turned, node_name=name, geom_name=name)
    (place / "room.glb").write_bytes(scene.export(file_type="glb"))
    lines, first = [], 1
    for name, mesh in parts.items():
        turned = mesh.copy().apply_transform(upright)
        lines += [f"o {name}", *(f"v {x} {y} {z}" for x, y, z in turned.vertices)]
        lines += [f"f {a + first} {b + first} {c + first}" for a, b, c in turned.faces]
        first += len(turned.vertices)
    (place / "room.obj").write_text("\n".join(lines) + "\n")
    arrays = {f"{n}/v": m.vertices for n, m in parts.items()} | {f"{n}/f": m.faces for n, m in parts.items()}
    np.savez(place / "room.npz", **arrays)
    command = [sys.executable, "-c", _BLEND, str(place / "room.npz"), str(place / "room.blend")]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def _read(folder, kind: str, tmp_path):
    return read_scene_file(folder / f"room.{kind}", 1, tmp_path / "log")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_room(folder, kind, tmp_path):
    file = _read(folder, kind, tmp_path)
    assert floor_level(file.meshes) == pytest.approx(FLOOR, abs=1e-4)
    whole, truth = soup(file.meshes), trimesh.util.concatenate(list(_room().values()))
    np.testing.assert_allclose(whole.bounds, truth.bounds, atol=1e-5)
    assert whole.area == pytest.approx(truth.area, rel=1e-5)
    assert whole.volume == pytest.approx(truth.volume, rel=1e-4)  # faces turn the right way
    assert len(file.lamps) == (1 if kind == "blend" else 0)


def test_clips_of_one_file_read_it_once(folder, tmp_path):
    assert _read(folder, "glb", tmp_path / "a") is _read(folder, "glb", tmp_path / "b")


def test_materials_are_the_files_own_whatever_else_has_their_name(folder, tmp_path):
    _read(folder, "blend", tmp_path)
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    other = bpy.data.materials.new("table paint")
    look = Material("imported", settings={"file": str(folder / "room.blend"), "name": "table paint"})
    found = imported_material(look)
    assert found is not other and found == imported_material(look) and other.name == "table paint"
    colour = found.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value
    np.testing.assert_allclose(colour, (0.8, 0.02, 0.02, 1), atol=1e-5)


@pytest.mark.parametrize("kind", FORMATS)
def test_people_stand_on_its_floor_and_labels_are_what_rays_meet(folder, kind, tmp_path):
    file, geometry = _read(folder, kind, tmp_path), person(NEAR)
    scene = FileScene(name="room", seed=4)
    spec, built, clip = placed(scene, geometry, file=file)
    assert floor_level(built.meshes) == pytest.approx(0.0, abs=1e-4)
    body = geometry.meshes[0].positions[:, ::60].reshape(-1, 3).astype(np.float64)
    assert gap(built.meshes, body[body[:, 2] > 0.3]) > 0.05
    passes = render_clip(
        clip,
        spec,
        RenderConfig(samples=2, denoise=False, motion_blur=False),
        bpy_hdris()["courtyard"],
        tmp_path / "log",
    )
    labels, truth = compute_labels(clip, passes), compute_labels(clip, cast_passes(_shown(clip), WIDTH, HEIGHT))
    hit = np.isfinite(labels["depth"]) & np.isfinite(truth["depth"])
    assert hit.mean() > 0.2 and (np.isfinite(labels["depth"]) == np.isfinite(truth["depth"])).mean() > 0.99
    assert (np.abs(labels["depth"] - truth["depth"])[hit] < 1e-3).mean() > 0.98
    cosine = np.einsum("thwc,thwc->thw", labels["normals"], truth["normals"])[hit]
    assert np.quantile(cosine, 0.03) > 0.99
    floor = labels["semantics"] == Semantic.GROUND
    assert floor.mean() > 0.05
    if kind != "obj":  # it is painted red
        painted = passes.rgb[floor & (truth["semantics"] == Semantic.GROUND)].mean(0)
        assert painted[0] > 1.5 * painted[1]


def _shown(clip):
    """The clip without what is cut away, for ray casts; faces keep their numbers."""
    meshes = []
    for mesh in clip.meshes:
        faces = (
            np.where(mesh.shown[:, None], mesh.faces, mesh.faces[:, :1])
            if mesh.name.startswith("file/")
            else mesh.faces
        )
        meshes.append(type(mesh)(**{**vars(mesh), "faces": faces}))
    return type(clip)(**{**vars(clip), "meshes": tuple(meshes)})


def test_what_stands_between_cameras_and_people_is_cut_away(folder, tmp_path):
    file, geometry = _read(folder, "glb", tmp_path), person((1.0, -14.0, 2.0), 85.0)
    _, built, _ = placed(FileScene(name="room", seed=1), geometry, file=file)
    eyes, spots = eyes_of(geometry.cameras), geometry.meshes[0].positions[1, ::200].astype(np.float64)
    ways = spots[spots[:, 2] > 0.3] - eyes[1]
    lengths = np.linalg.norm(ways, axis=1)
    ray = RayMeshIntersector(soup(built.meshes))
    place, number, _ = ray.intersects_location(
        np.tile(eyes[1], (len(ways), 1)), ways / lengths[:, None], multiple_hits=False
    )
    assert (np.linalg.norm(place - eyes[1], axis=1) > lengths[number]).all()


@pytest.mark.parametrize("seed", [2, 5])
def test_props_have_room_where_nothing_stands_and_people_can_walk(seed, tmp_path):
    parts = [((-3, -3, -0.2), (3, 3, 0)), ((-0.9, -0.5, 0), (0.5, 0.5, 0.9)), ((2.2, -3, 0), (2.8, 3, 1.9))]
    kitchen = trimesh.util.concatenate([trimesh.creation.box(bounds=np.array(p, float)) for p in parts])
    kitchen.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, (1, 0, 0)))
    kitchen.export(tmp_path / "kitchen.glb")
    file, geometry = read_scene_file(tmp_path / "kitchen.glb", 1, tmp_path / "log"), person(NEAR)
    _, built, _ = placed(FileScene(name="kitchen", seed=seed), geometry, file=file)
    places = geometry.meshes[0].positions[1].mean(0)[:2] + np.random.default_rng(0).uniform(-2.0, 2.0, (600, 2))
    height = np.full(len(places), -np.inf)
    over, down = np.column_stack([places, np.full(len(places), 2.2)]), np.tile([0.0, 0.0, -1.0], (len(places), 1))
    met, ray, _ = RayMeshIntersector(soup(built.meshes)).intersects_location(over, down, multiple_hits=False)
    height[ray] = met[:, 2]
    taken = np.array([any(box.distance(np.append(p, 0.0)[None])[0] == 0.0 for box in built.boxes) for p in places])
    filled, near = np.abs(height) > 0.05, [np.linalg.norm(places - p, axis=1) < 0.5 for p in places]
    void = [not np.isfinite(height[some]).any() for some in near]
    clear = [not filled[some].any() for some in near]
    assert (height > 0.5).sum() > 5 and sum(void) > 5 and sum(clear) > 20
    assert taken[height > 0.05].all() and taken[void].all() and not taken[clear].any()
    assert len(built.boxes) < 60


def test_a_room_without_room_is_no_clip_and_one_without_floor_no_scene(folder, tmp_path):
    geometry = person(NEAR)
    stage = Stage.of(geometry.meshes, geometry.cameras, (WIDTH, HEIGHT))
    low = trimesh.creation.box(bounds=np.array([(-3, -3, 0.6), (3, 3, 0.8)], float))
    floor = trimesh.creation.box(bounds=np.array([(-3, -3, -0.2), (3, 3, 0.0)], float))
    rotation = trimesh.transformations.rotation_matrix(-np.pi / 2, (1, 0, 0))
    trimesh.util.concatenate([low, floor]).apply_transform(rotation).export(tmp_path / "low.glb")
    with pytest.raises(ClipRejected, match="low has no free place"):
        build_file(FileScene(name="low", seed=0), read_scene_file(tmp_path / "low.glb", 1, tmp_path / "log"), stage)
    steep = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0.5, 1, 0.0]], [[0, 1, 2]])
    steep.export(tmp_path / "steep.glb")
    with pytest.raises(ThfmError, match="'steep' cannot be used, it has no level floor"):
        build_file(FileScene(name="steep", seed=0), read_scene_file(tmp_path / "steep.glb", 1, tmp_path / "log"), stage)


@pytest.mark.parametrize("suffix", ["glb", "blend", "obj"])
def test_broken_files_are_named(suffix, tmp_path):
    path = tmp_path / f"broken.{suffix}"
    path.write_bytes(b"this is no scene at all\n")
    with pytest.raises(ThfmError, match=rf"broken\.{suffix} cannot be read"):
        read_scene_file(path, 1, tmp_path / "log")
    with pytest.raises(ThfmError, match="gone.glb is missing"):
        read_scene_file(tmp_path / "gone.glb", 1, tmp_path / "log")


def test_folders_of_scenes_are_found_and_empty_ones_told(folder, tmp_path):
    assert load_library(BodiesConfig(scene_folders=(folder / "room.glb",))).catalogue.scenes == ("room",)
    with pytest.raises(ThfmError, match="both called 'room'"):
        load_library(BodiesConfig(scene_folders=(folder,)))
    with pytest.raises(ThfmError, match=r"holds no scene.*\.blend, \.glb, \.gltf, \.obj"):
        load_library(BodiesConfig(scene_folders=(tmp_path,)))
    with pytest.raises(ThfmError, match="was not read"):
        placed(FileScene(name="room", seed=1), person(NEAR), library().scenes)
