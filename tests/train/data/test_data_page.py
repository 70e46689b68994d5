"""docs/data.md is true: its config is valid, its snippet writes a data set that the loader reads."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from train.data import DataConfig, Request, build_loader

PAGE = (Path(__file__).parents[3] / "docs" / "data.md").read_text()


def test_config_is_valid():
    shown = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])["data"]
    config = DataConfig.model_validate(shown)
    assert config.source_names == ("synthetic", "real") and config.sizes == ((480, 832), (832, 480))


def test_snippet_writes_what_the_loader_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], "docs/data.md", "exec"), {})
    config = DataConfig(sources=[{"url": "mattes"}], lengths=[{"frames": 9}], sizes=[(48, 64)], workers=0)
    batch = next(build_loader(config, {"matte": Request(("matte",), 1, lambda sample: {})}, 2))
    assert sorted(batch.keys) == ["dancer-1", "dancer-2"] and set(batch.captions) == {"a person dances"}
