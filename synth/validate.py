"""``validate``: does a data set hold what it says? Format first, then every clip against bodies and cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from synth.bodies.config import assets_folder
from synth.bodies.model import POSE_FIELDS, BodyModel, PosedBody, load_body
from synth.bodies.person import canonical_points
from synth.cameras import framed_vertices
from synth.conventions import ThfmError
from synth.lens import COEFFICIENTS, project
from synth.qa import BodyTrack, QaConfig, StorageError, check_clip
from synth.qa.check import FIELDS as CHECKED
from synth.rolling import Shutter, known
from synth.shards import verify
from synth.shards.clip import Clip
from synth.shards.manifest import read_manifest
from synth.shards.reader import Urls, read_clips, shard_urls
from synth.shards.schema import FIELDS

JOINT_METRES = 5e-4  # joints recomputed on another machine against the stored ones
STORED = StorageError(**{name: FIELDS[name].bound for name in ("depth", "normals", "matte", "surface")},
                      flow=FIELDS["flow_forward"].bound)  # fmt: skip

Progress = Callable[[int], None]


def validate(
    url: Urls,
    models: Sequence[Path] = (),
    config: QaConfig | None = None,
    progress: Progress = lambda clips: None,
) -> Iterator[str]:
    """Yield one line per fault of a data set; nothing if all is well.

    Format, checksums and members are verified first. Then each clip is decoded, one at a time, its bodies are computed
    anew by the smplx library from the ``smplx`` label alone, and compared with the joints, keypoints and every dense
    label through the stored cameras.

    Args:
        url: data set root, shard, brace pattern or a list of these.
        models: folders that hold ``smplx/SMPLX_<GENDER>.npz``, looked through before the open bodies of this project.
        config: limits of the checks; None takes those that the data set was made with, as its manifest tells.
        progress: called with the number of clips that were looked at.
    """
    broken: set[tuple[str, str]] = set()
    for fault in verify(url):
        broken.add((fault.shard, fault.key))
        yield _line(fault)
    folders = (*map(Path, models), assets_folder() / "bodies")
    limits = config or _limits(url)
    looked_at = 0
    try:
        shards = shard_urls(url)
    except ThfmError:
        return  # verify has told why
    for shard in shards:
        try:
            for clip in read_clips(shard):
                if (shard, clip.key) not in broken:
                    yield from (_line(f"{shard}: {clip.key}: {fault}") for fault in clip_faults(clip, folders, limits))
                looked_at += 1
                progress(looked_at)
        except ThfmError as error:
            if not any(of == shard for of, _ in broken):
                yield _line(error)


def _line(what: object) -> str:
    return " ".join(str(what).split())


def _limits(url: Urls) -> QaConfig:
    """The limits that the manifest of a data set root repeats; the default ones where there is none."""
    if not isinstance(url, str | PathLike) or str(url).endswith(".tar"):
        return QaConfig()
    try:
        return QaConfig.model_validate(read_manifest(url)["config"]["qa"])
    except (ThfmError, ValidationError, KeyError, TypeError):
        return QaConfig()


class _Fields(Mapping):
    """A clip as the mapping of fields that checks read; each is decoded when it is asked for."""

    def __init__(self, clip: Clip):
        self.clip, self.names = clip, ["fps", *clip.fields()]

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return getattr(self.clip, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def clip_faults(clip: Clip, folders: Sequence[Path], limits: QaConfig) -> Iterator[str]:
    """What is wrong with one decoded clip, a sentence each."""
    coloured = clip.meta.get("render", {}).get("colour", True)
    wanted = (*CHECKED, "rgb") if coloured else CHECKED
    missing = [name for name in wanted if name != "fps" and name not in clip.fields()]
    if missing:
        yield f"cannot be checked without {', '.join(missing)}: generate the clip with all fields."
        return
    if clip.meta.get("qa", {}).get("passed") is not True:
        yield "its meta does not say that it passed the checks: generate the clip again."
    tracks = []
    for number, label in enumerate(clip.smplx, 1):
        try:
            model = find_model(label, folders)
            posed = _pose(model, label)
        except ThfmError as error:
            yield f"person {number}: {error}"
            continue
        yield from _joint_faults(clip, number, posed)
        neutral = load_body(model.path.parent.parent, "neutral")
        canonical = canonical_points(neutral, model)
        framed = framed_vertices(canonical, model.faces, _band(clip)) & _asked_for(clip, number)
        tracks.append(BodyTrack(posed.vertices, model.faces, canonical, framed))
    if len(tracks) == len(clip.smplx):
        yield from check_clip(_Fields(clip), tracks, limits, STORED).reasons


def _band(clip: Clip) -> tuple[float, float]:
    """The part of the body that a clip's framing asks to see; all of it where no spec tells."""
    low, high = clip.meta.get("spec", {}).get("camera", {}).get("band", (0.0, 1.0))
    return float(low), float(high)


