"""Reading pictures of a benchmark's folder, and cutting long sequences into pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from synth.conventions import ThfmError

_AS_NUMBERS = {"1": "L", "LA": "L", "P": "RGB", "PA": "RGB"}  # whose stored numbers are no brightness alone
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


def pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, by name; none if there is no such folder."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES) if folder.is_dir() else []


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name; none if there is no such folder."""
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def read_rgb(paths: Sequence[Path], within: int | None = None) -> np.ndarray:
    """(T, H, W, 3) uint8 of pictures of one size, made smaller if their longer side is more than ``within`` pixels.

    Raises:
        ThfmError: naming the one that cannot be read.
    """
    return _stacked([_within(_read(path, "RGB"), within) for path in paths], paths)


def read_raw(paths: Sequence[Path]) -> np.ndarray:
    """(T, H, W) numbers as they are stored, 8 or 16 bit; of colour pictures the mean of the channels as float32."""
    raw = [_read(path, None) for path in paths]
    return _stacked([x if x.ndim == 2 else x[..., :3].mean(-1, dtype=np.float32) for x in raw], paths)


def read_alpha(paths: Sequence[Path]) -> np.ndarray:
    """(T, H, W) float32 in [0, 1] of grey pictures of 8 or 16 bit."""
    raw = read_raw(paths)
    return raw.astype(np.float32) / (65535 if raw.dtype.kind != "f" and raw.dtype.itemsize > 1 else 255)


def read_npz(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those of these arrays that a .npz file holds; nothing in it is unpickled. Raises ThfmError if it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names if name in file}
    except FileNotFoundError:
        raise ThfmError(f"{path} is missing: unpack the data set completely.") from None
    except Exception as error:  # damaged archives raise anything
        raise ThfmError(f"{path} cannot be read ({error}): unpack or fetch it again.") from None


def check_there(paths: Sequence[Path]) -> None:
    """Raises ThfmError for a file that is missing."""
    for path in paths:
        if not path.is_file():
            raise ThfmError(f"{path} is missing: unpack the data set completely.")


def pieces(count: int, length: int | None) -> Iterator[slice]:
    """Slices of at most ``length`` frames that follow each other, as even as can be; one slice if length is None, none
    if there is no frame."""
    parts = -(-count // (length or max(count, 1)))
    edges = np.linspace(0, count, parts + 1).round().astype(int)
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        yield slice(int(start), int(stop))


def piece_key(name: str, part: slice, count: int) -> str:
    """The name of a sequence, with the frames of a piece that is not the whole."""
    return name if part.stop - part.start == count else f"{name}-{part.start:05d}"


def _read(path: Path, mode: str | None) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            mode = mode or _AS_NUMBERS.get(picture.mode)
            return np.asarray(picture.convert(mode) if mode else picture)
    except FileNotFoundError:
        raise ThfmError(f"{path} is missing: unpack the data set completely.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ThfmError(f"{path} cannot be read ({error}): unpack or fetch it again.") from None


def _within(picture: np.ndarray, within: int | None) -> np.ndarray:
    longer = max(picture.shape[:2])
    if within is None or longer <= within:
        return picture
    size = tuple(max(1, round(side * within / longer)) for side in picture.shape[1::-1])
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=3))


def _stacked(arrays: list[np.ndarray], paths: Sequence[Path]) -> np.ndarray:
    for array, path in zip(arrays, paths, strict=True):
        if array.shape != arrays[0].shape:
            raise ThfmError(f"{path} is of another size than {paths[0].name}: {array.shape}, not {arrays[0].shape}.")
    return np.stack(arrays)
