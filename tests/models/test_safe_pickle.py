"""Pickles: arrays come out, and nothing that a file asks for is ever run."""

from __future__ import annotations

import builtins
import codecs
import os
import pickle
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_array, csc_matrix, csr_array, csr_matrix

from models.safe_pickle import UnsafePickleError, load_arrays

PROTOCOLS = [0, 2, 4]
ARRAY = np.arange(6.0).reshape(2, 3)


class Call:
    """Pickled as a call, which a careless reader makes."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def write(path: Path, content: Any, protocol: int) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def calls_that_leave(marker: Path) -> dict[str, Call]:
    """Ways to make the marker file, by name."""
    code = f"open({str(marker)!r}, 'w').close()"
    return {
        "os.system": Call(os.system, f"touch {marker}"),
        "builtins.eval": Call(builtins.eval, code),
        "builtins.exec": Call(builtins.exec, code),
        "builtins.open": Call(builtins.open, str(marker), "w"),
        "subprocess.call": Call(subprocess.call, ["touch", str(marker)]),
        "numpy.save": Call(np.save, f"{marker}", 0),
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", list(calls_that_leave(Path())))
def test_call_is_refused_and_not_made(tmp_path: Path, name: str, protocol: int) -> None:
    made = tmp_path / "made"
    made.mkdir()
    call = calls_that_leave(made / "marker")[name]
    path = write(tmp_path / "bad.pkl", {"v_template": ARRAY, "f": call}, protocol)
    with pytest.raises(UnsafePickleError, match="which is not array data; nothing of it was run"):
        load_arrays(path)
    assert not list(made.iterdir())


@pytest.mark.parametrize("name", list(calls_that_leave(Path())))
def test_call_would_have_left_a_mark(tmp_path: Path, name: str) -> None:
    """That the test above can fail."""
    call, arguments = calls_that_leave(tmp_path / "marker")[name].call
    call(*arguments)
    assert list(tmp_path.iterdir())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_refusal_names_what_was_asked_for(tmp_path: Path, protocol: int) -> None:
    path = write(tmp_path / "bad.pkl", {"f": Call(os.path.expanduser, "~")}, protocol)
    with pytest.raises(UnsafePickleError, match=r"asks for posixpath\.expanduser|asks for ntpath\.expanduser"):
        load_arrays(path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_other_codec_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    ran = []

    def search(name: str) -> codecs.CodecInfo | None:
        if name != "wb_track_trap":
            return None
        ran.append(name)
        return codecs.lookup("utf-8")

    codecs.register(search)
    path = write(tmp_path / "bad.pkl", {"f": Call(codecs.encode, "text", "wb_track_trap")}, protocol)
    try:
        with pytest.raises(UnsafePickleError, match="codec wb_track_trap, which is not array data"):
            load_arrays(path)
    finally:
        codecs.unregister(search)
    assert not ran


@pytest.mark.parametrize(
    "stream",
    [
        b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",  # an attribute of what is allowed
        b"\x80\x04\x8c\x08builtins\x8c\x10object.__class__\x93.",
        b"\x80\x02cnumpy\nload\n.",  # a neighbour of what is allowed
        b"cscipy.sparse\nload_npz\n.",
    ],
)
def test_what_is_near_the_allowed_is_refused(tmp_path: Path, stream: bytes) -> None:
    path = tmp_path / "bad.pkl"
    path.write_bytes(stream)
    with pytest.raises(UnsafePickleError, match="which is not array data"):
        load_arrays(path)


class ForgedDtype:
    """float64 that says it holds Python objects: arrays of it would take numbers for addresses."""

    def __reduce__(self) -> tuple[Any, ...]:
        holds_objects = 0x3F
        return np.dtype, ("f8", False, True), (3, "<", None, None, None, -1, -1, holds_objects)


def test_forged_dtype_loses_its_lie(tmp_path: Path) -> None:
    dtype = load_arrays(write(tmp_path / "bad.pkl", {"f": ForgedDtype()}, 2))["f"]
    assert dtype == np.dtype("f8")
    assert not dtype.hasobject


@pytest.mark.parametrize("content", [[ARRAY], ARRAY, 3, None])
def test_what_is_not_a_dict_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(UnsafePickleError, match="expected a dict of arrays"):
        load_arrays(write(tmp_path / "bad.pkl", content, 2))


def test_text_is_no_pickle(tmp_path: Path) -> None:
    path = tmp_path / "bad.pkl"
    path.write_text("not a pickle\n")
    with pytest.raises(pickle.UnpicklingError):
        load_arrays(path)


ARRAYS = {
    "float64": ARRAY,
    "float32": ARRAY.astype(np.float32),
    "uint32": np.array([2**32 - 1, 0], np.uint32),
    "big-endian": ARRAY.astype(">f8"),
    "columns first": np.asfortranarray(ARRAY),
    "strided": np.arange(20)[::3],
    "zero-dimensional": np.array(2.5),
    "empty": np.zeros((0, 3)),
    "bytes above 127": np.arange(256, dtype=np.uint8),
}


@pytest.mark.parametrize("protocol", [*PROTOCOLS, 5])
@pytest.mark.parametrize("array", ARRAYS.values(), ids=list(ARRAYS))
def test_array_comes_back(tmp_path: Path, array: NDArray[Any], protocol: int) -> None:
    found = load_arrays(write(tmp_path / "good.pkl", {"x": array}, protocol))["x"]
    native = array.astype(array.dtype.newbyteorder("="))  # NumPy itself turns other byte orders round
    np.testing.assert_array_equal(found.astype(found.dtype.newbyteorder("=")), native, strict=True)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", [csc_matrix, csr_matrix, csc_array, csr_array])
def test_sparse_matrix_comes_back_dense(tmp_path: Path, kind: Callable[..., Any], protocol: int) -> None:
    dense = np.array([[0.0, 2.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 4.0]])  # with an empty row and column
    found = load_arrays(write(tmp_path / "good.pkl", {"x": kind(dense)}, protocol))["x"]
    np.testing.assert_array_equal(found, dense, strict=True)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_not_an_array_comes_back_beside_them(tmp_path: Path, protocol: int) -> None:
    content = {"x": ARRAY, "name": "neutral", "scale": np.float64(2.5), "parts": OrderedDict(hand=1)}
    found = load_arrays(write(tmp_path / "good.pkl", content, protocol))
    np.testing.assert_array_equal(found.pop("x"), ARRAY)
    assert found == {"name": "neutral", "scale": 2.5, "parts": {"hand": 1}}


def test_python_2_file_is_read(tmp_path: Path) -> None:
    """As NumPy under Python 2 wrote it: strings for bytes, old module names."""
    path = tmp_path / "good.pkl"
    path.write_bytes(
        b"(dp0\nS'x'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\ntp4\nS'b'\np5\ntp6\nRp7\n"
        b"(I1\n(I2\ntp8\ncnumpy\ndtype\np9\n(S'u1'\np10\nI0\nI1\ntp11\nRp12\n(I3\nS'|'\np13\nNNNI-1\nI-1\nI0\ntp14\nb"
        b"I00\nS'\\x07\\xfe'\np15\ntp16\nbs."
    )
    np.testing.assert_array_equal(load_arrays(path)["x"], np.array([7, 254], np.uint8), strict=True)
