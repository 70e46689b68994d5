"""Rates, groups, norms, outliers and averages against closed forms and the bare library."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from synth.conventions import ThfmError
from train.engine.config import EngineConfig, OptimiserConfig, OutlierConfig
from train.engine.ema import Ema
from train.engine.optimiser import build_optimiser, clip_gradients, gradient_norm, schedule, set_rates, trainable
from train.engine.outliers import Outliers


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.ModuleDict({"backbone": nn.Linear(3, 4), "tokens": nn.Linear(4, 2)})


def test_warmup_is_linear_and_cosine_ends_where_told():
    config = OptimiserConfig(warmup=4, schedule="cosine", final=0.1)
    assert [schedule(config, step, 24) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert schedule(config, 14, 24) == pytest.approx(0.1 + 0.9 * 0.5)
    assert schedule(config, 24, 24) == pytest.approx(0.1)
    assert schedule(OptimiserConfig(warmup=0), 10**6, 24) == 1.0


def test_tokens_have_their_rate_and_vectors_no_decay():
    model = small()
    optimiser = build_optimiser(OptimiserConfig(lr=1e-3, lr_tokens=1e-2, weight_decay=0.1), trainable(model))
    assert set_rates(optimiser, 0.5) == {"backbone": 5e-4, "tokens": 5e-3}
    found = {id(p): (g["lr"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]}
    assert found == {
        id(model["backbone"].weight): (5e-4, 0.1), id(model["backbone"].bias): (5e-4, 0),
        id(model["tokens"].weight): (5e-3, 0.1), id(model["tokens"].bias): (5e-3, 0),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_moments_that_exist_from_the_start_change_nothing(kind):
    ours, plain = small(), small()
    mine = build_optimiser(OptimiserConfig(kind=kind, lr=0.1, warmup=0), trainable(ours))
    theirs = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](plain.parameters(), lr=0.1, weight_decay=0)
    set_rates(mine, 1.0)
    for step in range(3):
        for model, optimiser in ((ours, mine), (plain, theirs)):
            optimiser.zero_grad()
            x = torch.arange(3.0) + step
            model["tokens"](model["backbone"](x)).square().sum().backward()
            optimiser.step()
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_norm_is_that_of_one_long_vector_and_clipping_reaches_the_limit():
    model = small()
    model["tokens"](model["backbone"](torch.ones(3))).square().sum().backward()
    whole = torch.cat([p.grad.flatten() for p in model.parameters()])
    norm, having = gradient_norm(model.parameters())
    assert float(norm) == pytest.approx(float(whole.norm()))
    clip_gradients(having, 0.5, norm)
    assert float(torch.cat([p.grad.flatten() for p in model.parameters()]).norm()) == pytest.approx(0.5, rel=1e-4)


def test_outliers_are_judged_by_the_running_median():
    judge = Outliers(OutlierConfig(factor=5, window=8, settle=4, give_up=3))
    assert judge.judge(1000.0) is None, "too early to tell"
    assert [judge.judge(n) for n in (1.0, 1.2, 0.8)] == [None] * 3
    assert "is over 5 x the usual 1.1" in judge.judge(6.0)
    assert judge.judge(math.nan) == "gradient norm is nan"
    assert judge.judge(1.0) is None and judge.skipped == 2 and judge.in_a_row == 0
    again = Outliers(judge.config)
    again.restore(judge.state())
    assert again.state() == judge.state()


def test_norms_that_grow_for_good_are_accepted_and_endless_skipping_is_not():
    judge = Outliers(OutlierConfig(factor=5, window=8, settle=4, give_up=7))
    reasons = [judge.judge(n) for n in [1.0] * 8 + [10.0] * 8]
    assert reasons[8] and reasons[-1] is None
    with pytest.raises(ThfmError, match="the last 7 steps were all skipped .* lower engine.optimiser.lr"):
        for _ in range(7):
            judge.judge(math.inf)


def test_the_average_is_the_weighted_sum_of_what_it_saw():
    parameter = nn.Parameter(torch.zeros(2))
    ema = Ema({"p": parameter}, 0.8)
    expected, values = torch.zeros(2), [torch.tensor([1.0, -1.0]) * k for k in (1, 2, 3)]
    for update, value in enumerate(values):
        parameter.data = value.clone()
        ema.update()
        decay = min(0.8, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * value
    torch.testing.assert_close(ema.average["p"], expected)
    before = parameter.detach().clone()
    with ema.swapped():
        torch.testing.assert_close(parameter.detach(), expected)
    assert torch.equal(parameter, before) and torch.allclose(ema.average["p"], expected)


def test_configs_that_cannot_work_say_why():
    for wrong, words in (
        ({"objective": "generate", "train": "tokens"}, "nothing to train"),
        ({"steps": 10, "optimiser": {"warmup": 10, "schedule": "cosine"}}, "below steps for a cosine, got 10 of 10"),
        ({"optimiser": {"betas": [0.9, 1.0]}}, r"in \[0, 1\), got \[0.9, 1.0\]"),
        ({"keep_last": 0}, "greater than or equal to 1"),
    ):
        with pytest.raises(ValueError, match=words):
            EngineConfig.model_validate(wrong)
