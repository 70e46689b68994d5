"""The body that smplx computes against the depth map, dense pose, the frame and the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import cKDTree

from synth.conventions import MIRROR_PARTS, PART_NAMES, Semantic
from synth.labels.keypoints import to_camera
from synth.labels.scene import vertex_normals
from synth.qa.clip import BodyTrack, Optics, StorageError, Taps, share
from synth.qa.config import QaConfig
from synth.qa.verdict import Measure
from synth.rolling import at_times

_PIXELS = 2000  # looked at per person and frame
_VERTICES = 4000
_FEW = 50  # pixels or vertices of a person of whom next to nothing is seen: one at an edge would be a fault
_STILL = 0.02  # metres over the floor below which a point counts as standing on it
_JUMP_SECONDS = 0.8  # nobody stays off the floor for longer
_FIT_METRES = 5e-4  # how well a body of some 10,000 vertices can be registered
_BARE = (Semantic.SKIN,)
_INNER = (Semantic.SKIN, Semantic.EYES, Semantic.MOUTH)


def _thinned(index: np.ndarray, most: int) -> np.ndarray:
    return index[:: max(1, -(-len(index) // most))]


def _share_of_many(wrong: np.ndarray) -> float:
    """The share of True in ``wrong`` (N,); NaN where there are too few."""
    return share(wrong) if len(wrong) >= _FEW else float("nan")


def _vertex_area(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V,) a third of the area of each vertex's faces."""
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(area, 3), len(vertices))


