"""Arrays out of a pickle, without running what else it may hold.

SMPL-X is also handed out as `.pkl`, written by Python 2 with NumPy, SciPy and chumpy objects. Their classes are never
imported: inert stand-ins take their place, and arrays are made from the bytes afterwards. Any other global in the file
is an error before anything is called.
"""

from __future__ import annotations

import collections
import copyreg
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS = "fiub"  # kinds of dtype


class UnsafePickleError(ValueError):
    """The pickle asks for something that is not data."""


def load_arrays(path: Path) -> dict[str, Any]:
    """The dict in a pickle, chumpy and SciPy sparse arrays made dense. Raises UnsafePickleError or UnpicklingError.

    Arrays of anything but numbers come back as None.
    """
    with path.open("rb") as file:
        content = _Unpickler(file, encoding="latin1").load()
    if not isinstance(content, dict):
        raise UnsafePickleError(f"{path} holds a {type(content).__name__}, expected a dict of arrays")
    return {str(key): _plain(value) for key, value in content.items()}


class _Stub:
    """Stands in for a class: takes any construction and state, and does nothing with them."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def plain(self) -> Any:
        """The data it stands for."""
        return None


class _Dtype(_Stub):
    def plain(self) -> np.dtype[Any]:
        """From its name and byte order alone; the rest of a dtype's state could lie about what its arrays hold."""
        dtype = np.dtype(str(self.arguments[0]))
        big_endian = isinstance(self.state, tuple) and self.state[1] == ">"
        return dtype.newbyteorder(">") if big_endian else dtype


class _Array(_Stub):
    def plain(self) -> NDArray[Any] | None:
        _, shape, dtype, is_fortran, raw = self.state
        return _from_bytes(raw, dtype, shape, "F" if is_fortran else "C")


class _Chumpy(_Stub):
    def plain(self) -> Any:
        return _plain(self.state["x"])


class _Columns(_Stub):
    """A SciPy CSC matrix."""

    by_column = True

    def plain(self) -> NDArray[Any]:
        data, indices, indptr = (_plain(self.state[key]) for key in ("data", "indices", "indptr"))
        shape = self.state.get("_shape", self.state.get("shape"))
        if shape is None:
            raise UnsafePickleError("a sparse matrix in the pickle has no shape")
        dense: NDArray[Any] = np.zeros(tuple(int(_plain(size)) for size in shape), data.dtype)
        outer = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        dense[(indices, outer) if self.by_column else (outer, indices)] = data
        return dense


class _Rows(_Columns):
    """A SciPy CSR matrix."""

    by_column = False


def _plain(value: Any) -> Any:
    return value.plain() if isinstance(value, _Stub) else value


def _from_bytes(raw: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any] | None:
    """An array of numbers, or None for one of anything else."""
    kind = _plain(dtype)
    if kind.kind not in _NUMBERS:
        return None
    data = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)
    if len(data) != kind.itemsize * math.prod(shape):
        raise UnsafePickleError(
            f"an array in the pickle has {len(data)} bytes, too few or too many for its shape {shape}"
        )
    return np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _scalar(dtype: Any, raw: Any = b"") -> Any:
    value = _from_bytes(raw, dtype, (), "C")
    return None if value is None else value[()]


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes. Other codecs are not array data."""
    if encoding != "latin1":
        raise UnsafePickleError(f"the pickle asks for the codec {encoding}, which is not array data")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """How protocols 0 to 2 write bytes of length zero."""
    return b""


_PYTHON: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("_codecs", "encode"): _latin1_bytes,
}
for _module in ("builtins", "__builtin__"):
    _PYTHON |= {(_module, "object"): object, (_module, "set"): set, (_module, "bytes"): _no_bytes}
for _module in ("copyreg", "copy_reg"):
    _PYTHON[_module, "_reconstructor"] = copyreg.__dict__["_reconstructor"]

_NUMPY: dict[tuple[str, str], Callable[..., Any]] = {("numpy", "ndarray"): _Stub, ("numpy", "dtype"): _Dtype}
for _module in ("numpy.core", "numpy._core"):
    _NUMPY |= {
        (f"{_module}.multiarray", "_reconstruct"): _reconstruct,
        (f"{_module}.multiarray", "scalar"): _scalar,
        (f"{_module}.numeric", "_frombuffer"): _from_bytes,
    }

_SPARSE = {"csc_matrix": _Columns, "csc_array": _Columns, "csr_matrix": _Rows, "csr_array": _Rows}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known = _PYTHON.get((module, name)) or _NUMPY.get((module, name))
        if known is not None:
            return known
        if module.partition(".")[0] == "chumpy":
            return _Chumpy
        if module.startswith("scipy.sparse") and name in _SPARSE:
            return _SPARSE[name]
        raise UnsafePickleError(f"the pickle asks for {module}.{name}, which is not array data; nothing of it was run")
