"""Every way to train runs through the real loop, and what it leaves behind is what it should be."""

from __future__ import annotations

import json
import math

import pytest
import torch
from diffusers import WanTransformer3DModel
from safetensors.torch import load_file

from tests.train.engine.runs import curve, log_of, train, write_config
from train.model import load_folder

NEWEST = "checkpoints/step-00000004/state-00000-of-00001.safetensors"


@pytest.fixture
def config(figures, tmp_path):
    return write_config(tmp_path / "config.yaml", *figures, steps=4, checkpoint_every=4)


def run(config, *overrides, name="run", **options):
    out = config.with_name(name)
    assert train(config, out, overrides, **options) == [0] * options.get("world", 1), log_of(out).read_text()
    return out


def test_final_holds_the_average_and_loads_in_diffusers(config):
    out = run(config)
    saved = load_file(out / NEWEST)
    model = WanTransformer3DModel.from_pretrained(out / "final/transformer")
    state = model.state_dict()
    assert state, "no weights"
    for name, tensor in state.items():
        assert torch.equal(tensor, saved[f"average/model.backbone.transformer.{name}"]), name
    ours, codec, prompts, meta = load_folder(out / "final")
    assert torch.equal(
        ours.tokens["keypoints2d.0"].head.weight, saved["average/model.tokens.groups.keypoints2d-0.head.weight"]
    )
    assert set(meta["tasks"]) == {"matte", "keypoints2d"} and len(prompts) == 2
    assert meta["clips"] == {"frames": [5], "sizes": [[32, 32]]}
    latents = codec.encode(torch.zeros(1, 3, 5, 32, 32))
    assert (
        ours(latents, next(iter(prompts.values()))[None], 5, ["keypoints2d.0"]).sparse["keypoints2d.0"].isfinite().all()
    )


def test_last_weights_are_kept_where_they_are_wanted(config):
    out = run(config, "engine.final_weights=last")
    state, saved = (
        WanTransformer3DModel.from_pretrained(out / "final/transformer").state_dict(),
        load_file(out / NEWEST),
    )
    assert all(torch.equal(t, saved[f"weights/model.backbone.transformer.{name}"]) for name, t in state.items())


def test_lora_trains_adapters_and_tokens_alone(config):
    out = run(config, "engine.train=lora", "engine.lora.rank=2", "engine.lora.alpha=4", "engine.lora.save=separate")
    names = [name for name in load_file(out / NEWEST) if name.startswith("weights/")]
    assert names and all(".lora_" in name or ".tokens." in name for name in names)
    merged = run(config, "engine.train=lora", "engine.lora.rank=2", "engine.lora.alpha=4", name="merged")
    apart, together = (load_folder(path / "final")[0].eval() for path in (out, merged))
    x, text = torch.randn(1, 24, 2, 4, 4), torch.randn(1, 8, 16)
    torch.testing.assert_close(apart(x, text, 5).video, together(x, text, 5).video, rtol=1e-4, atol=1e-5)


def test_tokens_alone_leave_the_backbone_as_it_was(config):
    out = run(config, "engine.train=tokens", "tasks.matte.ratio=0")
    assert all(".tokens." in name for name in load_file(out / NEWEST) if name.startswith("weights/"))
    untrained = run(config, "engine.train=tokens", "tasks.matte.ratio=0", "engine.optimiser.lr=1e-30", name="untrained")
    path = "final/transformer/diffusion_pytorch_model.safetensors"
    assert (out / path).read_bytes() == (untrained / path).read_bytes()
    assert train(config, config.with_name("wrong"), ["engine.train=tokens"]) == [1]
    assert "cannot teach matte, which the frozen backbone answers" in log_of(config.with_name("wrong")).read_text()


def test_recomputing_activations_changes_nothing(config):
    plain, recomputed = run(config), run(config, "engine.activation_checkpointing=true", name="recomputed")
    for ours, theirs in zip(curve(plain), curve(recomputed), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-6) if "loss" in ours else True


@pytest.mark.parametrize("sharded", [False, True])
def test_half_precision_keeps_whole_weights(config, sharded):
    options = {"world": 2} if sharded else {}
    exact = run(config, **options)
    out = run(config, "engine.precision=bf16", f"engine.fsdp={sharded}", name="half", **options)
    tensors = [t for path in (out / NEWEST).parent.glob("*.safetensors") for t in load_file(path).values()]
    assert {t.dtype for t in tensors} == {torch.float32}
    losses = [(a["loss"], b["loss"]) for a, b in zip(curve(exact), curve(out), strict=True) if "loss" in a]
    assert all(a == pytest.approx(b, rel=0.05) for a, b in losses)
    assert losses[-1][0] != losses[-1][1]  # the first answers are zeros in any precision


def test_generation_learns_the_flow_on_any_number_of_processes(config):
    flow = ["engine.objective=generate", "engine.validate_every=2"]
    out = run(config, *flow, "engine.accumulation=2")
    two = run(config, *flow, world=2, name="two")
    assert [line.keys() for line in curve(out)] == [line.keys() for line in curve(two)]
    for ours, theirs in zip(curve(out), curve(two), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3)
    assert [k for k in curve(out)[2] if k.startswith("validation/")] == ["validation/loss", "validation/clips"]
    assert curve(out)[2]["validation/clips"] == 3


def test_a_step_that_is_not_finite_on_one_process_is_skipped_by_all(config):
    out = run(config, world=2, sabotage=(2, "nan on the last process"))
    log = log_of(out).read_text()
    assert "step 2 skipped: gradient norm is nan; clips " in log
    lines = [line for line in curve(out) if "skipped" in line]
    assert [line["skipped"] for line in lines] == [0, 1, 1, 1] and "loss" not in lines[1]
    assert all(t.isfinite().all() for t in load_file(out / NEWEST).values())
    assert all(math.isfinite(v) for line in curve(out) for v in line.values())


def test_a_run_ends_at_its_time_limit_and_by_its_stop_file(config):
    out = run(config, "engine.time_limit=0.0001")
    assert [p.name for p in (out / "checkpoints").iterdir()] == ["step-00000001"]
    assert train(config, out, sabotage=(1, "stop file")) == [143]
    assert sorted(p.name for p in (out / "checkpoints").iterdir()) == ["step-00000001", "step-00000002"]
    run(config)
    assert curve(out)[-1]["step"] == 4 and not (out / "stop").exists()


def test_the_best_checkpoint_by_a_metric_survives(config):
    out = run(
        config, "engine.validate_every=1", "engine.keep_best=1", "engine.keep_last=1", "engine.best_metric=matte/mad"
    )
    scores = {line["step"]: line["validation/matte/mad"] for line in curve(out) if "validation/matte/mad" in line}
    kept = {
        int(p.name[5:]): json.loads((p / "manifest.json").read_text())["score"] for p in (out / "checkpoints").iterdir()
    }
    assert set(kept) == {min(scores, key=scores.get), 4}
    assert all(kept[step] == scores[step] for step in kept)
