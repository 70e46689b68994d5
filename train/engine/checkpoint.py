"""Checkpoints: a folder a step, complete or not there at all, written in the background.

``step-00000100/`` holds ``state-*-of-*.safetensors`` (trained weights, moments, averages: ``train.engine.pieces``),
``state.json`` (all that is no tensor) and, written last, ``manifest.json`` with the size and CRC-32 of every file. The
folder gets its name when it is complete and on disk. With FSDP2 each process writes its slice, so all must see one
folder; otherwise only process 0 writes.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from synth.conventions import ThfmError
from train.engine.pieces import Pieces, is_sharded, read_pieces, take_pieces, write_pieces

_PATIENCE = 1800.0  # seconds that process 0 waits for the others' slices


class Writer:
    """Writes checkpoints of this process, one at a time, in a thread.

    Args:
        folder: ``RUN/checkpoints``.
        keep_last, keep_best: how many of the newest, and of those with the smallest score, survive.
    """

    def __init__(self, folder: Path, rank: int, world: int, keep_last: int, keep_best: int):
        self.folder, self.rank, self.world = folder, rank, world
        self.keep_last, self.keep_best = keep_last, keep_best
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def begin(self, step: int) -> None:
        """Wait for the previous checkpoint, then make room for this one; all processes must have done so before
        any calls ``save``. Raises what the previous one failed with."""
        self.wait()
        if self.rank == 0:
            shutil.rmtree(self._unfinished(step), ignore_errors=True)
            self._unfinished(step).mkdir(parents=True)

    def save(self, step: int, tensors: Mapping[str, Tensor], state: dict, score: float | None = None) -> None:
        """Copy everything to the CPU and return; writing goes on in the background.

        Args:
            state: JSON-able; that of process 0 is written.
            score: smaller is better; None for none.
        """
        pieces, sharded, text = take_pieces(tensors, self.rank), is_sharded(tensors), json.dumps(state)
        if self.rank and not sharded:
            return
        writers = self.world if sharded else 1
        self._thread = threading.Thread(target=self._guarded, args=(step, pieces, text, score, writers))
        self._thread.start()

    def wait(self) -> None:
        """Until nothing is being written; raises what writing failed with."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise ThfmError(
                f"a checkpoint could not be written to {self.folder} ({error}): is the disk full?"
            ) from error

    def _guarded(self, *arguments: object) -> None:
        try:
            self._write(*arguments)
        except BaseException as error:  # carried to the loop by wait()
            self._error = error

    def _write(self, step: int, pieces: Pieces, text: str, score: float | None, writers: int) -> None:
        folder = self._unfinished(step)
        path = folder / f"state-{self.rank:05d}-of-{writers:05d}.safetensors"
        write_pieces(path, pieces)
        note = folder / f"written-{self.rank:05d}.json"
        _write_text(note.with_suffix(".part"), json.dumps({path.name: _fingerprint(path)}))
        os.replace(note.with_suffix(".part"), note)
        if self.rank:
            return
        files = self._gather_notes(folder, writers)
        _write_text(folder / "state.json", text)
        files["state.json"] = _fingerprint(folder / "state.json")
        _write_text(folder / "manifest.json", json.dumps({"step": step, "score": score, "files": files}, indent=1))
        for name in [*files, "manifest.json"]:
            _flush(folder / name)
        _flush(folder)
        final = self.folder / f"step-{step:08d}"
        shutil.rmtree(final, ignore_errors=True)
        os.replace(folder, final)
        _flush(self.folder)
        self._forget_old()

    def _gather_notes(self, folder: Path, writers: int) -> dict[str, dict]:
        files, start = {}, time.monotonic()
        for rank in range(writers):
            note = folder / f"written-{rank:05d}.json"
            while not note.exists():
                if time.monotonic() - start > _PATIENCE:
                    raise TimeoutError(f"process {rank} wrote nothing to {folder}: all must see the same folder")
                time.sleep(0.05)
            files |= json.loads(note.read_text())
            note.unlink()
        return files

    def _forget_old(self) -> None:
        kept = complete_checkpoints(self.folder)
        scores = {path: json.loads((path / "manifest.json").read_text())["score"] for path in kept}
        best = sorted((p for p in kept if scores[p] is not None), key=lambda p: scores[p])[: self.keep_best]
        for path in kept[: -self.keep_last]:
            if path not in best:
                shutil.rmtree(path)

    def _unfinished(self, step: int) -> Path:
        return self.folder / f".unfinished-{step:08d}"


def complete_checkpoints(folder: Path) -> list[Path]:
    """Folders of checkpoints, oldest first."""
    return sorted(path for path in folder.glob("step-*") if path.is_dir()) if folder.is_dir() else []


def faults(checkpoint: Path, part: int = 0, parts: int = 1) -> str | None:
    """What is wrong with a checkpoint, or None. Of the files' contents, every ``parts``-th is checked."""
    try:
        files = json.loads((checkpoint / "manifest.json").read_text())["files"]
    except (OSError, ValueError, KeyError) as error:
        return f"manifest.json cannot be read ({error})"
    for name, expected in files.items():
        path = checkpoint / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != expected["size"]:
            return f"{name} has {path.stat().st_size} bytes instead of {expected['size']}"
    for name in sorted(files)[part::parts]:
        if _fingerprint(checkpoint / name) != files[name]:
            return f"{name} has another checksum than when it was written"
    return None


def load_state(checkpoint: Path) -> dict:
    """The part that is no tensor."""
    return json.loads((checkpoint / "state.json").read_text())


def load_tensors(checkpoint: Path, tensors: Mapping[str, Tensor]) -> None:
    """Fill ``tensors`` in place; ThfmError if the checkpoint holds others."""
    read_pieces(list(checkpoint.glob("state-*-of-*.safetensors")), tensors)


def _fingerprint(path: Path) -> dict:
    crc, size = 0, 0
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            crc, size = zlib.crc32(block, crc), size + len(block)
    return {"size": size, "crc32": crc}


def _write_text(path: Path, text: str) -> None:
    path.write_text(text)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