def _worst(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(T,) the largest of (P, T) in each frame, NaN where there is none, and the number of the person, from 1."""
    if not len(values):
        return np.full(values.shape[1], np.nan), None
    return np.fmax.reduce(values, axis=0), np.nan_to_num(values, nan=-np.inf).argmax(0) + 1


class Posed:
    """A body in one frame, seen by its camera: vertices that faces use, their normals, pixels and areas."""

    def __init__(self, body: BodyTrack, t: int, optics: Optics):
        world = body.vertices[t].astype(np.float64)
        self.used = np.unique(body.faces)

        def moving(step: int) -> np.ndarray:
            return body.vertices[t + step].astype(np.float64)[self.used]

        self.optics = optics
        self.camera = optics.shutter.exposed_points(moving, optics.project)
        self.pixels = optics.project(self.camera)
        times = optics.shutter.times(self.pixels[:, 1])
        self.world, self.outward = at_times(moving, times), vertex_normals(world, body.faces)[self.used]
        self.normals = optics.shutter.turned(self.outward, times)
        self.area = _vertex_area(world, body.faces)[self.used]
        towards = -self.camera / np.maximum(np.linalg.norm(self.camera, axis=1, keepdims=True), 1e-9)
        self.facing = (np.einsum("nc,nc->n", self.normals, towards) > 0.3) & (self.camera[:, 2] > 0)

    def heights(self, rows: np.ndarray, columns: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of what pixels show: height over the nearest vertex's tangent plane, distance, index of the vertex.

        They are compared in the world: the axes of a rolling shutter's camera change from row to row.
        """
        seen = self.optics.backproject(rows, columns, z)
        points = self.optics.shutter.to_world(seen, self.optics.shutter.times(rows + 0.5))
        distance, index = cKDTree(self.world).query(points)
        height = np.einsum("nc,nc->n", points - self.world[index], self.outward[index])
        return height, distance, index


def visible_vertices(posed: Posed, fields: Mapping, t: int, person: int) -> tuple[np.ndarray, Taps]:
    """Vertices (index into ``posed.used``) whose bare skin the frame shows, and the pixel taps around them."""
    index = _thinned(np.flatnonzero(posed.facing), _VERTICES)
    taps = Taps.at(posed.pixels[index], *fields["depth"].shape[1:])
    bare = (taps.read(fields["instances"][t]) == person) & np.isin(taps.read(fields["semantics"][t]), _BARE)
    depth = taps.blend(taps.read(fields["depth"][t]))
    with np.errstate(invalid="ignore"):
        seen = taps.inside & bare.all(1) & (np.abs(depth - posed.camera[index, 2]) < 0.01)
    keep = np.flatnonzero(seen)
    return index[keep], Taps(taps.inside[keep], taps.rows[keep], taps.columns[keep], taps.weights[keep])


def _missing_in_front(posed: Posed, depth: np.ndarray, metres: float) -> float:
    """Share of the body's camera-facing area in the frame that floats in front of the depth map."""
    index = np.flatnonzero(posed.facing)
    taps = Taps.at(posed.pixels[index], *depth.shape)
    near = np.nan_to_num(taps.read(depth), nan=1e6)
    low, high = near.min(1), near.max(1)
    smooth = taps.inside & (high - low <= 0.05 * low)  # no silhouette between the four pixels; sky alone is smooth
    front = low - posed.camera[index, 2] > metres
    return share(front[smooth], posed.area[index][smooth])


def _shift(posed: Posed, height: np.ndarray, index: np.ndarray, focal: float) -> float:
    """By how many pixels visible skin as a whole lies beside the body: the shift that explains its heights best.

    A point moved by d rises n.d over a surface with normal n; the constant takes up the curvature between vertices.
    """
    near = np.abs(height) < 0.03
    normals = posed.normals[index[near]]
    design = np.concatenate([normals, np.ones((len(normals), 1))], 1)
    if len(design) < 200 or np.linalg.cond(design) > 50:
        return float("nan")
    shift = np.linalg.lstsq(design, height[near], rcond=None)[0]
    beside = max(np.linalg.norm(shift[:2]) - _FIT_METRES, 0.0)
    return float(beside * focal / np.median(posed.camera[index[near], 2]))


def check_bodies(
    fields: Mapping, bodies: Sequence[BodyTrack], config: QaConfig, storage: StorageError
) -> list[Measure]:
    """Visible skin lies on the body, clothes on its outside, dense pose and flow are the body's own."""
    depth, instances, semantics = fields["depth"], fields["instances"], fields["semantics"]
    frames = len(depth)
    names = ("skin", "shift", "cloth", "front", "surface", "flow")
    found = {name: np.full((len(bodies), frames), np.nan) for name in names}
    for p, body in enumerate(bodies):
        following = None
        for t in range(frames):
            if not Optics.of(fields, t).known:
                continue
            now = following or Posed(body, t, Optics.of(fields, t))
            mine = (instances[t] == p + 1) & np.isfinite(depth[t])
            bare, cloth = mine & np.isin(semantics[t], _BARE), mine & ~np.isin(semantics[t], _INNER)
            for kind, mask in (("skin", bare), ("cloth", cloth)):
                rows, columns = (x[:: max(1, -(-mask.sum() // _PIXELS))] for x in np.nonzero(mask))
                z = depth[t, rows, columns]
                height, distance, index = now.heights(rows, columns, z)
                slack = storage.depth * z
                if kind == "cloth":
                    low, high = config.cloth_metres
                    found["cloth"][p, t] = _share_of_many((height < low - slack) | (distance > high + slack))
                    continue
                found["skin"][p, t] = _share_of_many((np.abs(height) > config.skin_metres + slack) | (distance > 0.1))
                found["shift"][p, t] = _shift(now, height, index, fields["intrinsics"][t][0, 0])
                if body.canonical is not None:
                    apart = fields["surface"][t, rows, columns] - body.canonical[now.used][index]
                    off = ~(np.linalg.norm(apart, axis=1) <= config.surface_distance + storage.surface)
                    found["surface"][p, t] = _share_of_many(off)
            found["front"][p, t] = _missing_in_front(now, depth[t], config.front_metres)
            following = None
            if t + 1 < frames and Optics.of(fields, t + 1).known:
                following = Posed(body, t + 1, Optics.of(fields, t + 1))
                index, taps = visible_vertices(now, fields, t, p + 1)
                flow = taps.blend(taps.read(fields["flow_forward"][t]))
                error = np.linalg.norm(flow - (following.pixels - now.pixels)[index], axis=1)
                found["flow"][p, t] = _share_of_many(~(error <= config.body_flow_pixels + 2 * storage.flow))

    def measure(name: str, says: str, kind: str, limit: float, unit: str = "%", **more) -> Measure:
        values, people = _worst(found[kind])
        return Measure(name, says, values, limit, unit=unit, where="seen", people=people, **more)

    return [
        measure("skin_on_body", "visible skin away from the recomputed body, share of its pixels",
                "skin", config.skin_share),
        measure("skin_shift", "visible skin as a whole lies beside the recomputed body by",
                "shift", config.shift_pixels, "px"),
        measure("cloth_on_body", "clothes and hair inside the body or far from it, share of their pixels",
                "cloth", config.cloth_share),
        measure("body_in_front", "body area in front of the depth map is",
                "front", config.front_share, needed=bool(bodies)),
        measure("dense_pose", "skin whose dense pose is not that of the body there, share of its pixels",
                "surface", config.surface_share),
        measure("body_flow", "skin whose flow is not that of the body there, share of its vertices",
                "flow", config.body_flow_share),
    ]  # fmt: skip


def check_sides(fields: Mapping, config: QaConfig) -> list[Measure]:
    """Parts of the left lie on the left of the dense pose, parts of the right on its right."""
    side = np.array([(n.startswith("left_")) - int(n.startswith("right_")) for n in PART_NAMES])
    assert all(side[m] == -side[p] for p, m in enumerate(MIRROR_PARTS))
    values = np.full(len(fields["parts"]), np.nan)
    for t, parts in enumerate(fields["parts"]):
        here = np.nonzero(side[parts])
        across = (fields["surface"][t][here][:, 0] - 0.5) * side[parts[here]]
        values[t] = share(~(across > -0.02))
    return [
        Measure("part_side", "pixels whose part and dense pose disagree on left and right are",
                values, config.side_share, unit="%", where="seen")
    ]  # fmt: skip


def check_framing(fields: Mapping, bodies: Sequence[BodyTrack], config: QaConfig) -> list[Measure]:
    """People are in sight as the framing asks: those vertices inside the frame, and enough pixels theirs."""
    frames, height, width = fields["instances"].shape
    wanted = [(p, body) for p, body in enumerate(bodies) if body.framed is None or body.framed.any()]
    inside, covered = np.full((2, len(wanted), frames), np.nan)
    for row, (p, body) in enumerate(wanted):
        asked = np.unique(body.faces)
        asked = asked if body.framed is None else asked[body.framed[asked]]
        used = _thinned(asked, _VERTICES)
        for t in range(frames):
            camera = to_camera(body.vertices[t, used], fields["world_to_camera"][t])
            pixels = Optics.of(fields, t).project(camera)
            inside[row, t] = ((pixels >= 0) & (pixels < (width, height))).all(1).mean()
            covered[row, t] = (fields["instances"][t] == p + 1).mean()

    def least(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Of the person who is seen least, over the clip: who decides."""
        if not wanted:
            return np.full(frames, np.nan), None
        row = int(np.argmin(values.mean(1)))
        return values[row], np.full(frames, wanted[row][0] + 1)

    measures = []
    for name, says, values, limit in (
        ("in_frame", "of the vertices that the framing asks for, a person has in the frame", inside, config.in_frame),
        ("person_pixels", "a person covers", covered, config.person_share / max(len(wanted), 1) ** 0.5),
    ):
        values, people = least(values)
        measures.append(
            Measure(name, says, values, limit, at_least=True, mean=True, unit="%", where="body", people=people)
        )
    return measures


def check_floor(fields: Mapping, bodies: Sequence[BodyTrack], config: QaConfig) -> list[Measure]:
    """Nobody sinks into the floor, hovers all the time, or slides on it."""
    frames, fps = len(fields["depth"]), float(fields["fps"])
    below, above, slide = np.full((3, len(bodies), frames), np.nan)
    for p, body in enumerate(bodies):
        used = np.unique(body.faces)
        points = body.vertices[:, used]
        lowest = points[..., 2].min(1)
        below[p] = -lowest
        if frames / fps > _JUMP_SECONDS:
            above[p, np.argmin(lowest)] = lowest.min()
        still = points[..., 2] < lowest.min() + _STILL
        for t in range(frames - 1):
            both = still[t] & still[t + 1]
            if both.any():
                slide[p, t] = np.linalg.norm((points[t + 1] - points[t])[both, :2], axis=1).min() * fps
    sunk, hovering = _worst(below), _worst(above)
    # A few frames of contact say nothing about sliding: a landing foot may still move.
    sliding = [p for p, one in enumerate(slide) if np.isfinite(one).sum() >= 3]
    slowest = max(sliding, key=lambda p: np.nanmean(slide[p])) if sliding else None
    slid = (np.full(frames, np.nan), None) if slowest is None else (slide[slowest], np.full(frames, slowest + 1))
    return [
        Measure("below_floor", "the body sinks into the floor by", sunk[0], config.below_floor, unit="m",
                where="feet", people=sunk[1]),
        Measure("above_floor", "at its lowest moment the body hovers by", hovering[0], config.above_floor, unit="m",
                where="feet", people=hovering[1]),
        Measure("foot_slide", "what stands on the floor slides at", slid[0], config.slide_speed, mean=True, unit="m/s",
                where="feet", people=slid[1]),
    ]  # fmt: skip
