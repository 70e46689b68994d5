"""Files of commands: complete or as they were; nothing of somebody else's is deleted."""

import os
import subprocess
import sys

import pytest

from train.files import remove, replace_text


def test_what_cannot_be_finished_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "report.json"
    replace_text(path, ["{", "}"])

    def broken():
        yield "{"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        replace_text(path, broken())
    assert path.read_text() == "{}" and list(tmp_path.iterdir()) == [path]


def test_files_are_utf8_whatever_the_terminal_speaks(tmp_path):
    code = f"from train.files import *; replace_text(Path({str(tmp_path)!r}) / 'a', chr(0x2193))"
    env = os.environ | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    assert (tmp_path / "a").read_bytes() == "\u2193".encode()


def test_of_a_link_only_the_link_is_deleted(tmp_path):
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    (run / "pictures").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (run / "checkpoints").symlink_to(elsewhere)
    (run / "notes.txt").touch()
    remove(run, ("pictures", "checkpoints", "never there"))
    assert [path.name for path in run.iterdir()] == ["notes.txt"] and (elsewhere / "kept").is_file()
