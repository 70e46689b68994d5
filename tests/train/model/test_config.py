"""Configs that make no sense end in one sentence."""

import pytest
from pydantic import ValidationError

from synth.conventions import ThfmError
from synth.settings import checked
from tests.train.model.tiny import INIT, tiny_config
from train.model import ModelConfig, build_codec, build_model


def test_path_or_init():
    for data in ({}, {"path": "x", "init": {}}):
        with pytest.raises(ThfmError, match="give either path"):
            checked(ModelConfig, data)
    with pytest.raises(ThfmError, match="no codec of its own"):
        checked(ModelConfig, {"init": {}})
    with pytest.raises(ThfmError, match="no text encoder"):
        checked(ModelConfig, {"init": {}, "codec": {"patch": {}}})
    with pytest.raises(ThfmError, match="codec.patch.spatail.*did you mean codec.patch.spatial"):
        checked(ModelConfig, {"path": "x", "codec": {"patch": {"spatail": 4}}})


def test_config_survives_a_round_trip():
    config = tiny_config("ltx", timestep=999)
    assert ModelConfig.model_validate(config.model_dump(mode="json")) == config
    with pytest.raises(ValidationError):
        config.timestep = 3


@pytest.mark.parametrize(
    "init,message",
    [
        ({"num_layer": 2}, "model.init.num_layer: WanTransformer3DModel has no such argument; did you mean num_layers"),
        ({"num_layers": "two"}, "model.init.num_layers: WanTransformer3DModel takes int, got 'two'"),
    ],
)
def test_init_is_checked_against_the_class(init, message):
    with pytest.raises(ThfmError, match=message):
        build_model(tiny_config(init={**INIT["wan"], **init}), {})


def test_codec_is_checked_against_the_backbone():
    with pytest.raises(ThfmError, match="codec gives 192 channels and the backbone takes 16"):
        build_codec(tiny_config(codec={"patch": {"spatial": 4}}))


def test_ltx_patches_count_into_its_channels():
    init = {**INIT["ltx"], "in_channels": 64, "out_channels": 64, "patch_size": 2}
    config = tiny_config("ltx", init=init)
    assert build_codec(config).channels == build_model(config, {}).backbone.channels == 16
    with pytest.raises(ThfmError, match="cross_attention_dim"):
        build_model(tiny_config("ltx", init={**INIT["ltx"], "cross_attention_dim": 32}), {})


def test_image_conditioned_models_are_refused():
    with pytest.raises(ThfmError, match="conditioned on images"):
        build_model(tiny_config(init={**INIT["wan"], "in_channels": 36}), {})


def test_a_backbone_that_is_not_there_is_named(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ThfmError, match="has no folder transformer/"):
        build_model(ModelConfig(path=str(tmp_path / "empty")), {})
    with pytest.raises(ThfmError, match="no folder here"):
        build_model(ModelConfig(path=str(tmp_path / "no" / "such" / "folder")), {})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ThfmError, match="run `hf download Wan-AI/None`.*HF_HOME.*or name a folder"):
        build_model(ModelConfig(path="Wan-AI/None"), {})
