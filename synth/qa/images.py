"""Checks of the pictures themselves: finite, consistent with each other, well exposed, aligned and moving."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synth.conventions import Part, Semantic, Visibility
from synth.qa.clip import Optics, StorageError, pixel_grid, share, stride
from synth.qa.config import QaConfig
from synth.qa.verdict import Measure

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_PERSON_CLASSES = tuple(s for s in Semantic if Semantic.SKIN <= s <= Semantic.ACCESSORY)
_PIXELS = 20000  # looked at per frame where a sample will do


def check_finite(fields: Mapping) -> list[Measure]:
    """What must be a number is one: labels where something was hit, flow between frames, cameras, bodies."""
    depth = fields["depth"]
    frames = len(depth)
    bad = np.zeros(frames)
    for t in range(frames):
        hit = np.isfinite(depth[t])
        person = fields["instances"][t] > 0
        bad[t] += np.isinf(depth[t]).sum() + (depth[t][hit] <= 0).sum()
        bad[t] += (np.isfinite(fields["normals"][t]).all(-1) != hit).sum()
        bad[t] += (np.isfinite(fields["surface"][t]).all(-1) != person).sum()
        for name, step in (("flow_forward", 1), ("flow_backward", -1)):
            flow = np.isfinite(fields[name][t]).all(-1)
            # Only what lies behind the other frame's camera has no flow, and no person ever does.
            bad[t] += (person & ~flow).sum() if 0 <= t + step < frames else flow.sum()
        bad[t] += (~np.isfinite(fields["intrinsics"][t])).sum() + (~np.isfinite(fields["world_to_camera"][t])).sum()
        bad[t] += (~np.isfinite(fields["joints3d"][:, t])).sum()
        ahead = fields["joints3d"][:, t, :, 2] > 1e-6
        bad[t] += (~np.isfinite(fields["keypoints2d"][:, t])).any(-1)[ahead].sum()
        for person_label in fields["smplx"]:
            for value in person_label.values():
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    bad[t] += (~np.isfinite(value[t] if len(value) == frames and value.ndim == 2 else value)).sum()
    return [Measure("not_finite", "values that are no number where one belongs, or the other way round:", bad, 0.0)]


def check_consistent(fields: Mapping) -> list[Measure]:
    """Instances, parts, semantics, dense pose and depth tell of the same people and the same background."""
    frames = len(fields["depth"])
    people = len(fields["smplx"])
    wrong = np.zeros(frames)
    for t in range(frames):
        instances, parts, semantics = (fields[n][t] for n in ("instances", "parts", "semantics"))
        person = instances > 0
        wrong[t] = (
            (person != (parts > 0))
            | (person != np.isin(semantics, _PERSON_CLASSES))
            | (instances > people)
            | (parts > max(Part))
            | (semantics > max(Semantic))
            | ((semantics == Semantic.BACKGROUND) != ~np.isfinite(fields["depth"][t]))
        ).mean()
    cube = np.zeros(frames)
    for t, surface in enumerate(fields["surface"]):
        with np.errstate(invalid="ignore"):
            cube[t] = ((surface < 0) | (surface > 1)).any(-1).mean()
    return [
        Measure("labels_disagree", "pixels where instances, parts, semantics and depth contradict each other are",
                wrong, 0.0, unit="%"),
        Measure("surface_in_cube", "pixels with dense pose outside the unit cube are", cube, 0.0, unit="%"),
    ]  # fmt: skip


def check_keypoints(fields: Mapping, config: QaConfig) -> list[Measure]:
    """keypoints2d is the projection of joints3d, and in_frame says whether it lies in the frame."""
    joints, keypoints = fields["joints3d"].astype(np.float64), fields["keypoints2d"].astype(np.float64)
    frames, height, width = fields["depth"].shape
    error, flags = np.full((2, frames), np.nan)
    for t in range(frames):
        expected = Optics.of(fields, t).project(joints[:, t])
        # float32 pixels of points far outside the frame round by more than the limit
        miss = np.linalg.norm(expected - keypoints[:, t], axis=-1) - 1e-5 * np.linalg.norm(expected, axis=-1)
        ahead = joints[:, t, :, 2] > 0.05
        error[t] = np.nan_to_num(np.maximum(miss, 0), nan=np.inf)[ahead].max(initial=0)
        with np.errstate(invalid="ignore"):
            margin = np.minimum(expected, (width, height) - expected).min(-1)
            inside = margin > 0
        clear = ahead & (np.abs(margin) > 0.01)
        flag = (fields["visibility"][:, t] & Visibility.IN_FRAME) > 0
        flags[t] = (flag != inside)[clear].sum()
    return [
        Measure("keypoints", "keypoints miss the projection of their joints by",
                error, config.keypoint_pixels, unit="px", where="seen"),
        Measure("in_frame_flags", "keypoints whose in_frame flag is wrong:", flags, 0.0, where="seen"),
    ]  # fmt: skip


def check_normals(fields: Mapping, config: QaConfig, storage: StorageError) -> list[Measure]:
    """Normals have unit length, face the viewer, and agree with the depth map where that is smooth."""
    frames, height, width = fields["depth"].shape
    length, away, bend = np.full((3, frames), np.nan)
    step = stride(height * width, _PIXELS)
    rows, columns = pixel_grid(height, width, step)
    inner = (rows > 0) & (rows < height - 1) & (columns > 0) & (columns < width - 1)
    rows, columns = rows[inner], columns[inner]
    limit = config.normal_degrees + storage.normals
    for t in range(frames):
        here = np.isfinite(fields["depth"][t, rows, columns])
        r, c = rows[here], columns[here]
        normal = fields["normals"][t, r, c].astype(np.float64)
        length[t] = np.abs(np.linalg.norm(normal, axis=1) - 1).max(initial=0)

        def point(dr: int, dc: int, r=r, c=c, t=t) -> np.ndarray:
            at = Optics.of(fields, t).backproject(r + dr, c + dc, fields["depth"][t, r + dr, c + dc])
            return at * (1.0, -1.0, -1.0)  # to the axes of normals

        centre = point(0, 0)
        away[t] = share(np.einsum("nc,nc->n", normal, -centre) < -0.3 * np.linalg.norm(centre, axis=1))
        left, right, up, down = point(0, -1), point(0, 1), point(-1, 0), point(1, 0)
        geometric = np.cross(right - left, up - down)
        geometric /= np.maximum(np.linalg.norm(geometric, axis=1, keepdims=True), 1e-30)
        smooth = np.ones(len(r), bool)
        for a, b in ((left, right), (up, down)):
            with np.errstate(invalid="ignore", divide="ignore"):
                curved = np.abs(1 / a[:, 2] + 1 / b[:, 2] - 2 / centre[:, 2]) * np.abs(centre[:, 2])
                # The edge of a step is curved as strongly as it is high.
                smooth &= curved < 0.05 * np.abs(1 / a[:, 2] - 1 / b[:, 2]) * np.abs(centre[:, 2]) + 5e-4
        for dr, dc in ((0, -1), (0, 1), (-1, 0), (1, 0)):
            smooth &= fields["semantics"][t, r + dr, c + dc] == fields["semantics"][t, r, c]
            smooth &= np.einsum("nc,nc->n", fields["normals"][t, r + dr, c + dc], normal) > 0.9
        cosine = np.einsum("nc,nc->n", geometric, normal)[smooth]
        bend[t] = share(~(cosine >= np.cos(np.radians(limit))))
    unit = 0.002 + np.radians(storage.normals)
    return [
        Measure("normal_length", "the length of normals is off by", length, unit),
        Measure("normal_away", "normals that turn away from the camera are", away, config.away_share, unit="%"),
        Measure("normal_depth", "smooth pixels whose normal is not that of the depth map are",
                bend, config.normal_share, unit="%"),
    ]  # fmt: skip


def matte_not_finite(fields: Mapping) -> np.ndarray:
    """(T,) what ``not_finite`` counts of the matte: pixels that hold no share."""
    return np.array([(~((matte >= 0) & (matte <= 1))).sum() for matte in fields["matte"]], float)


def check_matte(fields: Mapping, config: QaConfig) -> list[Measure]:
    """The matte, which comes with colour, is aligned with the geometry."""
    overlap = np.full(len(fields["matte"]), np.nan)
    for t, matte in enumerate(fields["matte"]):
        covered, person = matte > 0.5, fields["instances"][t] > 0
        either = (covered | person).sum()
        if either:
            overlap[t] = (covered & person).sum() / either
    return [
        Measure("matte_overlap", "the colour's matte and the instances overlap by", overlap, config.matte_overlap,
                at_least=True, mean=True, unit="%", where="seen"),
    ]  # fmt: skip


def check_colour(fields: Mapping, config: QaConfig) -> list[Measure]:
    """Exposure, people that are not black, and pictures that change when people move."""
    frames, height, width = fields["depth"].shape
    mean, black, white, people, change = np.full((5, frames), np.nan)
    step = stride(height * width, _PIXELS)
    for t in range(frames):
        picture = fields["rgb"][t]
        luminance = picture[::step, ::step] @ _LUMINANCE / 255
        mean[t] = luminance.mean()
        black[t], white[t] = (luminance <= 0.008).mean(), (luminance >= 0.996).mean()
        person = fields["instances"][t] > 0
        if person[::step, ::step].any():
            people[t] = luminance[person[::step, ::step]].mean()
        if t + 1 < frames:
            with np.errstate(invalid="ignore"):
                moving = np.linalg.norm(fields["flow_forward"][t], axis=-1) > 1.0
            if moving.mean() > 0.001:
                change[t] = np.abs(fields["rgb"][t + 1][moving].astype(np.int16) - picture[moving]).mean()
    dark, bright = config.brightness
    return [
        Measure("too_dark", "the picture's mean luminance is", mean, dark, at_least=True),
        Measure("too_bright", "the picture's mean luminance is", mean, bright),
        Measure("black_pixels", "black pixels are", black, config.clipped_black, unit="%"),
        Measure("white_pixels", "white pixels are", white, config.clipped_white, unit="%"),
        Measure("people_dark", "the people's mean luminance is", people, config.person_brightness, at_least=True,
                where="seen"),
        Measure("frozen", "moving pixels change from frame to frame by", change, config.frozen_levels, at_least=True),
    ]  # fmt: skip
