"""The shipped configs: they load, their sizes fit, they run when made small, and their memory is as reckoned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from synth.conventions import ThfmError
from tests.conftest import ROOT
from tests.train.engine.figures import write_figures
from tests.train.engine.runs import curve, log_of, train
from tools.fake_training import LiveBytes, Parameters, codec_without_weights, footprint
from tools.memory_budget import GIB, budget, gathered, largest_batch, main
from train.config import TrainConfig, load_config
from train.engine.latents import Latents
from train.engine.learner import prepare_model
from train.engine.objective import Perceive, group_sizes, perceive_inputs
from train.model import build_codec, build_model
from train.model.build import build_transformer
from train.model.published import PUBLISHED, without_weights
from train.tasks import build_tasks

FOLDER = ROOT / "configs/train"
CONFIGS = sorted(path.name for path in FOLDER.glob("*.yaml"))
REAL = [f"{name}.yaml" for name in ("wan-1.3b", "wan-1.3b-lora", "sparse-1.3b", "wan-2.2-5b", "wan-14b", "ltx-2b")]
TINY = {
    "wan": "{num_attention_heads: 2, attention_head_dim: 16, num_layers: 2, ffn_dim: 48, in_channels: 24, "
    "out_channels: 24, text_dim: 16, freq_dim: 32, patch_size: [1, 1, 1]}",
    "ltx": "{num_attention_heads: 2, attention_head_dim: 32, cross_attention_dim: 64, num_layers: 2, in_channels: 24, "
    "out_channels: 24, caption_channels: 16}",
}


def load(name: str, *overrides: str) -> TrainConfig:
    return load_config(FOLDER / name, overrides)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_shipped_config_loads(name: str) -> None:
    config = load(name)
    assert bool(build_tasks(config.tasks)) == (config.engine.objective == "perceive")
    assert (name in REAL) == (config.model.path is not None)


def test_every_published_backbone_has_a_config() -> None:
    assert {load(name).model.path for name in REAL} == set(PUBLISHED)


@pytest.mark.parametrize("name", REAL)
def test_the_recipe_is_the_published_one(name: str) -> None:
    """81 frames of 480 x 832, Adam, 250 steps of warm-up, 15,000 steps, 64 clips a step on a power of two of GPUs."""
    config = load(name)
    engine, data = config.engine, config.data
    assert engine.steps == 15_000 and engine.optimiser.kind == "adam" and engine.optimiser.warmup == 250
    assert engine.optimiser.schedule == "constant" and engine.optimiser.clip and engine.outliers.factor
    assert engine.optimiser.lr == (5e-5 if engine.train == "full" else 1e-4)
    assert (
        64 // (engine.batch_size * engine.accumulation) in (1, 8)
        and 64 % (engine.batch_size * engine.accumulation) == 0
    )
    assert [length.frames for length in data.lengths] == [81] and (480, 832) in data.sizes
    assert (config.model.dtype == "float32") == (engine.train == "full")


@pytest.mark.parametrize("name", REAL)
def test_every_size_fills_the_codec_and_the_patches(name: str) -> None:
    config = load(name)
    with torch.device("meta"):
        codec = codec_without_weights(config.model)
        small = without_weights(config.model)
        small = small.model_copy(update={"init": {**small.init, "num_layers": 1}})
        backbone = build_model(small, {}).backbone
        for length in config.data.lengths:
            for height, width in config.data.sizes:
                cells = codec.latent_shape(length.frames, height, width)
                assert min(backbone.grid(torch.empty(1, codec.channels, *cells))) >= 1


@pytest.mark.parametrize("path", PUBLISHED)
def test_architectures_have_the_published_number_of_parameters(path: str) -> None:
    config = next(c.model for c in map(load, REAL) if c.model.path == path)
    with torch.device("meta"):
        transformer = build_transformer(without_weights(config))
    assert sum(p.numel() for p in transformer.parameters()) == PUBLISHED[path].parameters


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("figures")
    return write_figures(root / "train", 4, size=32), write_figures(root / "held", 2, size=32, first=100)


@pytest.mark.parametrize("name", ["wan-1.3b.yaml", "wan-1.3b-lora.yaml", "ltx-2b.yaml", "sparse-1.3b.yaml"])
def test_a_shipped_config_runs_when_made_small(name: str, figures: tuple[Path, Path], tmp_path: Path) -> None:
    """Its tasks, its kind of training, its precision and its engine: two steps of a tiny backbone of its family."""
    overrides = [
        "model.path=null", f"model.init={TINY[load(name).model.family]}", "model.text.encoder=words",
        "model.codec.patch={spatial: 8, temporal: 4, channels: 24}", f"data.sources=[{{url: '{figures[0]}'}}]",
        f"data.validation={{urls: ['{figures[1]}'], shards: 0}}", "data.lengths=[{frames: 5}]", "data.sizes=[[32, 32]]",
        "data.workers=0", "engine.steps=2", "engine.accumulation=2", "engine.optimiser.warmup=1", "engine.device=cpu",
        "engine.constant_samples=4", "engine.fsdp=false", "engine.log_every=1",
    ]  # fmt: skip
    out = tmp_path / "run"
    assert train(FOLDER / name, out, overrides) == [0], log_of(out).read_text()
    losses = [line for line in curve(out) if "loss" in line]
    assert [line["step"] for line in losses] == [1, 2] and not losses[-1]["skipped"]
    assert (out / "final/thfm.json").exists() and any(out.glob("pictures/*.png"))


@pytest.mark.parametrize(("name", "layers", "hidden"), [("wan-1.3b.yaml", 30, 1536), ("wan-14b.yaml", 40, 5120)])
def test_a_pass_and_its_gradients_at_the_real_size(name: str, layers: int, hidden: int) -> None:
    """Forward and backward at 81 x 480 x 832. With checkpointing the graph keeps the input of each block, in bf16."""
    config = load(name)
    found = footprint(config, largest_batch(config), whole=False)
    assert found.tokens == (32_760, 81)
    inputs = layers * (32_760 + 81) * hidden * 2
    assert inputs < found.kept < 1.2 * inputs
    assert found.step > found.kept
    if config.engine.fsdp:  # weights, gradients and moments of 8 GPUs, and what is whole meanwhile
        held = 4 * found.parameters.held(True, 8)
        assert 4 * 4 * found.parameters.count(True) / 8 <= held
        assert held + found.step + gathered(found, half=True) < 70 * GIB


def test_the_page_names_every_config_and_is_true_of_them() -> None:
    page = (ROOT / "docs/training.md").read_text()
    assert all(f"`{name}`" in page for name in CONFIGS)
    named = re.findall(r"`((?:train|configs|tools|tests|docs)/[\w./-]+)`", page)
    assert named and all((ROOT / path).exists() for path in named)
    rows = {name: float(total) for name, total in re.findall(r"^([\w.-]+\.yaml) +\d.* ([\d.]+)$", page, re.M)}
    assert set(rows) == set(REAL) and len(page.splitlines()) < 200


def small(**engine) -> TrainConfig:
    """A Wan of two layers for 5 frames of 64 x 64."""
    config = load(
        "tiny.yaml",
        "data.sizes=[[64, 64]]",
        "model.codec.patch.channels=16",
        "model.init.in_channels=16",
        "model.init.out_channels=16",
    )
    return config.model_copy(update={"engine": config.engine.model_copy(update=engine)})


@pytest.mark.parametrize("engine", [{}, {"precision": "bf16"}, {"activation_checkpointing": True}, {"train": "lora"}])
def test_fake_tensors_keep_what_real_ones_keep(engine: dict) -> None:
    """The same step on real tensors: storages that autograd saves, counted by its own hooks."""
    config = small(**engine)
    shape = (2, 5, 64, 64)
    tasks = build_tasks(config.tasks)
    torch.manual_seed(0)
    model = build_model(config.model, group_sizes(tasks))
    prepare_model(model, config.engine)
    objective, codec, cpu = Perceive(model, tasks), build_codec(config.model), torch.device("cpu")
    dense = {"index": torch.arange(2), "target": torch.rand(*shape, 3), "valid": torch.ones(shape, dtype=torch.bool)}
    rgb = torch.randint(0, 255, (*shape, 3), dtype=torch.uint8)
    batch = type("Batch", (), {"rgb": rgb, "tasks": ["depth"] * 2, "contents": "ab", "dense": dense, "sparse": {}})
    inputs = perceive_inputs(batch, Latents(codec, cpu), dict.fromkeys(tasks, torch.rand(16, 32)), cpu)
    there = {
        t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers(), inputs.latents, inputs.text]
    }
    saved: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    half = config.engine.precision == "bf16"
    with (
        torch.autograd.graph.saved_tensors_hooks(note, lambda t: t),
        torch.autocast("cpu", torch.bfloat16, enabled=half),
    ):
        losses = objective(inputs)
    losses.sum().backward()
    kept = sum(size for pointer, size in saved.items() if pointer not in there)
    assert footprint(config, shape).kept == pytest.approx(kept, rel=0.05)


def test_live_bytes_follow_lifetimes() -> None:
    with LiveBytes() as memory:
        a = torch.empty(1000)
        view = a[10:].t()
        assert memory.live == 4000
        with memory.beyond(memory.live) as peak:
            b = (a + 1) * 2  # two at once, one that stays
        del a
        assert memory.live == 8000 and peak == [8000]
        del view, b
        assert memory.live == 0


def test_sharding_cuts_rows() -> None:
    layer = nn.Linear(3, 10, bias=False)
    whole = Parameters(((0, tuple(layer.weight.shape), torch.float32, True),))
    assert whole.held(True) == 120 and whole.held(True, 4) == 3 * 3 * 4 and whole.held(False) == 0


def test_lora_fits_a_card_of_24_gb() -> None:
    config = load("wan-1.3b-lora.yaml")
    found = budget(config, gpus=1)
    frozen, trained = PUBLISHED[config.model.path].parameters, found.measured.parameters.count(True)
    assert found.measured.parameters.count(False) == frozen
    weights = list(found.resident.values())
    # Wan keeps norms, tables and time embedder in float32; all else is bf16, a two-byte number.
    assert 2 * frozen < weights[0] < 2.02 * frozen
    assert weights[1:4] == [4 * trained, 4 * trained, 8 * trained]
    assert sum(weights) + found.phases[found.worst] < found.total < 24 * GIB
    assert (
        f"{found.total / GIB:.1f}\n"
        in re.search(r"^wan-1.3b-lora.yaml .*\n", (ROOT / "docs/training.md").read_text(), re.M)[0]
    )
    assert min(found.phases["encode a clip and its target"], found.phases["decode an answer, at validation"]) > GIB


def test_the_tool_prints_a_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["memory_budget", *arguments])
        return main(), "".join(capsys.readouterr())

    tiny = str(FOLDER / "tiny.yaml")
    code, text = run(tiny, "--memory-gb", "24")
    assert code == 0 and "It fits in 24 GiB" in text and "TOTAL" in text and "without" in text
    code, text = run(tiny, "--memory-gb", "1", "--quick")
    assert code == 1 and "does NOT fit" in text and "activation_checkpointing=true" in text
    code, text = run(tiny, "model.init.num_layer=2")
    assert code == 2 and "num_layers" in text
    code, text = run(str(FOLDER / "wan-1.3b.yaml"), "model.path=somebody/else")
    assert code == 2 and "published.py" in text


def test_fsdp_holds_slices_and_gathers_blocks() -> None:
    plain, cut = budget(small(precision="bf16"), 1), budget(small(precision="bf16", fsdp=True), 4)
    names = [name for name in plain.resident if "float32" in name and "codec" not in name]
    assert all(plain.resident[n] / 4 <= cut.resident[n] < plain.resident[n] / 3.5 for n in names)
    passing = "forward and backward"
    assert cut.phases[passing] > cut.measured.step and plain.phases[passing] == plain.measured.step


def test_a_size_that_does_not_fit_is_said() -> None:
    with pytest.raises(ThfmError, match="6 frames"):
        footprint(small(), (1, 6, 64, 64))
