"""Rendered places: labels against ray casts, colour that shows them, and exposure that neither drowns nor burns."""

import numpy as np
import pytest

from synth.blender.config import RenderConfig
from synth.blender.metering import metered_stops
from synth.blender.render import render_clip
from synth.bodies.catalogue import bpy_hdris
from synth.conventions import Semantic
from synth.geometry import ClipGeometry, Passes
from synth.labels import compute_labels
from synth.make import body_tracks
from synth.qa import QaConfig, check_clip
from synth.spec.model import ClipSpec
from tests.scenery.sets import HEIGHT, WIDTH, draw, person, placed
from tests.scenes import cast_passes

CONFIG = RenderConfig(samples=2, denoise=False, motion_blur=False, threads=1)


def shot(spec: ClipSpec, geometry: ClipGeometry, folder) -> Passes:
    return render_clip(geometry, spec, CONFIG, bpy_hdris()[spec.light.hdri], folder / "blender.log")


@pytest.fixture(scope="module", params=["room", "street", "nature", "studio"])
def rendered(request, tmp_path_factory):
    spec, _, geometry = placed(draw(request.param, 3), person(), kelvin=3200.0)
    passes = shot(spec, geometry, tmp_path_factory.mktemp("log"))
    return request.param, spec, geometry, passes, compute_labels(geometry, passes)


def test_every_pixel_is_what_a_ray_meets(rendered):
    kind, _, geometry, passes, labels = rendered
    casts = cast_passes(geometry, WIDTH, HEIGHT)
    truth = compute_labels(geometry, casts)
    if kind in ("room", "studio"):
        assert np.isfinite(labels["depth"]).mean() > 0.85  # but for windows
    assert (np.isfinite(labels["depth"]) == np.isfinite(truth["depth"])).mean() > 0.995
    with np.errstate(invalid="ignore"):
        near = np.abs(labels["depth"] - truth["depth"]) < 1e-3 * truth["depth"]
    hit = np.isfinite(labels["depth"]) & np.isfinite(truth["depth"])
    assert near[hit].mean() > (0.99 if kind in ("room", "studio") else 0.97)  # leaves are edges all over
    np.testing.assert_allclose(labels["depth"][hit], passes.depth[hit], rtol=1e-4)
    for name in ("instances", "semantics", "parts"):
        assert (labels[name] == truth[name]).mean() > 0.98, name
    cosine = np.einsum("thwc,thwc->thw", labels["normals"], truth["normals"])[hit & near]
    assert np.quantile(cosine, 0.02) > 0.99
    seen = set(np.unique(labels["semantics"]))
    assert Semantic.WALL in seen or Semantic.GROUND in seen


def test_its_checks_pass(rendered):
    kind, spec, geometry, passes, labels = rendered
    fields = {"fps": 24.0, "rgb": passes.rgb, "matte": passes.matte, **labels, "smplx": list(geometry.smplx)}
    verdict = check_clip(fields, body_tracks(geometry, spec), QaConfig())
    assert verdict.passed, (kind, verdict.reasons)


def test_walls_and_paper_are_not_the_sky(rendered):
    kind, _, _, passes, labels = rendered
    scene = (labels["instances"] == 0) & np.isfinite(labels["depth"])
    picture = passes.rgb[scene].astype(float)
    assert picture.mean() > 25 and picture.std() > 4, kind


@pytest.mark.parametrize(
    ("kind", "light"),
    [
        ("room", {"time": "night"}),
        ("street", {"time": "night"}),
        ("nature", {"strength": 40.0}),
        ("nature", {"strength": 0.01}),
        ("studio", {"strength": 0.0}),
    ],
)
def test_no_light_leaves_a_clip_black_or_white(kind, light, tmp_path):
    spec, _, geometry = placed(draw(kind, 2), person(), **light)
    passes = shot(spec, geometry, tmp_path)
    labels = compute_labels(geometry, passes)
    fields = {"fps": 24.0, "rgb": passes.rgb, "matte": passes.matte, **labels, "smplx": list(geometry.smplx)}
    verdict = check_clip(fields, body_tracks(geometry, spec), QaConfig())
    assert verdict.passed, verdict.reasons
    assert 0.15 < passes.rgb.mean() / 255 < 0.8


def test_exposure_moves_what_is_metered(tmp_path):
    spec, _, geometry = placed(draw("studio", 2), person())
    dark = spec.model_copy(update={"light": spec.light.model_copy(update={"exposure": -2.0})})
    means = [shot(s, geometry, tmp_path).rgb.mean() for s in (spec, dark)]
    assert means[1] < 0.7 * means[0]


def test_metering_follows_the_light_and_spares_highlights():
    rng = np.random.default_rng(0)
    light, people = rng.uniform(0.05, 0.3, (40, 60, 3)), np.zeros((40, 60), bool)
    people[10:30, 20:40] = True
    stops = metered_stops(light, people)
    assert metered_stops(4 * light, people) == pytest.approx(stops - 2)
    darker = light.copy()
    darker[people] /= 4
    assert stops + 0.9 < metered_stops(darker, people) < stops + 1.4
    burning = light.copy()
    burning[:6] = 8.0
    assert metered_stops(burning, people) < metered_stops(light, people) - 1
    assert np.isfinite(metered_stops(np.zeros((4, 4, 3)), np.zeros((4, 4), bool)))
