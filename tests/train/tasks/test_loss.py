"""Masked losses: values by hand, finite gradients for empty, full and partial masks, nothing from what is masked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.train.tasks.scene import make_labels
from train.tasks import TASKS, Task, build_tasks

MASKS = ("empty", "full", "partial", "one")


def mask(shape: tuple[int, ...], kind: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    out = torch.zeros(shape)
    if kind == "full":
        out += 1
    elif kind == "partial":
        out = torch.rand(shape, generator=generator).clamp(0.3, 0.8) - 0.3
    elif kind == "one":
        out.flatten()[3] = 1
    return out


@pytest.fixture(params=sorted(TASKS))
def task(request: pytest.FixtureRequest) -> Task:
    return build_tasks({request.param: {}})[request.param]


def inputs(task: Task, kind: str, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Prediction, target and mask as the engine gives them: the first sample masked by ``kind``, the others full."""
    generator = torch.Generator().manual_seed(1)
    if task.sparse:
        shape = mask_shape = (batch, task.groups, 5, task.numbers)
    else:
        shape, mask_shape = (batch, 16, 3, 4, 5), (batch, 1, 3, 4, 5)
    valid = torch.ones(mask_shape)
    valid[0] = mask(mask_shape[1:], kind)
    prediction = torch.randn(shape, generator=generator).requires_grad_()
    return prediction, torch.randn(shape, generator=generator), valid > 0 if task.sparse else valid


@pytest.mark.parametrize("kind", MASKS)
def test_value_and_gradient(task: Task, kind: str) -> None:
    prediction, target, valid = inputs(task, kind)
    if task.sparse:  # numpy would leave NaN there
        target = torch.where(valid, target, torch.nan)
    loss = task.loss(prediction, target, valid)
    p, t, w = (x.detach().double().numpy() for x in (prediction, target, valid))
    for b in range(3):
        weight = np.broadcast_to(w[b], p[b].shape)
        total = np.nansum(weight * (p[b] - t[b]) ** 2)
        cells = weight.sum() / (1 if task.sparse else 16)
        expected = total / (1 if task.sparse else 16) / max(cells, 1)
        assert float(loss[b].detach()) == pytest.approx(expected, rel=1e-4)
    loss.sum().backward()
    assert torch.isfinite(prediction.grad).all()
    assert not prediction.grad[~(valid > 0).expand_as(prediction)].any()
    assert prediction.grad[0].any() == (kind != "empty")


@pytest.mark.parametrize("kind", MASKS)
def test_gradient_is_that_of_differences(task: Task, kind: str) -> None:
    prediction, target, valid = inputs(task, kind, batch=1)
    prediction = prediction.detach().requires_grad_()
    task.loss(prediction, target, valid).sum().backward()
    place, step = torch.zeros_like(prediction), 1e-2
    place.flatten()[::7] = 1
    with torch.no_grad():
        up, down = (task.loss(prediction + s * place, target, valid) for s in (step, -step))
    slope = float((up - down).sum() / (2 * step))
    assert float((prediction.grad * place).sum()) == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_half_precision_is_summed_in_full(task: Task) -> None:
    prediction, target, valid = inputs(task, "full")
    exact = task.loss(prediction.bfloat16().float(), target, valid)
    assert task.loss(prediction.bfloat16(), target, valid).dtype == torch.float32
    torch.testing.assert_close(task.loss(prediction.bfloat16(), target, valid), exact)


def test_what_the_labels_mask_cannot_pull_the_answer() -> None:
    """A person who leaves the frame: whatever the token says then, the loss does not change."""
    task, labels = build_tasks({"keypoints2d": {}})["keypoints2d"], make_labels(people=1)
    labels["visibility"][:, 4:] = 0
    coded = {k: torch.from_numpy(v)[None] for k, v in task.encode(labels).items()}
    answer = coded["target"].clone()
    answer[:, :, 4:] = 1e6
    assert float(task.loss(answer, coded["target"], coded["valid"])) == 0
