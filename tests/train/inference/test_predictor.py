"""The predictor against the parts that it is made of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from synth.conventions import ThfmError
from tests.train.engine.runs import TINY
from tests.train.inference.saved import FRAMES, OPTIONS, SIZES, moving, save_mirror, save_tiny
from train.inference import Predictor
from train.inference.fit import STRETCH, Fit, nearest_size
from train.model import load_folder
from train.tasks import build_tasks

SHAPES = {
    ("depth", "depth"): "map",
    ("normals", "normals"): "vectors",
    ("matte", "matte"): "map",
    ("parts", "parts"): "classes",
    ("semantics", "semantics"): "classes",
    ("dense_pose", "surface"): "vectors",
}


@torch.no_grad()
def by_hand(folder: Path, name: str, video: np.ndarray) -> np.ndarray:
    """What the network says about a clip of its own size, without any code of the inference room."""
    model, codec, texts, meta = load_folder(folder)
    task = build_tasks(meta["tasks"])[name]
    latents = codec.encode(torch.from_numpy(video / 127.5 - 1).float().permute(3, 0, 1, 2)[None])
    groups = [g for g in meta["groups"] if g.startswith(f"{name}.")]
    answer = model(latents, texts[task.prompt][None], len(video), groups)
    if groups:
        return np.stack([answer.sparse[g][0].numpy() for g in groups])
    return (codec.decode(answer.video)[0].permute(1, 2, 3, 0).numpy() + 1) / 2


@pytest.mark.parametrize("name", OPTIONS)
def test_a_clip_of_the_models_size_is_answered_as_the_parts_say(name: str, folder: Path, predictor: Predictor) -> None:
    video, task = moving(9, *SIZES[0]), predictor.tasks[name]
    raw = by_hand(folder, name, video)
    expected = task.decode(raw, *SIZES[0]) if task.sparse else task.decode(raw)
    found = predictor(video, [name])[name]
    assert found.keys() == expected.keys()
    for field, value in expected.items():
        assert found[field].shape == value.shape and found[field].dtype == value.dtype
        np.testing.assert_allclose(found[field], value, atol=2e-5, rtol=2e-4)


def test_all_tasks_of_a_window_share_one_encoding(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    encodings, passes = [], []
    encode, forward = predictor.codec.encode, predictor.model.forward
    monkeypatch.setattr(predictor.codec, "encode", lambda video: encodings.append(video.shape) or encode(video))
    monkeypatch.setattr(predictor.model, "forward", lambda *a, **k: passes.append(1) or forward(*a, **k))
    predictor(moving(9, *SIZES[0]))
    assert len(encodings) == 1 and len(passes) == len(OPTIONS)
    encodings.clear()
    predictor(moving(30, *SIZES[0]))  # 9, and 3 times 7 more
    assert len(encodings) == 4 and set(encodings) == {(1, 3, 9, *SIZES[0])}
    encodings.clear()
    predictor(moving(30, *SIZES[0]), ["matte"])
    assert len(encodings) == 4


@pytest.mark.parametrize("shape", [(1, 24, 40), (4, 37, 55), (23, 101, 47), (12, 7, 90), (2, 1, 1)])
def test_any_size_and_length_is_answered_at_its_own(shape: tuple[int, int, int], predictor: Predictor) -> None:
    video = moving(*shape)
    before = video.copy()
    answers = predictor(video)
    np.testing.assert_array_equal(video, before)
    assert list(answers) == list(OPTIONS)
    for (name, field), kind in SHAPES.items():
        value = answers[name][field]
        assert value.shape == ((*shape, 3) if kind == "vectors" else shape)
        assert value.dtype == (np.uint8 if kind == "classes" else np.float32)
    assert (answers["depth"]["depth"] > 0).all()
    assert answers["matte"]["matte"].min() >= 0 and answers["matte"]["matte"].max() <= 1
    np.testing.assert_allclose(np.linalg.norm(answers["normals"]["normals"], axis=-1), 1, atol=1e-5)
    places = answers["dense_pose"]["surface"]
    assert (np.isfinite(places).all(-1) | np.isnan(places).all(-1)).all()
    assert answers["keypoints2d"]["keypoints2d"].shape == (2, shape[0], 17, 2)
    assert answers["keypoints3d"]["joints3d"].shape == (2, shape[0], 22, 3)


def test_long_clips_are_windows_where_one_window_speaks(folder: Path, predictor: Predictor) -> None:
    """Outside of overlaps an answer is that of the window alone; inside it lies between the two."""
    video = moving(16, *SIZES[0])  # frames 0 to 8, and 7 to 15
    found = predictor(video, ["matte"])["matte"]["matte"]
    first, second = (
        predictor.tasks["matte"].decode(by_hand(folder, "matte", part))["matte"] for part in (video[:9], video[7:])
    )
    np.testing.assert_allclose(found[:7], first[:7], atol=1e-5)
    np.testing.assert_allclose(found[9:], second[2:], atol=1e-5)
    for t, share in ((7, 1 / 3), (8, 2 / 3)):
        np.testing.assert_allclose(found[t], (1 - share) * first[t] + share * second[t - 7], atol=1e-5)
    assert np.abs(first[7:] - second[:2]).max() > 0.05  # they do not agree by themselves


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clips = {"frames": [9], "sizes": [[24, 40]]}
    return save_mirror(tmp_path_factory.mktemp("mirror"), {"depth": {"coding": "gray"}, "matte": {}}, clips)


@pytest.mark.parametrize("shape", [(50, 24, 40), (7, 24, 40), (31, 60, 98), (23, 90, 40)])
def test_a_model_that_shows_what_it_sees_shows_every_frame_in_its_place(mirror: Path, shape: tuple) -> None:
    """Through a real transformer and codec: order, joins, sizes and padding leave a video as it is."""
    predictor, (count, height, width) = Predictor.from_pretrained(mirror, device="cpu"), shape
    y, x = np.mgrid[:height, :width] / 10
    wave = [0.5 + 0.2 * np.sin(x * 10 / width + 0.3 * t) + 0.2 * np.cos(y * 10 / height) for t in range(count)]
    video = np.repeat(np.round(255 * np.stack(wave))[..., None], 3, -1).astype(np.uint8)
    found = predictor(video, ["matte"])["matte"]["matte"]
    exact = shape[1:] == (24, 40)
    inner = found if exact else found[:, 3:-3, 3:-3]
    truth = (video[..., 0] if exact else video[:, 3:-3, 3:-3, 0]) / 255
    np.testing.assert_allclose(inner, truth, atol=0.002 if exact else 0.02)


def test_no_seam_of_a_long_clip_can_be_measured(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth in medians of its own window, as the coding has it, through the whole predictor.

    The model shows the coded street that it sees, all of it in one unit; between model and predictor every window's
    answer is brought to its own median, which is what a trained model would say.
    """
    predictor = Predictor.from_pretrained(mirror, device="cpu")
    task, y, x = predictor.tasks["depth"], *np.mgrid[:24, :40]
    walk = np.linspace(1.2, 0.5, 120)[:, None, None]
    street = (1 + 2.5 * x / 40 + 0.1 * np.sin(y / 3))[None] * walk
    video = np.repeat(np.round(255 * 0.4 * np.log1p(street))[..., None], 3, -1).astype(np.uint8)
    answer, medians = predictor._answer, []

    def in_its_own_median(name, latents, window):
        depth = task.decode(answer(name, latents, window))["depth"]
        medians.append(np.median(depth))
        return np.repeat(0.4 * np.log1p(depth / medians[-1])[..., None], 3, -1).astype(np.float32)

    monkeypatch.setattr(predictor, "_answer", in_its_own_median)
    found = predictor(video, ["depth"])["depth"]["depth"]
    seen = np.expm1(video[..., 0] / 255 / 0.4)  # what 8 bits leave of the street
    np.testing.assert_allclose(found * medians[0], seen, rtol=0.005)
    assert max(medians) / min(medians) > 2  # windows did speak in very different units

    def change(depth: np.ndarray) -> np.ndarray:
        return np.abs(np.diff(np.log(depth), axis=0)).mean((1, 2))

    extra = change(found) - change(seen)
    joins = np.isin(np.arange(119) % 7, (5, 6, 0, 1))
    assert np.abs(extra[joins]).max() < 0.05 * change(seen).mean()
    assert np.abs(extra[~joins]).max() < 0.05 * change(seen).mean()


