"""One graph in INT8, by ONNX Runtime's static quantisation: uint8 activations, int8 weights with a scale a channel.

Quantise and dequantise nodes (QDQ) stand around convolutions and what is between them; runtimes fuse them into integer
arithmetic. Coordinates, heatmaps' sums, sampling and regressions stay in float32.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process

_BATCH = 8
_PASSING = ("Relu", "MaxPool", "Add")  # computed in integers where all they take is


class Quantiser:
    """A graph and the ranges that its tensors have on the calibration pictures.

    `layers` are its convolutions, by the names of their weights, in the order they run; `heads` those of them that no
    other convolution follows.
    """

    def __init__(self, path: Path, feeds: Mapping[str, NDArray[Any]]) -> None:
        """feeds: inputs of the graph, N of each."""
        with tempfile.TemporaryDirectory(prefix="wb-export-") as folder, _quiet():
            prepared = Path(folder) / "prepared.onnx"
            quant_pre_process(path, prepared, skip_symbolic_shape=True)
            calibrator = create_calibrator(
                prepared,
                ["Conv", *_PASSING],
                augmented_model_path=str(Path(folder) / "calibrated.onnx"),
                calibrate_method=CalibrationMethod.MinMax,
            )
            calibrator.collect_data(_Reader(feeds))
            self._ranges = calibrator.compute_data()
            self._model = onnx.load(str(prepared))
        self._nodes = {_layer(node): node for node in self._model.graph.node if node.op_type == "Conv"}
        self.layers = tuple(self._nodes)
        followed = self._followed()
        self.heads = tuple(name for name, node in self._nodes.items() if node.output[0] not in followed)

    def write(self, path: Path, kept: Collection[str]) -> None:
        """The graph in INT8, but the layers `kept` in float32."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        nodes = self._integer_nodes(kept)
        if not nodes:  # the quantiser takes an empty list for all nodes
            onnx.save(model, str(path))
            return
        with _quiet():
            quantiser = QDQQuantizer(
                model,
                per_channel=True,
                reduce_range=False,
                weight_qType=QuantType.QInt8,
                activation_qType=QuantType.QUInt8,
                tensors_range=self._ranges,
                nodes_to_quantize=nodes,
                nodes_to_exclude=[],
                op_types_to_quantize=["Conv", *_PASSING],
                extra_options={},
            )
            quantiser.quantize_model()
            quantiser.model.save_model_to_file(str(path), False)

    def _integer_nodes(self, kept: Collection[str]) -> list[str]:
        """Names of the nodes that compute in integers: convolutions, and what takes only their results."""
        integer, nodes = set[str](), []
        floats = {id(self._nodes[name]) for name in kept}
        for node in self._model.graph.node:
            passes = node.op_type in _PASSING and all(name in integer for name in node.input)
            if (node.op_type == "Conv" and id(node) not in floats) or passes:
                nodes.append(node.name)
                integer.update(node.output)
        return nodes

    def _followed(self) -> set[str]:
        """Tensors from which some convolution is reached."""
        followed = set[str]()
        for node in reversed(self._model.graph.node):
            if node.op_type == "Conv" or not followed.isdisjoint(node.output):
                followed.update(node.input)
        return followed


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        self._batches = _batches(feeds)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._batches, None)


def _batches(feeds: Mapping[str, NDArray[Any]]) -> Iterator[dict[str, NDArray[Any]]]:
    count = len(next(iter(feeds.values())))
    for at in range(0, count, _BATCH):
        yield {name: np.ascontiguousarray(array[at : at + _BATCH]) for name, array in feeds.items()}


def _layer(node: onnx.NodeProto) -> str:
    return str(node.input[1]).removeprefix("network.").removesuffix(".weight")


class _quiet:  # noqa: N801 - used as a function
    """The quantiser advises on the root logger; what matters is raised or proven."""

    def __enter__(self) -> None:
        self._level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().setLevel(self._level)
