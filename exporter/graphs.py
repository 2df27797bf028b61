"""Hand4Whole as four ONNX graphs and the detector as one, with the tensor names and dynamic batch of the contract."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from onnxscript import opset18 as op
from torch import Tensor, nn

from exporter.subpixel import SubpixelBoxNet
from models.networks.detector import Detector
from models.networks.hand4whole import Hand4Whole

OPSET = 18


@dataclass(frozen=True)
class GraphSpec:
    """One graph: its name, its tensors in order, and the part of the network it computes."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    compute: Callable[..., tuple[Tensor, ...]]


def graph_specs(network: Hand4Whole) -> tuple[GraphSpec, ...]:
    """Hand4Whole's graphs, in the order they run."""
    return (
        GraphSpec("body", ("crop",), ("features", "joints", "boxes"), network.body),
        GraphSpec("hand", ("crop", "boxes"), ("features", "joints", "rot6d"), network.hand),
        GraphSpec("face", ("crop", "box"), ("expression", "jaw_rot6d"), network.face),
        GraphSpec(
            "pose",
            ("body_features", "body_joints", "hand_features", "hand_joints"),
            ("root_rot6d", "body_rot6d", "betas", "camera"),
            network.pose,
        ),
    )


def detector_spec(detector: Detector) -> GraphSpec:
    """The detector's graph."""
    return GraphSpec("detector", ("image",), ("boxes", "scores"), detector.detect)


def for_export(network: Hand4Whole) -> Hand4Whole:
    """A copy that computes the same with layers that runtimes are good at."""
    copied = copy.deepcopy(network)
    copied.box_net = SubpixelBoxNet(copied.box_net)  # type: ignore[assignment]
    return copied.eval()


def export_graph(spec: GraphSpec, network: nn.Module, feeds: Mapping[str, Tensor], path: Path) -> None:
    """Write one graph to `path`, weights inside.

    feeds: inputs to trace it with, at least two in the batch, since a batch of one would be taken for a constant.
    """
    batch = torch.export.Dim("batch", min=1, max=1024)
    with _quiet():
        program = torch.onnx.export(
            _Graph(network, spec.compute),
            tuple(feeds[name].clone() for name in spec.inputs),
            input_names=list(spec.inputs),
            output_names=list(spec.outputs),
            dynamic_shapes=(({0: batch},) * len(spec.inputs),),
            custom_translation_table={torch.ops.wb_track.roi_align.default: _roi_align},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # None only where a file is asked for
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # the tracebacks of this machine, paths and all
    program.save(str(path), external_data=False)


class _Graph(nn.Module):
    """Makes a module of one part of the network, since only modules can be exported. `network` holds the weights."""

    def __init__(self, network: nn.Module, compute: Callable[..., tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.network = network
        self.compute = compute

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.compute(*inputs))


def _roi_align(image: Any, boxes: Any, image_index: Any, size_px: int) -> Any:
    """`models.networks.roi_align` as the standard operator."""
    return op.RoiAlign(
        image,
        boxes,
        image_index,
        output_height=size_px,
        output_width=size_px,
        sampling_ratio=0,
        coordinate_transformation_mode="output_half_pixel",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """torch.onnx reports progress and missing optional packages on stdout and in warnings; neither is for our users."""
    loggers: Sequence[logging.Logger] = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
