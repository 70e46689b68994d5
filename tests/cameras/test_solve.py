"""Camera paths, against projections computed here."""

import numpy as np
import pytest

from synth.cameras import intrinsics, solve
from synth.conventions import ThfmError
from tests.cameras.crowd import AMOUNTS, MOVES, eyes, pixels, spec, walker

HAND = {"degrees": 0.4, "metres": 0.01, "seed": 5}


def forward(cameras):
    return cameras.world_to_camera[:, 2, :3]


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("size", [(832, 480), (480, 832), (640, 640)])
@pytest.mark.parametrize("above", [0.0, 1.3])
@pytest.mark.parametrize("changes", [{}, {"aim": (0.7, -0.6), "roll": 0.05, "shake": HAND}], ids=["plain", "by hand"])
def test_what_is_framed_stays_in_sight(move, size, above, changes):
    subject = walker(above=above)
    framing = "full_body" if above == 0 else "upper_body"
    cameras = solve(spec(move, framing=framing, **changes), subject, *size, 24.0)
    where, depth = pixels(cameras, subject.points[:, subject.framed])
    assert depth.min() > 0.2
    assert where.min() >= 0 and (where.max((0, 1)) <= size).all()
    assert np.linalg.norm(subject.points - eyes(cameras)[:, None], axis=-1).min() > 0.4
    rotation = cameras.world_to_camera[:, :3, :3]
    assert np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(rotation), 1)


@pytest.mark.parametrize("focal", [12.0, 35.0, 200.0])
@pytest.mark.parametrize("above", [0.0, 1.4])
def test_fill_is_reached_not_exceeded(focal, above):
    subject = walker(above=above, distance=0.0 if above else 1.5)
    where, _ = pixels(solve(spec("static", focal_mm=focal), subject, 640, 480, 24.0), subject.points[:, subject.framed])
    spans = np.abs(where - (320, 240)).max((0, 1)) / (320, 240)
    nearest = above and focal == 12.0  # the camera does not touch the skin
    assert spans.max() < 0.8 if nearest else spans.max() == pytest.approx(0.8, abs=1e-3)


def test_a_tighter_framing_comes_nearer():
    sizes = []
    for above in (0.0, 0.6, 1.0, 1.4):
        subject = walker(above=above, distance=0.2)
        where, _ = pixels(solve(spec("follow"), subject, 832, 480, 24.0), subject.points)
        sizes.append(np.ptp(where[..., 1], axis=1).mean() / 480)
    assert sizes == sorted(sizes) and sizes[-1] > 2 * sizes[0]


def test_moves_are_what_they_are_called():
    subject = walker()
    middle = (subject.points.min((0, 1)) + subject.points.max((0, 1))) / 2
    all_of = {m: solve(spec(m), subject, 640, 480, 24.0) for m in MOVES}
    eye, view = {m: eyes(c) for m, c in all_of.items()}, {m: forward(c) for m, c in all_of.items()}
    focal = {m: c.intrinsics[:, 0, 0] for m, c in all_of.items()}
    for still in ("static", "pan", "tilt", "track", "zoom"):
        assert np.ptp(eye[still], axis=0).max() < 1e-9
    for parallel in ("static", "dolly", "truck", "dolly_zoom"):
        assert np.ptp(view[parallel], axis=0).max() < 1e-9
    for fixed in set(MOVES) - {"zoom", "dolly_zoom"}:
        assert np.ptp(focal[fixed]) == 0
    assert focal["zoom"][-1] / focal["zoom"][0] == pytest.approx(2.0)

    # Pan turns about the vertical alone, tilt about the horizontal.
    azimuth = {m: np.unwrap(np.arctan2(v[:, 1], v[:, 0])) for m, v in view.items()}
    assert np.ptp(azimuth["pan"]) > 0.1 and np.ptp(view["pan"][:, 2]) < 1e-9
    assert np.ptp(azimuth["tilt"]) < 1e-9 and np.ptp(view["tilt"][:, 2]) > 0.1

    travel = {m: e[-1] - e[0] for m, e in eye.items()}
    along = {m: abs(t @ view[m][0]) / np.linalg.norm(t) for m, t in travel.items() if np.linalg.norm(t) > 1e-6}
    assert along["dolly"] == pytest.approx(1) and along["dolly_zoom"] == pytest.approx(1)
    assert along["truck"] < 1e-9 and abs(travel["truck"][2]) < 1e-9
    away = {m: np.linalg.norm(e - middle, axis=1) for m, e in eye.items()}
    assert away["dolly"][-1] / away["dolly"][0] == pytest.approx(0.6)
    # Through a dolly zoom, what stands at the people's middle keeps its size.
    assert np.ptp(focal["dolly_zoom"] / away["dolly_zoom"]) < 1e-6

    assert np.ptp(view["follow"], axis=0).max() < 1e-6 and np.linalg.norm(travel["follow"]) > 0.5
    assert np.ptp(away["orbit"]) < 1e-6
    a, b = (eye["orbit"][[0, -1]] - middle)[:, :2]
    assert np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) == pytest.approx(1.2, abs=1e-6)
    assert travel["crane"][2] > 0.3

    flat = np.linalg.norm((eye["egocentric"] - middle)[:, :2], axis=1)
    assert flat[-1] / flat[0] == pytest.approx(0.5, abs=0.02)
    assert np.abs(eye["egocentric"][:, 2] - 1.6).max() < 0.021 and np.ptp(eye["egocentric"][:, 2]) > 0.02


