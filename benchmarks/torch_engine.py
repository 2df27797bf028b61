"""A part of the network in PyTorch, eager or as a CUDA graph, behind the contract of engines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

from engines.closing import Closing
from engines.engine import Tensor, TensorSpec
from models.networks import hand4whole
from models.networks.hand4whole import Hand4Whole

_MOST_SAMPLES = 4  # of a bin's side: boxes of up to four times the part crop
_WARM_UP = 3  # runs before a CUDA graph is captured

PARTS = ("body", "hand", "face", "pose")
_INPUTS: Mapping[str, tuple[str, ...]] = {
    "body": ("crop",),
    "hand": ("crop", "boxes"),
    "face": ("crop", "box"),
    "pose": ("body_features", "body_joints", "hand_features", "hand_joints"),
}
_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "body": ("features", "joints", "boxes"),
    "hand": ("features", "joints", "rot6d"),
    "face": ("expression", "jaw_rot6d"),
    "pose": ("root_rot6d", "body_rot6d", "betas", "camera"),
}


@dataclass(frozen=True)
class TorchTensor:
    """An output that stays on the device."""

    value: torch.Tensor

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(str(self.value.dtype).removeprefix("torch."))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    def numpy(self) -> NDArray[Any]:
        """A copy in host memory."""
        return np.array(self.value.cpu().numpy())


class TorchEngine(Closing):
    """One graph of a Hand4Whole that is on the device already. See `engines.engine.Engine`; here only to be measured.

    captured: runs as a CUDA graph, one for every size of batch, as inference runtimes do.
    """

    def __init__(self, network: Hand4Whole, graph: str, device: str, *, captured: bool = False) -> None:
        self.device = device
        height, width = network.config.crop_hw
        self.inputs = {"crop": TensorSpec(np.dtype(np.uint8), (None, height, width, 3))} if graph == "body" else {}
        self.outputs: dict[str, TensorSpec] = {}
        self._compute: Callable[..., tuple[torch.Tensor, ...]] = getattr(network, graph)
        self._names, self._results = _INPUTS[graph], _OUTPUTS[graph]
        self._captured = captured
        self._graphs: dict[int, _Captured] = {}

    def run(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Any]:
        """See `Engine.run`."""
        given = [self._on_device(feeds[name]) for name in self._names]
        with torch.inference_mode():
            outputs = self._replayed(given) if self._captured else self._compute(*given)
        named = dict(zip(self._results, outputs, strict=True))
        return {
            # What a CUDA graph gives is written over by the next run.
            name: TorchTensor(value.clone() if self._captured else value) if name in keep else value.cpu().numpy()
            for name, value in named.items()
        }

    def close(self) -> None:
        self._graphs.clear()

    def _on_device(self, tensor: Tensor) -> torch.Tensor:
        if isinstance(tensor, TorchTensor):
            return tensor.value
        return torch.from_numpy(np.ascontiguousarray(tensor)).to(self.device)

    def _replayed(self, given: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        size = len(given[0])
        if size not in self._graphs:
            with capturable():
                self._graphs[size] = _Captured(self._compute, given)
        return self._graphs[size](given)


@contextmanager
def capturable() -> Iterator[None]:
    """While entered, and after a first run, networks neither ask the device anything nor copy to it; results stay."""
    constants: dict[tuple[str, torch.dtype, torch.device], torch.Tensor] = {}
    made = torch.Tensor.new_tensor

    def constant(like: torch.Tensor, values: object) -> torch.Tensor:
        key = (repr(values), like.dtype, like.device)
        if key not in constants:
            constants[key] = made(like, values)
        return constants[key]

    with (
        mock.patch.object(torch.Tensor, "new_tensor", constant),
        mock.patch.object(hand4whole, "roi_align", roi_align),
    ):
        yield


def roi_align(image: torch.Tensor, boxes: torch.Tensor, image_index: torch.Tensor, size_px: int) -> torch.Tensor:
    """`models.networks.roi_align` for boxes of up to `_MOST_SAMPLES` times the size, which asks the device nothing and
    can so be captured."""
    rows = _weights(boxes[:, 1], boxes[:, 3], image.shape[2], size_px)  # (R, S, H)
    columns = _weights(boxes[:, 0], boxes[:, 2], image.shape[3], size_px)  # (R, S, W)
    picked = image[image_index].float()  # (R, C, H, W)
    return (rows[:, None] @ picked @ columns[:, None].transpose(2, 3)).to(image.dtype)


def _weights(low: torch.Tensor, high: torch.Tensor, length: int, bins: int) -> torch.Tensor:
    """Weight of each pixel of an axis in each bin: (R,), (R,) -> (R, bins, length)."""
    extent = (high - low).clamp(min=1.0)
    samples = torch.ceil(extent / bins)[:, None]  # (R, 1)
    sample = torch.arange(_MOST_SAMPLES, dtype=low.dtype, device=low.device)
    bin_index = torch.arange(bins, dtype=low.dtype, device=low.device)
    within = ((sample + 0.5) / samples)[:, None]  # (R, 1, K), in bins
    at = low[:, None, None] + (bin_index[:, None] + within) * (extent / bins)[:, None, None]  # (R, bins, K)
    counts = (sample < samples)[:, None] & (at >= -1.0) & (at <= length)
    pixel = torch.arange(length, dtype=low.dtype, device=low.device)
    hats = (1.0 - (at.clamp(0.0, length - 1.0)[..., None] - pixel).abs()).clamp(min=0.0)  # (R, bins, K, length)
    return (hats * counts[..., None]).sum(2) / samples[:, :, None]


class _Captured:
    """A function of tensors of fixed shapes as a CUDA graph. Not run on hardware."""

    def __init__(self, compute: Callable[..., tuple[torch.Tensor, ...]], given: list[torch.Tensor]) -> None:
        self._given = [tensor.clone() for tensor in given]
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                compute(*self._given)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._outputs = compute(*self._given)

    def __call__(self, given: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        for kept, tensor in zip(self._given, given, strict=True):
            kept.copy_(tensor)
        self._graph.replay()
        return self._outputs
