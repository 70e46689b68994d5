"""Losses of a batch against the definition, sample by sample."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.train.engine.figures import figure_clip
from tests.train.engine.runs import TINY
from train.data import Sample
from train.data.batch import stack
from train.engine.config import EngineConfig
from train.engine.latents import Latents
from train.engine.objective import Generate, Perceive, draw_noise_levels, generate_inputs, group_sizes, perceive_inputs
from train.engine.randomness import generator
from train.engine.start import requests_of
from train.model import Answer, ModelConfig, PatchCodec, build_codec, build_model
from train.tasks import build_tasks

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    config, tasks = (
        ModelConfig.model_validate(TINY["model"]),
        build_tasks({"matte": {}, "depth": {}, "keypoints2d": {}}),
    )
    model = build_model(config, group_sizes(tasks))
    torch.nn.init.normal_(model.tokens["keypoints2d.0"].head.weight, std=0.1)
    prompts = {name: torch.randn(8, 16) for name in tasks}
    return model, build_codec(config), tasks, prompts


def batch_of(tasks, names, spoil=()):
    """One figure a name; figures in ``spoil`` have no valid label."""
    requests, samples, targets = requests_of(tasks), [], []
    for k, name in enumerate(names):
        clip = figure_clip(k, size=32)
        if k in spoil:
            clip["matte"][:] = np.nan
            clip["visibility"][:] = 0
        labels = {field: clip[field] for field in requests[name].fields}
        samples.append(Sample(str(k), "s", name, "", 24.0, clip["rgb"], labels))
        targets.append(requests[name].prepare(samples[-1]))
    return stack(samples, targets, range(len(names)), [""] * len(names))


def test_each_sample_has_the_loss_of_its_task_alone(parts):
    model, codec, tasks, prompts = parts
    objective = Perceive(model, tasks).eval()
    names = ["keypoints2d", "matte", "depth", "matte"]
    with torch.no_grad():
        losses = objective(perceive_inputs(batch_of(tasks, names), Latents(codec, CPU), prompts, CPU))
        for k, name in enumerate(names):
            clip = figure_clip(k, size=32)
            video = torch.from_numpy(clip["rgb"]).movedim(-1, 0)[None].float() / 127.5 - 1
            answer = model(codec.encode(video), prompts[name][None], 5, ["keypoints2d.0"])
            if name == "matte":
                target = codec.encode(torch.from_numpy(clip["matte"]).expand(1, 3, -1, -1, -1) * 2 - 1)
                expected = (answer.video - target).square().mean()
            elif name == "depth":
                coded = torch.from_numpy(tasks["depth"].encode(clip)["target"]).movedim(-1, 0)[None]
                expected = (answer.video - codec.encode(coded * 2 - 1)).square().mean()
            else:
                coded = requests_of(tasks)[name].prepare(Sample("", "", name, "", 24.0, clip["rgb"], clip))
                error = answer.sparse["keypoints2d.0"][0].numpy() - coded["target"][0]
                expected = np.square(error[coded["valid"][0]]).mean()
            assert float(losses[k]) == pytest.approx(float(expected), rel=1e-4), name


def test_by_pixels_a_dense_loss_is_four_times_the_error_of_pixels(parts):
    model, _, tasks, prompts = parts
    codec = PatchCodec(8, 4, 24, even=True, pixel_loss=True)
    inputs = perceive_inputs(batch_of(tasks, ["matte", "depth"]), Latents(codec, CPU), prompts, CPU)
    with torch.no_grad():
        losses = Perceive(model, tasks, codec.loss_weights).eval()(inputs)
        answer = model(inputs.latents, inputs.text, 5, ["keypoints2d.0"]).video
    for row, name in enumerate(("matte", "depth")):
        _, target, share = inputs.dense[name]
        assert (share == 1).all()
        error = (codec.decode(answer[row : row + 1]) - codec.decode(target)).square()
        cells = torch.cat([error[:, :, :1], error[:, :, 1:].unflatten(2, (1, 4)).mean(3)], 2)  # the first is a cell
        assert float(losses[row]) == pytest.approx(4 * float(cells.mean()), rel=1e-4)


def test_a_sample_without_a_valid_label_costs_nothing_and_every_parameter_has_a_gradient(parts):
    model, codec, tasks, prompts = parts
    objective = Perceive(model, tasks).train()
    for names, spoil in ((["matte"], {0}), (["keypoints2d"], {0}), (["depth"], ()), (["keypoints2d"], ())):
        objective.zero_grad(set_to_none=True)
        losses = objective(perceive_inputs(batch_of(tasks, names, spoil), Latents(codec, CPU), prompts, CPU))
        losses.sum().backward()
        assert (float(losses) == 0) == bool(spoil)
        for name, parameter in objective.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), (names, name)
            assert not spoil or parameter.grad.abs().max() == 0, name


def test_batches_add_up_to_the_step_that_one_batch_would_be(parts):
    model, codec, tasks, prompts = parts
    objective, names = Perceive(model, tasks).train(), ["matte", "keypoints2d", "depth"]
    whole = batch_of(tasks, names)
    grads = []
    for pieces in ([whole], [batch_of(tasks, names[:1]), _tail(tasks, names)]):
        objective.zero_grad()
        for piece in pieces:
            (objective(perceive_inputs(piece, Latents(codec, CPU), prompts, CPU)).sum() / len(names)).backward()
        grads.append([p.grad.clone() for p in objective.parameters()])
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def _tail(tasks, names):
    requests, samples = requests_of(tasks), []
    for k, name in list(enumerate(names))[1:]:
        clip = figure_clip(k, size=32)
        samples.append(Sample(str(k), "s", name, "", 24.0, clip["rgb"], {f: clip[f] for f in requests[name].fields}))
    return stack(samples, [requests[s.task].prepare(s) for s in samples], range(1, len(names)), [""] * len(samples))


class Knowing(torch.nn.Module):
    """Says the velocity of a video that it knows."""

    def __init__(self, clean):
        super().__init__()
        self.clean, self.seen = clean, []

    def velocity(self, latents, timestep, text):
        self.seen.append((timestep, text))
        s = (timestep / 1000).view(-1, 1, 1, 1, 1)
        return (latents - self.clean) / s  # x_s = (1 - s) x + s e, so (x_s - x) / s = e - x


def test_whoever_knows_the_video_has_no_loss_at_any_noise(parts):
    _, codec, tasks, _ = parts
    batch, captions = batch_of(tasks, ["matte"] * 3), {"": torch.zeros(4, 16)}
    inputs = generate_inputs(batch, Latents(codec, CPU), captions, EngineConfig(objective="generate"), (1, 2), CPU)
    model = Knowing(inputs.latents)
    assert Generate(model)(inputs).max() < 1e-6
    assert torch.equal(model.seen[0][0], 1000 * inputs.timestep)
    assert Generate(Knowing(inputs.latents + 1))(inputs).min() > 1


def test_captions_are_dropped_at_their_share_and_noise_levels_are_shifted():
    codec = SimpleNamespace(encode=lambda video: video[:, :, :1, :2, :2])
    rgb = torch.zeros(2000, 1, 2, 2, 3, dtype=torch.uint8)
    batch = SimpleNamespace(rgb=rgb, captions=("a",) * 2000, contents=("c",) * 2000)
    captions = {"": torch.zeros(1, 1), "a": torch.ones(1, 1)}
    config = EngineConfig(objective="generate", caption_dropout=0.2, noise="uniform", noise_shift=3)
    inputs = generate_inputs(batch, Latents(codec, CPU), captions, config, (5,), CPU)
    assert float(inputs.text.mean()) == pytest.approx(0.8, abs=0.03)
    # P(s < x) of a shifted uniform is x / (k - (k - 1) x)
    assert float((inputs.timestep < 0.5).float().mean()) == pytest.approx(0.5 / (3 - 1), abs=0.03)
    assert torch.equal(generate_inputs(batch, Latents(codec, CPU), captions, config, (5,), CPU).noise, inputs.noise)
    normal = draw_noise_levels(EngineConfig(noise_shift=1), 4000, generator(1))
    assert float(normal.logit().std()) == pytest.approx(1, abs=0.05)


def test_answers_have_groups_in_order():
    class Numbered(torch.nn.Module):
        def forward(self, latents, text, frames, groups):
            values = {g: torch.full((len(latents), frames, 34), float(k)) for k, g in enumerate(groups)}
            return Answer(latents, values)

    tasks = build_tasks({"keypoints2d": {"people": 2}})
    objective, batch = Perceive(Numbered(), tasks), batch_of(tasks, ["keypoints2d"])
    codec = SimpleNamespace(encode=lambda video: video)
    inputs = perceive_inputs(batch, Latents(codec, CPU), {"keypoints2d": torch.zeros(1, 1)}, CPU)
    rows, target, valid = inputs.sparse["keypoints2d"]
    answer = torch.stack([torch.zeros(5, 34), torch.ones(5, 34)])[None]
    expected = (answer - target).square()[valid].mean()
    assert target.shape == (1, 2, 5, 34) and float(objective(inputs)) == pytest.approx(float(expected), rel=1e-5)
