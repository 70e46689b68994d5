"""Pickles of arrays come through; whatever else a pickle may ask for is refused and not run."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from synth.conventions import ThfmError
from train.benchmarks.safe_pickle import array, load_plain


def loaded(content, protocol: int = 4):
    return load_plain(io.BytesIO(pickle.dumps(content, protocol)))


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_plain_values_come_through(protocol: int) -> None:
    rng = np.random.default_rng(0)
    content = {
        "gender": "female",
        "n": 3,
        "flag": np.bool_(True),
        "scalar": np.float32(0.5),
        "joints": rng.normal(size=(4, 24, 3)),
        "mask": rng.random(5) < 0.5,
        "fortran": np.asfortranarray(rng.normal(size=(3, 4))),
        "names": np.array(["a", "bc"]),
        "objects": np.array([{"x": np.arange(3)}, None], dtype=object),
        "ordered": OrderedDict(a=(1, 2.5, b"raw"), b={3, 4}),
    }
    again = loaded(content, protocol)
    assert again.keys() == content.keys()
    for name in ("joints", "mask", "fortran", "names"):
        np.testing.assert_array_equal(again[name], content[name])
        assert again[name].dtype == content[name].dtype
    np.testing.assert_array_equal(again["objects"][0]["x"], [0, 1, 2])
    assert again["ordered"] == content["ordered"] and again["scalar"] == 0.5 and again["flag"]


class Call:
    """Asks for a function to be called when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_of_a_malicious_pickle_is_run(protocol: int, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = f"open({str(trace)!r}, 'w').write('run')"
    attacks = {
        "os.system": Call(os.system, f"touch {trace}"),
        "subprocess": Call(subprocess.check_call, ["touch", str(trace)]),
        "exec": Call(exec, code),
        "eval": Call(eval, code),
        "getattr": Call(getattr, os, "system"),
        "import": Call(__import__, "os"),
        "open": Call(open, str(trace), "w"),
        "numpy.load": Call(np.load, str(trace)),
        "inside an array": np.array([Call(os.system, f"touch {trace}")], dtype=object),
        "inside a dict": {"smpl": {"betas": [Call(os.system, f"touch {trace}")]}},
    }
    for name, attack in attacks.items():
        if name == "getattr":
            attack = Call(getattr, "".join, "__class__")
        path = tmp_path / "data.pkl"
        path.write_bytes(pickle.dumps(attack, protocol))
        with pytest.raises(ThfmError, match="nothing of it was run"):
            load_plain(path)
        assert not trace.exists(), name
    # The same bytes are dangerous to the ordinary loader, so the attack is real.
    pickle.loads(pickle.dumps(attacks["exec"], protocol))
    assert trace.exists()


def test_dotted_names_and_foreign_array_classes_are_refused() -> None:
    deep = b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93."
    with pytest.raises(ThfmError, match="numpy.ndarray.__class__"):
        load_plain(io.BytesIO(deep))
    own = types.new_class("Own", (np.ndarray,))
    own.__module__, sys.modules["numpy"].Own = "numpy", own
    try:
        data = pickle.dumps(np.zeros(2).view(own))
    finally:
        del sys.modules["numpy"].Own
    with pytest.raises(ThfmError, match="numpy.Own"):
        load_plain(io.BytesIO(data))


def test_body_models_of_chumpy_and_scipy_come_as_arrays(tmp_path: Path) -> None:
    """chumpy's arrays keep their numbers in ``x``; here a class of that module and name stands for it."""
    module = types.ModuleType("chumpy.ch")

    class Ch:
        def __init__(self, x):
            self.x = x

    Ch.__module__, Ch.__qualname__, module.Ch = "chumpy.ch", "Ch", Ch
    matrix = sparse.random(5, 9, 0.4, "csc", random_state=0)
    numbers = np.random.default_rng(0).normal(size=(3, 2))
    sys.modules |= {"chumpy": types.ModuleType("chumpy"), "chumpy.ch": module}
    try:
        data = pickle.dumps({"shapedirs": Ch(numbers), "J_regressor": matrix}, 2)
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]
    found = load_plain(io.BytesIO(data))
    np.testing.assert_array_equal(array(found["shapedirs"]), numbers)
    np.testing.assert_allclose(array(found["J_regressor"]), matrix.toarray())
    np.testing.assert_array_equal(array(numbers), numbers)


def test_damaged_and_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.pkl"
    path.write_bytes(pickle.dumps({"a": np.zeros(100)})[:60])
    with pytest.raises(ThfmError, match="cut.pkl is no pickle of arrays"):
        load_plain(path)
    with pytest.raises(ThfmError, match="gone.pkl cannot be read"):
        load_plain(tmp_path / "gone.pkl")
