"""The project as a whole: its import table, its pins, its entry points."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tomllib
from importlib.metadata import version as installed
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT, environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINT = (sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")


def run(*command: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )


def test_rooms_import_only_what_the_table_allows() -> None:
    done = run(*LINT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("from demo.upper import thing", "demo.lower.part:1 may not import demo.upper"),
        ("def f():\n    import json", "demo.lower.part:2 may not import json"),
        ("import other.room", "demo.lower.part:1 may not import other.room"),
        ("from demo.middle import thing", None),
        ("import other.open", None),
    ],
)
def test_the_import_contract_finds_a_forbidden_import(tmp_path: Path, line: str, fault: str | None) -> None:
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    for name in ("demo/lower", "demo/upper", "demo/middle", "other/room", "other/open"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("thing = 1\n")
    for name in ("demo", "other"):
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "demo/lower/part.py").write_text(line + "\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["demo", "other"]\ninclude_external_packages = true\n'
        'contract_types = ["rooms: tools.import_table.RoomsContract"]\n'
        '[[tool.importlinter.contracts]]\nname = "rooms"\ntype = "rooms"\npackage = "demo"\n'
        'rooms = ["middle:", "lower: middle other.open", "upper: lower"]\nexternal = ["json: upper"]\n'
    )
    command = [sys.executable, "-c", LINT[2], "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == (1 if fault else 0), done.stdout + done.stderr
    assert fault is None or fault in done.stdout


@pytest.mark.parametrize("module", ["synth.cli", "train.cli"])
def test_help_is_fast_and_loads_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, atexit, {module} as cli\n"
        "heavy = {'bpy', 'torch', 'ray', 'smplx', 'numpy', 'diffusers'}\n"
        "atexit.register(lambda: print('loaded:', sorted(heavy & sys.modules.keys())))\n"
        "sys.argv = ['command', '--help']\n"
        "cli.main()"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(sys.executable, "-c", code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0 and "Usage:" in done.stdout
    assert "loaded: []" in done.stdout
    # Processor time, which other work on the machine does not lengthen.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 1.0


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)", line) for line in lines if line and not line.startswith("#")]
    assert all(found), "every line of requirements.lock pins one version"
    return {m[1].lower().replace("_", "-"): m[2] for m in found}


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    locked, optional = pins(), PROJECT["optional-dependencies"]
    for text in [
        *PROJECT["dependencies"],
        *(r for extra in ("bodies", "render", "preview", "train", "dev") for r in optional[extra]),
    ]:
        requirement = Requirement(text)
        if requirement.name != "thfm":
            pin = locked[requirement.name.lower().replace("_", "-")]
            assert requirement.specifier.contains(pin), f"{requirement} against {pin}"


@pytest.mark.skipif(not Path(sys.prefix, "ready").exists(), reason="only the environment that make sets up is pinned")
def test_the_environment_holds_the_pinned_versions() -> None:
    for name in ("bpy", "torch", "numpy", "ray", "smplx", "av", "pyrender"):
        assert installed(name).partition("+")[0] == pins()[name]


def test_entry_points_lead_to_the_two_commands() -> None:
    assert PROJECT["scripts"] == {"thfm-synth": "synth.cli:main", "thfm-train": "train.cli:main"}
    assert PROJECT["name"] == "thfm" and PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_make_help_names_every_target_and_ci_calls_make_test() -> None:
    done = run("make", "--no-print-directory", "help")
    assert done.returncode == 0
    assert {"quickstart", "test", "lint", "help"} <= {line.split()[1] for line in done.stdout.splitlines()}
    assert os.access(ROOT / ".ci/run", os.X_OK) and "\nmake test\n" in (ROOT / ".ci/run").read_text()


def test_setup_names_the_packages_of_missing_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import system_libraries

    monkeypatch.setattr(system_libraries, "OPENED", ("libc.so.6", "libGLESv2.so.2.missing"))
    assert system_libraries.unopened() == {"libGLESv2.so.2.missing"}
    assert system_libraries.unlinked("bpy") <= system_libraries.PACKAGES.keys()
