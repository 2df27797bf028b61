"""Device memory and streams through the NVIDIA driver: TensorRT needs no PyTorch for them, and no CUDA toolkit.

Written to the documented CUDA driver interface; not run on hardware.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.engine import EngineError

_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR


def driver_is_installed() -> bool:
    """Whether the driver's library is there; whether there is a GPU is said by starting it."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return True


class CudaDriver:
    """The first GPU and its primary context, which is the one that TensorRT uses. Raises EngineError without one."""

    def __init__(self) -> None:
        try:
            self._library: Any = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise EngineError("TensorRT was asked for, but there is no NVIDIA driver; choose --engine cpu") from error
        self._call("cuInit", 0)
        self._device = ctypes.c_int()
        self._call("cuDeviceGet", ctypes.byref(self._device), 0)
        self._context = ctypes.c_void_p()
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), self._device)
        self._free: dict[int, list[int]] = {}  # addresses by size

    @property
    def gpu(self) -> str:
        """Name and compute capability, as "NVIDIA H100 80GB HBM3 sm90"."""
        name = ctypes.create_string_buffer(256)
        self._call("cuDeviceGetName", name, len(name), self._device)
        return f"{name.value.decode()} sm{self._attribute(_MAJOR)}{self._attribute(_MINOR)}"

    @property
    def memory_bytes(self) -> int:
        """All of the GPU's memory."""
        size = ctypes.c_size_t()
        self._call("cuDeviceTotalMem_v2", ctypes.byref(size), self._device)
        return size.value

    def enter(self) -> None:
        """Make the context that of this thread; needed before anything below."""
        self._call("cuCtxSetCurrent", self._context)

    def stream(self) -> int:
        """A new stream's handle."""
        handle = ctypes.c_void_p()
        self._call("cuStreamCreate", ctypes.byref(handle), _NON_BLOCKING)
        assert handle.value is not None
        return handle.value

    def wait(self, stream: int) -> None:
        self._call("cuStreamSynchronize", ctypes.c_void_p(stream))

    def memory(self, size: int) -> DeviceMemory:
        """At least `size` bytes, used again once nothing refers to them."""
        size = max(256, 1 << (size - 1).bit_length())
        kept = self._free.setdefault(size, [])
        if kept:
            address = kept.pop()
        else:
            pointer = ctypes.c_uint64()
            self._call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
            address = pointer.value
        memory = DeviceMemory(address)
        weakref.finalize(memory, kept.append, address)
        return memory

    def upload(self, memory: DeviceMemory, array: NDArray[Any], stream: int) -> None:
        """array: contiguous, unchanged until the stream was waited for."""
        source = ctypes.c_void_p(array.ctypes.data)
        size = ctypes.c_size_t(array.nbytes)
        self._call("cuMemcpyHtoDAsync_v2", ctypes.c_uint64(memory.address), source, size, ctypes.c_void_p(stream))

    def download(self, memory: DeviceMemory, array: NDArray[Any], stream: int) -> None:
        """array: contiguous; filled once the stream was waited for."""
        target = ctypes.c_void_p(array.ctypes.data)
        size = ctypes.c_size_t(array.nbytes)
        self._call("cuMemcpyDtoHAsync_v2", target, ctypes.c_uint64(memory.address), size, ctypes.c_void_p(stream))

    def close(self, stream: int) -> None:
        """Free a stream and the memory that nothing refers to."""
        self.enter()
        self._call("cuStreamDestroy_v2", ctypes.c_void_p(stream))
        for addresses in self._free.values():
            while addresses:
                self._call("cuMemFree_v2", ctypes.c_uint64(addresses.pop()))

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), number, self._device)
        return value.value

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            raise EngineError(f"the NVIDIA driver's {name} failed with code {code}; choose --engine cpu to run without")


@dataclass(frozen=True)
class DeviceMemory:
    """Memory on the GPU; freed for others when no one holds this."""

    address: int


@dataclass(frozen=True)
class CudaTensor:
    """An output that stays on the GPU. stream: that it was computed on, waited for already."""

    memory: DeviceMemory
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    driver: CudaDriver
    stream: int

    def numpy(self) -> NDArray[Any]:
        """A copy in host memory."""
        array = np.empty(self.shape, self.dtype)
        self.driver.enter()
        self.driver.download(self.memory, array, self.stream)
        self.driver.wait(self.stream)
        return array
