import numpy as np
import pytest

from synth.preview import colour
from synth.preview.palette import DEPTH_RAMP, NO_VALUE, PART_TABLE, rgb

BLANK = rgb(NO_VALUE)


def test_flow_has_the_colours_of_the_middlebury_wheel():
    # Unit vectors and the wheel's colours for them, read off the columns of the benchmark's colorcode.cpp.
    known = {(1, 0): (1, 0, 0), (0, 1): (1, 0.9, 0), (-1, 0): (0, 0.818, 1), (0, -1): (0.346, 0, 1)}
    flow = np.array([list(known)], np.float32) * 7
    assert np.abs(colour.flow_picture(flow, 7.0)[0] / 255 - list(known.values())).max() < 0.07


def test_flow_fades_to_white_and_darkens_beyond_its_reach():
    lengths = np.array([0, 1, 2, 4, 8], np.float32)
    picture = colour.flow_picture(np.stack([lengths, 0 * lengths], -1)[None], 4.0)[0]
    assert picture.tolist() == [[255, 255, 255], [255, 191, 191], [255, 128, 128], [255, 0, 0], [191, 0, 0]]


def test_flow_has_no_seam():
    turn = np.linspace(-np.pi, np.pi, 2000)
    picture = colour.flow_picture(np.stack([np.cos(turn), np.sin(turn)], -1)[None], 1.0)[0].astype(int)
    assert np.abs(np.diff(picture, axis=0)).max() <= 5 and np.abs(picture[0] - picture[-1]).max() <= 3


def test_flow_reach_is_the_longest_finite_vector():
    flow = np.zeros((2, 3, 4, 2), np.float32)
    flow[0, 1, 2] = 3, -4
    flow[1, 0, 0] = np.nan
    assert colour.flow_reach(flow) == 5
    assert colour.flow_reach(np.full((1, 2, 2, 2), np.nan)) == 0.5


def test_depth_is_linear_in_inverse_depth():
    depth = np.array([[2.0, 4.0, 8.0, 100.0, 1.0, np.nan, np.inf]], np.float32)
    picture = colour.depth_picture(depth, 2.0, 8.0)[0]
    near, far = rgb(DEPTH_RAMP[0]), rgb(DEPTH_RAMP[-1])
    assert [tuple(p) for p in picture[[0, 2, 3, 4]]] == [near, far, far, near]
    assert tuple(picture[1]) == tuple(colour.ramp()[round(255 * (1 / 2 - 1 / 4) / (1 / 2 - 1 / 8))])
    assert tuple(picture[5]) == tuple(picture[6]) == BLANK


def test_depth_range_stays_with_the_people():
    depth = np.linspace(2, 500, 1000, dtype=np.float32)[None]
    people = (depth > 3) & (depth < 10)
    near, far = colour.depth_range(depth, people)
    assert near == 2 and far == pytest.approx(2 * depth[people].max())
    assert colour.depth_range(depth)[1] > 400
    assert colour.depth_range(np.full((2, 2), np.nan)) == (1.0, 2.0)


def test_normals_surface_and_matte_are_their_own_colours():
    normals = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1], [np.nan] * 3]], np.float32)
    half = 128
    expected = [[255, half, half], [half, 255, half], [half, half, 255], [half, half, 0], list(BLANK)]
    assert colour.normal_picture(normals)[0].tolist() == expected
    surface = np.array([[[0, 1, 0.5], [np.nan] * 3]], np.float32)
    assert colour.surface_picture(surface)[0].tolist() == [[0, 255, half], list(BLANK)]
    assert colour.matte_picture(np.array([[0, 1, 0.2]], np.float32))[0, :, 0].tolist() == [0, 255, 51]


def test_labels_have_the_colours_of_their_table():
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (colour.label_picture(labels, PART_TABLE).reshape(-1, 3) == PART_TABLE).all()
