"""DensePose's charts, in the layout of its file, on a stand-in for SMPL: parts, u and v are found again in pictures."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from synth.bodies.config import assets_folder
from synth.bodies.model import load_body
from synth.bodies.registration import skin_faces
from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT, Part, ThfmError
from synth.densepose import NUM_PARTS, load_charts
from synth.labels import compute_labels
from synth.vocabularies import DENSEPOSE
from tests.scenes import ARMS_DOWN, camera_path, cast_passes, people, posed

NEUTRAL = load_body(assets_folder() / "bodies", "neutral")


def _uv(points: np.ndarray) -> np.ndarray:
    """u and v (..., 2) that the stand-in gives to points (..., 3) of the neutral T-pose, metres."""
    return np.stack([points[..., 0] / 2.4 + 0.5, points[..., 1] / 2.4 + 0.7], -1)


def _stand_in() -> tuple[dict, np.ndarray]:
    """``UV_Processed.mat``'s arrays for the open body's skin instead of SMPL, and its template, of another size.

    As in the real file, numbers count from 1, charts have vertices of their own where they meet, and one vertex of the
    body stands in several charts.
    """
    faces = NEUTRAL.faces[skin_faces(NEUTRAL)]
    used, faces = np.unique(faces, return_inverse=True)
    faces, points = faces.reshape(-1, 3), NEUTRAL.template[used].astype(np.float64)
    front = np.cross(*(points[faces[:, k]] - points[faces[:, 0]] for k in (1, 2)))[:, 2] > 0
    ours = NEUTRAL.part[skin_faces(NEUTRAL)]
    chart = np.zeros(len(faces), np.uint8)
    for part in Part:
        numbers = [n for n, parts in enumerate(DENSEPOSE) if part in parts]
        if numbers:  # the neck may go with the head or with the trunk
            chart[ours == part] = np.where(front, numbers[-1], numbers[-2 if len(numbers) > 1 else -1])[ours == part]
    keep = chart > 0
    pairs, place = np.unique(np.stack([np.repeat(chart[keep], 3), faces[keep].ravel()], 1), axis=0, return_inverse=True)
    uv = _uv(points[pairs[:, 1]])
    arrays = {
        "All_Faces": place.reshape(-1, 3) + 1, "All_FaceIndices": chart[keep][:, None],
        "All_U_norm": uv[:, :1], "All_V_norm": uv[:, 1:], "All_vertices": pairs[:, 1][None] + 1,
    }  # fmt: skip
    return arrays, points * 1.04 + [0.0, 0.31, 0.02]


@pytest.fixture(scope="module")
def charts(tmp_path_factory):
    arrays, template = _stand_in()
    path = tmp_path_factory.mktemp("charts") / "UV_Processed.mat"
    savemat(path, arrays)
    used = np.unique(NEUTRAL.faces[skin_faces(NEUTRAL)])
    return load_charts(path, template, NEUTRAL.template[used])


@pytest.fixture(scope="module")
def labels() -> dict[str, np.ndarray]:
    cameras = camera_path([(0.4, -2.8, 1.3)] * 3, [(0, 0, 0.9)] * 3, 96, 128, 35)
    geometry = people(posed([ARMS_DOWN] * 3), cameras=cameras)
    return compute_labels(geometry, cast_passes(geometry, 96, 128))


def test_the_table_knows_every_part_once_left_and_right():
    assert len(DENSEPOSE) == NUM_PARTS + 1 and set().union(*DENSEPOSE) == set(Part) - {Part.NONE}
    for number, parts in enumerate(DENSEPOSE):
        sides = {part.name.split("_")[0] for part in parts} & {"LEFT", "RIGHT"}
        assert len(sides) <= 1, number
    assert DENSEPOSE[3] == {Part.RIGHT_HAND} and DENSEPOSE[15] == DENSEPOSE[17] == {Part.LEFT_UPPER_ARM}


def test_parts_of_pictures_are_those_of_the_charts(charts, labels):
    parts, uv = charts.translate(labels["surface"])
    person = labels["instances"] > 0
    assert parts.shape == person.shape and uv.shape == (*person.shape, 2)
    np.testing.assert_array_equal(parts > 0, person)
    assert (uv[~person] == 0).all()
    agree = [
        own in {int(p) for p in DENSEPOSE[number]}
        for number, own in zip(parts[person], labels["parts"][person], strict=True)
    ]
    assert np.mean(agree) > 0.95  # they differ at borders alone
    assert len(np.unique(parts[person])) > 12


def test_u_and_v_are_read_off_the_triangles(charts, labels):
    person = labels["instances"] > 0
    surface = labels["surface"][person].astype(np.float64)
    _, uv = charts.translate(surface)
    expected = _uv((surface - 0.5) * CANONICAL_EXTENT + np.array(CANONICAL_CENTRE))
    error = np.abs(uv - expected).max(-1)
    assert np.median(error) < 1e-3 and np.quantile(error, 0.98) < 0.01


def test_a_long_clip_takes_no_more_memory_than_its_arrays(charts):
    surface = np.random.default_rng(0).uniform(0.3, 0.7, (6, 50, 200, 3)).astype(np.float32)
    tracemalloc.start()
    parts, uv = charts.translate(surface)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parts.all() and peak < 1e8, peak
    alone = charts.translate(surface[5, 40:])  # a point's answer is its own
    np.testing.assert_array_equal(parts[5, 40:], alone[0])
    np.testing.assert_array_equal(uv[5, 40:], alone[1])


def test_other_files_and_templates_are_refused(tmp_path: Path):
    arrays, template = _stand_in()
    path = tmp_path / "UV_Processed.mat"
    with pytest.raises(ThfmError, match="cannot be read"):
        load_charts(path, template, NEUTRAL.template)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ThfmError, match="no UV_Processed.mat"):
        load_charts(path, template, NEUTRAL.template)
    savemat(path, {k: v for k, v in arrays.items() if k != "All_vertices"})
    with pytest.raises(ThfmError, match="All_vertices"):
        load_charts(path, template, NEUTRAL.template)
    savemat(path, arrays)
    with pytest.raises(ThfmError, match="does not fit a template of 100 vertices"):
        load_charts(path, template[:100], NEUTRAL.template)