def test_a_frames_stream_is_the_same_and_needs_no_length(predictor: Predictor) -> None:
    video = moving(25, 31, 50)
    whole = predictor(video)
    for t, frame in enumerate(predictor.stream(iter(video))):
        for name, fields in frame.items():
            for field, value in fields.items():
                expected = whole[name][field][:, t] if predictor.tasks[name].sparse else whole[name][field][t]
                np.testing.assert_array_equal(value, expected)
    assert t == 24


def test_pictures_lie_where_they_are_shown() -> None:
    """Every point comes back to where it came from, whatever the sizes; wide pictures are not squeezed."""
    for source in ((24, 40), (480, 832), (101, 47), (7, 90), (1080, 607)):
        fit = Fit.of(source, SIZES)
        squeeze = (fit.inner[1] / fit.inner[0]) / (source[1] / source[0])
        assert fit.inner == fit.model or abs(np.log(squeeze)) < 0.2  # whole pixels of a tiny picture
        assert max(squeeze, 1 / squeeze) < STRETCH * 1.2
        corners = np.array([[fit.left, fit.top], [fit.left + fit.inner[1], fit.top + fit.inner[0]]], float)
        np.testing.assert_allclose(fit.points(corners), [[0, 0], source[::-1]], atol=1e-4)
        ramp = np.zeros((*fit.model, 2), np.float32)  # each model pixel holds its own place in the source
        y, x = np.mgrid[: fit.model[0], : fit.model[1]] + 0.5
        ramp[...] = fit.points(np.stack([x, y], -1))
        truth = np.stack(np.meshgrid(np.arange(source[1]) + 0.5, np.arange(source[0]) + 0.5), -1)
        pixel = np.array([source[1] / fit.inner[1], source[0] / fit.inner[0]])
        for back, bound in ((fit.nearest(ramp), 0.51), (fit.smooth(ramp), 0.51)):
            assert back.shape == (*source, 2)
            assert (np.abs(back - truth) <= bound * np.maximum(pixel, 1) + 1e-3).all()
        inside = np.abs(fit.smooth(ramp) - truth)[source[0] // 3 : -source[0] // 3, source[1] // 3 : -source[1] // 3]
        assert (inside < 0.05 * np.maximum(pixel, 1) + 1e-3).all()


def test_sizes_are_chosen_by_aspect_and_pixels_need_not_be_square() -> None:
    assert nearest_size((1080, 1920), SIZES) == (24, 40) and nearest_size((1920, 1080), SIZES) == (40, 24)
    assert nearest_size((100, 100), SIZES, 1.5) == (24, 40) and nearest_size((100, 100), SIZES, 0.7) == (40, 24)
    assert Fit.of((24, 20), SIZES, pixel_aspect=2.0).inner == (24, 40)


def test_a_portrait_in_a_model_of_landscapes_keeps_its_shape(tmp_path: Path) -> None:
    fit = Fit.of((1920, 1080), [(24, 40)])
    assert fit.inner == (24, 14) and fit.left == 13
    shown = fit.shown(moving(1, 1920, 1080)[0])
    assert shown.shape == (24, 40, 3)
    np.testing.assert_array_equal(shown[:, 0], shown[:, 13])  # its border goes on


def test_what_the_folder_does_not_say_the_runs_config_says(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "run" / "final", {"matte": {}}, clips={})
    assert "clips" not in json.loads((folder / "thfm.json").read_text())
    with pytest.raises(ThfmError, match="does not say what clips it was trained on: give frames and size"):
        Predictor.from_pretrained(folder, device="cpu")
    alone = Predictor.from_pretrained(folder, device="cpu", frames=5, size=(16, 24))
    assert (alone.frames, alone.sizes) == ((5,), ((16, 24),))
    data = {"sources": [{"url": "x"}], "lengths": [{"frames": 9}, {"frames": 5, "share": 0}], "sizes": [[16, 28]]}
    (tmp_path / "run" / "config.yaml").write_text(yaml.safe_dump({**TINY, "data": data}))
    predictor = Predictor.from_pretrained(tmp_path / "run", device="cpu")
    assert (predictor.frames, predictor.sizes) == ((9,), ((16, 28),))


def test_a_run_is_named_by_its_folder(folder: Path, tmp_path: Path) -> None:
    assert Predictor.from_pretrained(folder.parent, device="cpu").frames == FRAMES
    with pytest.raises(ThfmError, match="holds no trained model"):
        Predictor.from_pretrained(tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(ThfmError, match="has no final/ yet"):
        Predictor.from_pretrained(tmp_path)


def test_half_precision_answers_alike(folder: Path, predictor: Predictor) -> None:
    half = Predictor.from_pretrained(folder, device="cpu", dtype="bfloat16")
    video = moving(9, *SIZES[0])
    a, b = (p(video, ["matte"])["matte"]["matte"] for p in (predictor, half))
    assert half.model.backbone.transformer.dtype == torch.bfloat16
    assert 0 < np.abs(a - b).mean() < 0.02


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int8"}, "'int8' is no dtype"),
        ({"device": "gpu"}, "'gpu' is no device"),
        ({"overlap": 9}, "overlap of 9 frames is impossible"),
        ({"frames": 8}, "8 frames do not fit the codec"),
        ({"size": (25, 40)}, "A height of 25 pixels does not fit"),
    ],
)
def test_impossible_values_are_named(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(ThfmError, match=message):
        Predictor.from_pretrained(folder, **{"device": "cpu", **options})


def test_wrong_videos_and_tasks_are_named(predictor: Predictor) -> None:
    with pytest.raises(ThfmError, match="knows no task 'deep'; it knows depth, normals"):
        predictor(moving(1, 8, 8), ["deep"])
    for wrong in (np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((0, 8, 8, 3), np.uint8)):
        with pytest.raises(ThfmError, match="uint8, got"):
            predictor(wrong)