def _asked_for(clip: Clip, number: int) -> bool:
    """Whether the framing asks for person ``number``, from 1; for everybody where no spec tells."""
    people = clip.meta.get("spec", {}).get("people", [])
    return bool(people[number - 1].get("framed", True)) if number <= len(people) else True


def find_model(label: Mapping[str, Any], folders: Sequence[Path]) -> BodyModel:
    """The very body model that a ``smplx`` label names, out of the first folder that holds it.

    Raises:
        ThfmError: the label names none, or no folder has a file of this name and content.
    """
    gender, wanted = str(label.get("gender")), str(label.get("body_model"))
    if gender not in ("neutral", "female", "male"):
        raise ThfmError(f"the smplx label has gender {gender!r}, not neutral, female or male: generate the clip again.")
    found = []
    for folder in folders:
        try:
            model = load_body(folder, gender)
        except ThfmError:
            continue
        if model.id == wanted:
            return model
        found.append(f"{model.id} in {folder}")
    raise ThfmError(
        f"body model {wanted} is not here ({'; '.join(found) or 'no model of this gender'}): "
        "name the folder that holds smplx/ with it."
    )


def _pose(model: BodyModel, label: Mapping[str, Any]) -> PosedBody:
    try:
        wanted = (*POSE_FIELDS, "transl", "betas", "expression")
        return model.pose({name: np.asarray(label[name], np.float32) for name in wanted})
    except KeyError as error:
        raise ThfmError(f"the smplx label lacks {error}: generate the clip again.") from None
    except (RuntimeError, ValueError, IndexError) as error:
        raise ThfmError(f"smplx cannot pose the body ({error}): generate the clip again.") from error


def _joint_faults(clip: Clip, number: int, posed: PosedBody) -> Iterator[str]:
    """The stored joints must be those of the recomputed body, seen by the stored cameras."""
    stored = clip.joints3d[number - 1]
    if posed.joints.shape != stored.shape:
        yield f"person {number}: smplx gives joints of shape {posed.joints.shape}, joints3d has {stored.shape}."
        return
    frames = len(stored)
    distortion = clip.distortion if "distortion" in clip.fields() else np.zeros((frames, COEFFICIENTS))
    readout = clip.readout if "readout" in clip.fields() else np.zeros((frames, 2))
    miss = np.zeros(stored.shape[:2])
    for t in [t for t in range(frames) if known(readout, t)]:
        expected = Shutter.of_frame(clip.world_to_camera, readout, t, clip.height).exposed_points(
            lambda step, t=t: posed.joints[t + step].astype(np.float64),
            partial(project, intrinsics=clip.intrinsics[t], distortion=distortion[t]),
        )
        # float32 parameters far from the camera round by more
        miss[t] = np.linalg.norm(expected - stored[t], axis=-1) - 1e-6 * np.abs(expected).max(-1)
    worst = np.unravel_index(np.argmax(np.nan_to_num(miss, nan=np.inf)), miss.shape)
    if not miss[worst] <= JOINT_METRES:
        yield (
            f"person {number}: joints3d lies {miss[worst]:.4g} m from the joints that smplx and world_to_camera give "
            f"in frame {worst[0]} (at most {JOINT_METRES:g} m)."
        )
