import sys

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from synth.bodies.config import assets_folder
from synth.preview.overlay import Bodies, MeshRenderer, OverlayUnavailable, body_of, body_vertices


@pytest.fixture(scope="module")
def renderer():
    with MeshRenderer() as made:
        yield made


def test_recomputed_bodies_cover_the_people_to_the_pixel(renderer, clips, pair):
    bodies = Bodies(clips["pair"])
    for t in range(6):
        depth = bodies.depth(renderer, t, (128, 128))
        mask, people = depth > 0, pair["instances"][t] > 0
        assert (mask & people).sum() / (mask | people).sum() > 0.99
        both = mask & people
        ratio = np.abs(depth[both] / pair["depth"][t][both] - 1)
        assert np.percentile(ratio, 99) < 1e-4


def test_without_the_lens_bodies_would_be_elsewhere(renderer, clips, pair):
    bodies = Bodies(clips["pair"])
    bodies.distortion = np.zeros_like(bodies.distortion)
    mask, people = bodies.depth(renderer, 0, (128, 128)) > 0, pair["instances"][0] > 0
    assert (mask & people).sum() / (mask | people).sum() < 0.97


def test_half_a_pixel_of_shift_would_show(renderer, clips, pair):
    """The test above can tell half-pixel conventions apart: with K moved by half a pixel, fewer pixels agree."""
    bodies = Bodies(clips["pair"])
    people = pair["instances"][0] > 0

    def agreement() -> float:
        mask = bodies.depth(renderer, 0, (128, 128)) > 0
        return (mask & people).sum() / (mask | people).sum()

    right = agreement()
    for shift in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)):
        moved = bodies.intrinsics
        bodies.intrinsics = moved + np.array([[0, 0, shift[0]], [0, 0, shift[1]], [0, 0, 0]])
        assert agreement() < right - 0.01
        bodies.intrinsics = moved


def test_moving_the_principal_point_by_pixels_moves_the_picture_by_pixels(renderer, clips):
    bodies = Bodies(clips["pair"])
    before = bodies.depth(renderer, 0, (128, 128))
    bodies.intrinsics = bodies.intrinsics + np.array([[0, 0, 7], [0, 0, -5], [0, 0, 0]])
    after = bodies.depth(renderer, 0, (128, 128))
    moved = np.roll(before > 0, (-5, 7), (0, 1))
    assert ((after > 0) != moved).sum() <= 0.002 * moved.sum()


def test_a_larger_picture_shows_the_same(renderer, clips, pair):
    depth = Bodies(clips["pair"]).depth(renderer, 2, (384, 384))
    middle = depth[1::3, 1::3] > 0  # the middle of each block of 3 x 3 is the centre of a pixel of the clip
    people = pair["instances"][2] > 0
    assert (middle & people).sum() / (middle | people).sum() > 0.99


def test_bodies_shine_through_and_leave_the_rest_alone(renderer, clips, pair):
    picture = pair["rgb"][0]
    bodies = Bodies(clips["pair"])
    drawn = bodies.over(renderer, 0, picture)
    changed = (drawn != picture).any(-1)
    people = pair["instances"][0] > 0
    assert changed[people].mean() > 0.97
    fine = bodies.depth(renderer, 0, (1024, 1024)).reshape(128, 8, 128, 8).max((1, 3)) > 0  # finger tips, too
    assert not changed[~binary_dilation(fine)].any()
    orange, blue = (drawn[pair["instances"][0] == k].mean(0) for k in (1, 2))
    assert orange[0] > orange[2] + 40 and blue[2] > blue[0] + 40


def test_another_body_model_is_refused(clips):
    person = dict(clips["pair"].smplx[0])
    assert body_of(person).gender == "female"
    assert body_of(person, assets_folder() / "nowhere").gender == "female"
    person["body_model"] = "SMPLX_FEMALE.npz:0123456789abcdef"
    with pytest.raises(OverlayUnavailable, match="SMPLX_FEMALE.npz:0123456789abcdef is not in .*: name the folder"):
        body_of(person)


def test_a_file_of_another_hash_is_not_loaded(clips, tmp_path):
    (tmp_path / "smplx").mkdir()
    (tmp_path / "smplx/SMPLX_FEMALE.npz").write_bytes(b"no archive")
    assert body_of(clips["pair"].smplx[0], tmp_path).path.is_relative_to(assets_folder())
    with pytest.raises(OverlayUnavailable, match="is not in"):
        body_of(clips["pair"].smplx[0] | {"gender": "../female"}, tmp_path)


def test_a_label_that_does_not_fit_is_refused(clips):
    person = clips["pair"].smplx[0]
    model = body_of(person)
    with pytest.raises(OverlayUnavailable, match="does not fit"):
        body_vertices(model, person | {"body_pose": person["body_pose"][:, :60]})
    with pytest.raises(OverlayUnavailable, match="lacks betas"):
        body_vertices(model, {k: v for k, v in person.items() if k != "betas"})


def test_without_pyrender_or_egl_the_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrender", None)
    with pytest.raises(OverlayUnavailable, match="libegl1 libgles2"):
        MeshRenderer()
