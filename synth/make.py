"""One clip from nothing: spec -> geometry -> labels -> their checks -> colour -> its checks."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from synth.blender.alembic import read_cloth
from synth.blender.imports import read_scene_file
from synth.blender.render import render_colour, render_labels, save_blend
from synth.bodies.catalogue import Library, load_library, read_catalogue
from synth.bodies.clip import build_clip
from synth.bodies.config import BodiesConfig
from synth.bodies.simulated import cloth_frames
from synth.cameras import framed_vertices
from synth.caption import caption
from synth.conventions import SCHEMA_VERSION, ClipRejected, ThfmError
from synth.geometry import ClipGeometry
from synth.labels import compute_labels
from synth.qa import BodyTrack, Measure, Verdict, evidence_of, measure_labels, verdict_of, with_colour
from synth.scenes.build import named
from synth.spec.model import ClipSpec
from synth.spec.sample import sample_clip

if TYPE_CHECKING:
    from synth.config import GenerateConfig

Progress = Callable[[str, int], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class MadeClip:
    """A finished clip: ``fields`` as ``synth.shards.encode_clip`` takes them, ``seconds`` per stage."""

    key: str
    fields: dict
    seconds: dict[str, float]


@dataclass(frozen=True)
class Draw:
    """The geometry of a draw of a clip, the seconds that it took, and the draws before it, as of ``make_clip``."""

    geometry: ClipGeometry
    seconds: float
    rejected: list[dict]


@functools.lru_cache(maxsize=2)
def library_of(bodies: BodiesConfig) -> Library:
    """The assets of a config, read once per process."""
    return load_library(bodies)


def clip_spec(config: GenerateConfig, index: int, attempt: int = 0) -> ClipSpec:
    """The spec of clip ``index``."""
    return sample_clip(config.spec, library_of(config.bodies).catalogue, config.seed, index, attempt)


@functools.lru_cache(maxsize=2)
def _wardrobe_of(bodies: BodiesConfig) -> tuple[dict[str, dict], dict[str, str]]:
    """Entries of the wardrobe by name, and the ages of its skins."""
    wardrobe = read_catalogue(bodies.assets / "wardrobe" / "catalogue.json")
    return {i["name"]: i for i in wardrobe["items"]}, {s["name"]: s["age"] for s in wardrobe["skins"] if "age" in s}


def caption_of(spec: ClipSpec, config: GenerateConfig, props: Sequence[Mapping] = ()) -> str:
    """One sentence on a clip; ``props`` are those of its geometry, which found a place."""
    items, ages = _wardrobe_of(config.bodies)
    library = library_of(config.bodies)
    placed = [{**prop, "kind": library.props[prop["name"]].entry["kind"]} for prop in props]
    return caption(spec, items, ages, library.tags, placed)


def body_tracks(geometry: ClipGeometry, spec: ClipSpec) -> list[BodyTrack]:
    """The bare bodies of a clip, frame by frame, as QA wants them."""
    bodies = [m for m in geometry.meshes if m.name == "body"]
    return [
        BodyTrack(
            m.positions[1:-1], m.faces, m.canonical,
            framed_vertices(m.canonical, m.faces, spec.camera.band) & person.framed,
        )
        for m, person in zip(bodies, spec.people, strict=True)
    ]  # fmt: skip


def clip_geometry(spec: ClipSpec, config: GenerateConfig, log: Path) -> ClipGeometry:
    """All geometry of a clip; Blender reads the scene file, where the spec names one.

    Raises:
        ClipRejected: the clip cannot be filmed or has no room. ThfmError: an asset is missing or broken.
    """
    library, scene_file = library_of(config.bodies), None
    if spec.scene.kind == "file":
        path = named(library.scenes.files, spec.scene.name, "scene")
        scene_file = read_scene_file(path, config.render.threads, log)
    cloths = {}
    for k, person in enumerate(spec.people, 1):
        if person.simulated is not None:
            files = named(library.simulated, person.simulated.name, "simulated garment")
            at, rate = cloth_frames(person, files, spec.frames + 2, spec.fps)
            cloths[k] = read_cloth(files.cloth, at, rate, config.render.threads, log)
    return build_clip(spec, config.bodies, library, scene_file, cloths=cloths)


@contextlib.contextmanager
def _timed(seconds: Counter[str], stage: str) -> Iterator[None]:
    """Add the time that the block takes to a stage."""
    start = time.perf_counter()
    yield
    seconds[stage] += time.perf_counter() - start


def _labelled(
    geometry: ClipGeometry, spec: ClipSpec, config: GenerateConfig, log: Path, progress: Progress, seconds: Counter[str]
) -> dict:
    """All fields of a clip but colour, the matte and meta; what they cost is added to ``seconds``."""
    passes = render_labels(geometry, spec, config.render, log, progress)
    seconds.update(passes.seconds)
    with _timed(seconds, "labels"):
        labels = compute_labels(geometry, passes)
    return {"fps": spec.fps, "key": spec.key, **labels, "smplx": list(geometry.smplx)}


def _judged(measures: Sequence[Measure], fields: Mapping, bodies: Sequence[BodyTrack], keep_rejected: bool) -> Verdict:
    """The verdict on a clip as far as it is made.

    Raises:
        ClipRejected: it is not fit, and nobody wants it all the same.
    """
    verdict = verdict_of(measures, fields, bodies)
    if not (verdict.passed or keep_rejected):
        raise ClipRejected(verdict.reasons, evidence=evidence_of(verdict, fields))
    return verdict


def _meta(spec: ClipSpec, config: GenerateConfig, geometry: ClipGeometry, verdict: Verdict) -> dict:
    return {
        "schema": SCHEMA_VERSION,
        "spec": spec.model_dump(mode="json"),
        "seeds": {"seed": spec.seed, "index": spec.index, "attempt": spec.attempt},
        "versions": {name: importlib.metadata.version(name) for name in ("thfm", "bpy", "smplx", "numpy")},
        "caption": caption_of(spec, config, geometry.props),
        "qa": {"passed": True, "measures": verdict.measures} if verdict.passed else verdict.as_dict(),
        "props": list(geometry.props),
        "scene": geometry.scene,
        "render": config.render.model_dump(mode="json", exclude={"threads", "device"}),
    }


def make_attempt(
    spec: ClipSpec, config: GenerateConfig, log: Path, progress: Progress, given: Mapping | None = None,
    keep_rejected: bool = False, draw: Draw | None = None,
) -> MadeClip:  # fmt: skip
    """Render and label one spec: labels first, and no colour for a clip whose labels fail their checks.

    Args:
        given: fields that are there, such as ``rgb``, and take the place of those made here; the checks see them.
        draw: its geometry, if that is there.
        keep_rejected: a clip that fails its checks is made whole and returned too, with its verdict in ``meta``.

    Raises:
        ClipRejected: a check failed, or there is nothing to render; the reasons say which.
        ThfmError: an asset is missing, or Blender failed.
    """
    seconds: Counter[str] = Counter()
    with _timed(seconds, "geometry"):
        hdri = library_of(config.bodies).hdri(spec.light.hdri)
        geometry = clip_geometry(spec, config, log) if draw is None else draw.geometry
    seconds["geometry"] += 0.0 if draw is None else draw.seconds
    fields = _labelled(geometry, spec, config, log, progress, seconds) | dict(given or {})
    with _timed(seconds, "qa"):
        bodies = body_tracks(geometry, spec)
        measures = measure_labels(fields, bodies, config.qa)
        _judged(measures, fields, bodies, keep_rejected)
    wanted = {"rgb", "matte"} if config.render.colour else {"matte"}
    if not wanted <= fields.keys():
        passes = render_colour(geometry, spec, config.render, hdri, log, progress)
        seconds.update(passes.seconds)
        fields = {name: getattr(passes, name) for name in wanted} | fields
    with _timed(seconds, "qa"):
        verdict = _judged(with_colour(measures, fields, config.qa), fields, bodies, keep_rejected)
        fields["meta"] = _meta(spec, config, geometry, verdict)
    return MadeClip(spec.key, fields, dict(seconds))


def _first_fit(
    config: GenerateConfig, index: int, log_dir: Path, make: Callable[[ClipSpec, Path], _T], rejected: list[dict]
) -> _T:
    """What comes of the first draw of a clip that is not rejected, after those that are known to be; others join them.

    Raises:
        ClipRejected: every attempt was rejected; its ``attempts`` are ``rejected``.
    """
    for attempt in range(len(rejected), config.qa.attempts):
        spec = clip_spec(config, index, attempt)
        try:
            return make(spec, Path(log_dir) / f"{spec.key}.log")
        except ClipRejected as error:
            record = {
                "key": spec.key,
                "attempt": attempt,
                "reasons": error.reasons,
                "spec": spec.model_dump(mode="json"),
                **error.evidence,
            }
            rejected.append(record)
    raise ClipRejected([f"attempt {r['attempt']}: {x}" for r in rejected for x in r["reasons"]], rejected)


def draw_clip(config: GenerateConfig, index: int, log_dir: Path) -> Draw:
    """The first draw of clip ``index`` that can be filmed, for ``make_clip`` to go on with, here or elsewhere.

    Raises:
        ClipRejected, ThfmError: as ``make_clip``.
    """
    rejected: list[dict] = []

    def build(spec: ClipSpec, log: Path) -> Draw:
        start = time.perf_counter()
        geometry = clip_geometry(spec, config, log)
        return Draw(geometry, time.perf_counter() - start, rejected)

    return _first_fit(config, index, log_dir, build, rejected)


def make_clip(
    config: GenerateConfig,
    index: int,
    log_dir: Path,
    progress: Progress = lambda stage, frame: None,
    draw: Draw | None = None,
) -> tuple[MadeClip, list[dict]]:
    """Make clip ``index``; a spec that QA rejects is replaced by another draw, up to ``config.qa.attempts`` times.

    Args:
        draw: what ``draw_clip`` made of it, if that is there.

    Returns:
        the clip and the rejected attempts before it, each a dict of ``key``, ``attempt``, ``reasons``, ``spec``, and
        of ``synth.qa.evidence`` where it was rendered.

    Raises:
        ClipRejected: every attempt was rejected; its ``attempts`` holds the same list of dicts.
        ThfmError: an asset is missing, or Blender failed.
    """
    rejected, drawn = ([], None) if draw is None else (list(draw.rejected), len(draw.rejected))

    def make(spec: ClipSpec, log: Path) -> MadeClip:
        return make_attempt(spec, config, log, progress, draw=draw if spec.attempt == drawn else None)

    return _first_fit(config, index, log_dir, make, rejected), rejected


def inspect_clip(config: GenerateConfig, index: int, path: Path, attempt: int = 0) -> ClipSpec:
    """Write the very scene of a draw of clip ``index`` as a .blend file (with a folder of point caches beside it)."""
    if path.suffix != ".blend":
        raise ThfmError(f"{path} must end in .blend: Blender opens nothing else.")
    spec = clip_spec(config, index, attempt)
    library = library_of(config.bodies)
    path.parent.mkdir(parents=True, exist_ok=True)
    geometry = clip_geometry(spec, config, path.with_suffix(".log"))
    save_blend(geometry, spec, config.render, library.hdri(spec.light.hdri), path, path.with_suffix(".log"))
    return spec


__all__ = ["Draw", "MadeClip", "caption_of", "clip_spec", "draw_clip", "inspect_clip", "make_attempt", "make_clip"]
