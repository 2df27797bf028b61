"""The contract every engine keeps: named arrays in, named arrays out, and nothing falls back in silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray


class EngineError(RuntimeError):
    """A graph cannot be run as asked; the message says what to do."""


class DeviceTensor(Protocol):
    """An output left where the engine computed it, to be fed to another engine of the same device."""

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def numpy(self) -> NDArray[Any]: ...


Tensor = NDArray[Any] | DeviceTensor


@dataclass(frozen=True)
class TensorSpec:
    """dtype and shape of an input or output; None is a dimension left to the caller."""

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]

    def accepts(self, tensor: Tensor) -> bool:
        """Whether a tensor has this dtype and a shape that fits."""
        return (
            tensor.dtype == self.dtype
            and len(tensor.shape) == len(self.shape)
            and all(want in (None, have) for want, have in zip(self.shape, tensor.shape, strict=True))
        )

    def __str__(self) -> str:
        return f"{self.dtype} ({', '.join('any' if n is None else str(n) for n in self.shape)})"


class Engine(Protocol):
    """One graph, loaded on one device. A context manager: leaving it frees the device's memory."""

    @property
    def device(self) -> str:
        """What it runs on: "cpu", "cuda"."""
        ...

    @property
    def inputs(self) -> Mapping[str, TensorSpec]: ...

    @property
    def outputs(self) -> Mapping[str, TensorSpec]: ...

    def run(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Any]:
        """All outputs by name, as arrays; those in `keep` stay on the device as `DeviceTensor`.

        Raises EngineError when a name, dtype or shape is not the graph's.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def check_feeds(graph: str, inputs: Mapping[str, TensorSpec], feeds: Mapping[str, Tensor]) -> None:
    """Raise EngineError unless `feeds` are exactly the graph's inputs."""
    if feeds.keys() != inputs.keys():
        raise EngineError(f"{graph} takes inputs {', '.join(inputs)}, but was given {', '.join(feeds) or 'none'}")
    for name, spec in inputs.items():
        if not spec.accepts(feeds[name]):
            given = feeds[name]
            raise EngineError(f"{graph} takes {name} as {spec}, but was given {given.dtype} {given.shape}")