def test_sweeps_move_the_picture_by_as_much_as_they_say():
    subject = walker(distance=0.0)
    for move, axis, size in (("pan", 0, 640), ("tilt", 1, 480), ("truck", 0, 640)):
        sweep = AMOUNTS[move]["sweep"]
        where, _ = pixels(solve(spec(move), subject, 640, 480, 24.0), subject.points)
        middle = (where.min(1) + where.max(1)) / 2
        moved = (middle[-1] - middle[0])[axis] / size
        assert abs(moved) == pytest.approx(abs(sweep), rel=0.15), move
        assert abs((middle[-1] - middle[0])[1 - axis]) < 0.05 * size


def test_a_tracking_camera_keeps_the_body_part_in_the_middle():
    subject = walker()
    where, _ = pixels(solve(spec("track"), subject, 832, 480, 24.0), subject.tracked[:, None])
    assert np.abs(where[:, 0] - (416, 240)).max() < 0.06 * 480


def test_shake_moves_the_picture_and_spares_the_framing():
    subject = walker()
    still, shaken = (solve(spec("static", shake=s), subject, 832, 480, 24.0) for s in (None, HAND))
    turn = np.einsum("sij,skj->sik", shaken.world_to_camera[:, :3, :3], still.world_to_camera[:, :3, :3])
    angle = np.degrees(np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert 0.05 < angle.max() < 3 and np.ptp(eyes(shaken), axis=0).min() > 1e-4
    again = solve(spec("static", shake=HAND), subject, 832, 480, 24.0)
    assert (again.world_to_camera == shaken.world_to_camera).all()


def test_roll_is_seen_as_roll():
    rotation = solve(spec("static", roll=0.1), walker(), 640, 480, 24.0).world_to_camera[:, :3, :3]
    up = rotation @ (0, 0, 1)
    assert np.arctan2(up[:, 0], -up[:, 1]) == pytest.approx(-0.1, abs=1e-6)  # a camera turned right sees up at the left


def test_unrolled_cameras_are_upright():
    for move in MOVES:
        rotation = solve(spec(move, elevation=0.6, aim=(0.9, 0.8)), walker(), 640, 480, 24.0).world_to_camera
        assert np.abs(rotation[:, 0, 2]).max() < 1e-9, move  # the picture's x axis is level
        assert (rotation[:, 1, 2] < 0).all()  # down in the picture is down in the world


def test_aim_moves_people_off_centre():
    points = walker().points
    centred, _ = pixels(solve(spec("static"), walker(), 832, 480, 24.0), points)
    aimed, _ = pixels(solve(spec("static", aim=(0.8, 0.0)), walker(), 832, 480, 24.0), points)
    assert aimed[..., 0].mean() < centred[..., 0].mean() - 20
    assert abs(aimed[..., 1].mean() - centred[..., 1].mean()) < 10


@pytest.mark.parametrize("move", MOVES)
def test_cameras_stay_above_the_floor(move):
    cameras = solve(spec(move, elevation=-0.5, shake=HAND), walker(), 640, 480, 24.0)
    assert eyes(cameras)[:, 2].min() >= 0.15 - 1e-6


def test_focal_length_sets_the_field_of_view_of_the_long_side():
    for size in ((800, 600), (600, 800), (800, 800)):
        k = intrinsics(36.0, *size)
        assert (k[0, 0], k[1, 1], k[0, 2], k[1, 2]) == (800, 800, size[0] / 2, size[1] / 2)


def test_too_wide_a_movement_is_an_error_with_a_remedy():
    with pytest.raises(ThfmError, match="shorter focal length"):
        solve(spec("static", focal_mm=400), walker(distance=60.0), 640, 480, 24.0)
