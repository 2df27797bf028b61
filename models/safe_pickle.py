"""Arrays out of a pickle, without running what else it may hold.

SMPL-X is also handed out as `.pkl`, written by Python 2 with NumPy, SciPy and chumpy objects. Only their constructors
are on the list; any other global in the file is an error before anything is called.
"""

from __future__ import annotations

import collections
import copyreg
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class UnsafePickleError(ValueError):
    """The pickle asks for something that is not data."""


def load_arrays(path: Path) -> dict[str, Any]:
    """The dict in a pickle, chumpy and SciPy sparse arrays made dense. Raises UnsafePickleError or UnpicklingError."""
    with path.open("rb") as file:
        content = _Unpickler(file, encoding="latin1").load()
    if not isinstance(content, dict):
        raise UnsafePickleError(f"{path} holds a {type(content).__name__}, expected a dict of arrays")
    return {str(key): value.dense() if isinstance(value, _Stub) else value for key, value in content.items()}


class _Stub:
    """Stands in for a class we do not import: takes any construction and keeps its state."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def dense(self) -> NDArray[Any]:
        raise NotImplementedError


class _Chumpy(_Stub):
    def dense(self) -> NDArray[Any]:
        return np.asarray(self.state["x"])


class _Compressed(_Stub):
    """A SciPy CSC or CSR matrix."""

    by_column = True

    def dense(self) -> NDArray[Any]:
        shape = self.state.get("_shape", self.state.get("shape"))
        data, indices, indptr = (self.state[key] for key in ("data", "indices", "indptr"))
        if shape is None:
            raise UnsafePickleError("a sparse matrix in the pickle has no shape")
        out = np.zeros(shape, data.dtype)
        outer = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        out[(indices, outer) if self.by_column else (outer, indices)] = data
        return out


class _CompressedRows(_Compressed):
    by_column = False


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes. Other codecs are not array data."""
    if encoding != "latin1":
        raise UnsafePickleError(f"the pickle asks for the codec {encoding}, which is not array data")
    return text.encode("latin1")


_NUMPY = {"ndarray": np.ndarray, "dtype": np.dtype}
_MULTIARRAY = {
    "_reconstruct": np.empty(0).__reduce__()[0],
    "scalar": np.float64(0).__reduce__()[0],
}
_ALLOWED: dict[tuple[str, str], Any] = {
    **{("numpy", name): value for name, value in _NUMPY.items()},
    **{(f"numpy.{core}.multiarray", name): v for core in ("core", "_core") for name, v in _MULTIARRAY.items()},
    **{
        (f"numpy.{core}.numeric", "_frombuffer"): np.empty(1).__reduce_ex__(5)[0]  # protocol 5
        for core in ("core", "_core")
    },
    **{(module, "_reconstructor"): copyreg.__dict__["_reconstructor"] for module in ("copyreg", "copy_reg")},
    **{
        (module, name): kind
        for module in ("builtins", "__builtin__")
        for name, kind in (("object", object), ("set", set))
    },
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("_codecs", "encode"): _latin1_bytes,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module.partition(".")[0] == "chumpy":
            return _Chumpy
        if module.startswith("scipy.sparse") and name in ("csc_matrix", "csc_array"):
            return _Compressed
        if module.startswith("scipy.sparse") and name in ("csr_matrix", "csr_array"):
            return _CompressedRows
        raise UnsafePickleError(f"the pickle asks for {module}.{name}, which is not array data; nothing of it was run")
