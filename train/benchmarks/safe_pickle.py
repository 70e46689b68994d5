"""Pickles of people that we do not know, without running what is in them.

A pickle may name any function to be called. Here it may name only those that make numpy arrays and plain containers;
classes of body models' files (chumpy, scipy's sparse matrices) become boxes that hold what was stored. Everything
else is refused before anything of it runs.
"""

from __future__ import annotations

import _codecs
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.core import multiarray

from synth.conventions import ThfmError


class Box:
    """What a pickle stored of an object whose class is not loaded: its attributes as ``state``."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _reconstruct(subtype: type, shape: tuple, kind: bytes) -> np.ndarray:
    """numpy's own, for plain arrays alone."""
    if subtype is not np.ndarray:
        raise pickle.UnpicklingError("an array of a class of its own")
    return multiarray._reconstruct(np.ndarray, shape, kind)


def _frombuffer(data: Any, kind: np.dtype, shape: tuple, order: str) -> np.ndarray:
    """How protocol 5 stores arrays."""
    return np.frombuffer(data, dtype=kind).reshape(shape, order=order)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """How later versions store bytes for earlier ones."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8"):
        raise pickle.UnpicklingError("an unusual encoding")
    return _codecs.encode(text, encoding)


def _reconstructor(kind: type, base: type, state: Any) -> Any:
    """How early versions store objects without arguments."""
    if not (isinstance(kind, type) and issubclass(kind, Box | OrderedDict)) or base is not object:
        raise pickle.UnpicklingError("an object of an unknown class")
    return kind()


_NUMPY = {
    "_reconstruct": _reconstruct,
    "scalar": lambda *a: multiarray.scalar(*a),
    "ndarray": np.ndarray,
    "dtype": np.dtype,
}
_BUILTIN = {"set": set, "frozenset": frozenset, "bytearray": bytearray, "complex": complex, "object": object}
_ALLOWED: dict[tuple[str, str], Any] = {
    **{(m, n): f for m in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray") for n, f in _NUMPY.items()},
    **{(m, "_frombuffer"): _frombuffer for m in ("numpy.core.numeric", "numpy._core.numeric")},
    **{(m, n): f for m in ("builtins", "__builtin__") for n, f in _BUILTIN.items()},
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
    ("copy_reg", "_reconstructor"): _reconstructor,
    ("copyreg", "_reconstructor"): _reconstructor,
}
_BOXED = ("chumpy.", "scipy.sparse.")  # as SMPL's files hold them


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if f"{module}.".startswith(_BOXED):
            return type("Box", (Box,), {})  # a new one each time: a pickle may write on the classes that it names
        raise pickle.UnpicklingError(f"{module}.{name}")


def load_plain(source: Path | BinaryIO, encoding: str = "latin1") -> Any:
    """The content of a pickle of arrays, numbers, texts and containers.

    Args:
        encoding: of the texts in files of Python 2.

    Raises:
        ThfmError: the file is damaged, or names anything else; then nothing of it was run.
    """
    try:
        if isinstance(source, Path):
            with open(source, "rb") as file:
                return _Plain(file, encoding=encoding).load()
        return _Plain(source, encoding=encoding).load()
    except OSError as error:
        raise ThfmError(f"{source} cannot be read ({error.strerror}): unpack the data set completely.") from None
    except Exception as error:  # damaged pickles raise anything
        raise ThfmError(
            f"{source} is no pickle of arrays and plain values ({type(error).__name__}: {error}); nothing of it was "
            "run. Fetch it again from its authors."
        ) from None


def array(value: Any) -> np.ndarray:
    """An array, also if it was stored in a box: chumpy's ``x``, or a sparse matrix in compressed columns."""
    if not isinstance(value, Box):
        return np.asarray(value)
    state = value.state if isinstance(value.state, dict) else {}
    if "x" in state:
        return array(state["x"])
    if {"indptr", "indices", "data"} <= state.keys():
        rows, columns = state.get("_shape", state.get("shape"))
        dense = np.zeros((rows, columns))
        column = np.repeat(np.arange(columns), np.diff(array(state["indptr"])))
        np.add.at(dense, (array(state["indices"]), column), array(state["data"]))
        return dense
    raise ThfmError(f"an object of a body model cannot be read: it holds {', '.join(state) or 'nothing'}.")
