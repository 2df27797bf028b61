"""TensorRT engine files for a bundle, built on the GPU that will run them. TensorRT 10 and 11; not run on hardware.

Networks are strongly typed: what is FP16 in the graph is FP16 in the engine, what is FP32 is computed without TF32.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper
from tqdm import tqdm

from engines.bundle import Bundle
from engines.cuda_driver import CudaDriver
from engines.engine import EngineError
from engines.tensorrt_engine import import_tensorrt, started
from engines.tensorrt_files import FOLDER, MOST_PEOPLE, EngineKey

_TIMING_CACHE = "timing.cache"
_WORKSPACE_BYTES = 1 << 30


def build_engines(folder: Path, report: Callable[[str], None]) -> None:
    """Build what the bundle in a folder lacks for this GPU and this TensorRT, into its tensorrt/ folder.

    Raises BundleError, FileNotFoundError, and EngineError where there is no TensorRT or GPU, or a graph will not build.
    """
    bundle = Bundle.load(folder)
    trt = import_tensorrt()
    if bundle.precision == "int8":
        raise EngineError(
            "INT8 bundles are for CPUs: their activations are uint8, which TensorRT does not take; export with --fp16"
        )
    driver = CudaDriver()
    driver.enter()
    engines = folder / FOLDER
    engines.mkdir(exist_ok=True)
    for graph, path in bundle.graphs.items():
        key = EngineKey.of(bundle, graph, driver.gpu, trt.__version__)
        target = engines / key.file_name
        if target.exists():
            report(f"{graph:5} {target.name} is there")
            continue
        plan = _build(trt, graph, path, engines / _TIMING_CACHE)
        _write(target, plan)
        report(f"{graph:5} {target.name}")


def tensorrt_graph(path: Path) -> bytes:
    """The ONNX graph with its uint8 inputs made float32 first of all: TensorRT takes them for nothing but a cast."""
    model = onnx.load(str(path))
    graph = model.graph
    for tensor in graph.input:
        if tensor.type.tensor_type.elem_type == TensorProto.UINT8:
            floats = f"{tensor.name}_float"
            for node in graph.node:
                node.input[:] = [floats if name == tensor.name else name for name in node.input]
            graph.node.insert(0, helper.make_node("Cast", [tensor.name], [floats], to=TensorProto.FLOAT))
    del graph.value_info[:]  # what it says of types is no longer so
    return bytes(model.SerializeToString())


def _build(trt: Any, graph: str, path: Path, cache: Path) -> bytes:
    logger = trt.Logger(trt.Logger.ERROR)
    trt.init_libnvinfer_plugins(logger, "")
    builder = started(trt, trt.Builder, logger)
    # The flag's number differs between 10 and 11, its name does not; 11 is always strongly typed.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(tensorrt_graph(path)):
        problems = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise EngineError(f"TensorRT {trt.__version__} cannot read the {graph} graph: {problems}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    config.clear_flag(trt.BuilderFlag.TF32)
    config.max_aux_streams = 0
    config.add_optimization_profile(_profile(builder, network))
    config.progress_monitor = _progress(trt, graph)
    timings = config.create_timing_cache(cache.read_bytes() if cache.is_file() else b"")
    config.set_timing_cache(timings, False)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"TensorRT {trt.__version__} cannot build the {graph} graph on this GPU")
    _write(cache, bytes(config.get_timing_cache().serialize()))
    return bytes(plan)


def _profile(builder: Any, network: Any) -> Any:
    """One person at least and at best, `MOST_PEOPLE` at most."""
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        network_input = network.get_input(index)
        _, *rest = network_input.shape
        profile.set_shape(network_input.name, (1, *rest), (1, *rest), (MOST_PEOPLE, *rest))
    return profile


def _progress(trt: Any, graph: str) -> Any:
    """A bar for the outermost phase of a build. Made here, since its base class is TensorRT's."""

    class Progress(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._bar: tqdm[Any] | None = None
            self._phase = ""

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            if parent_phase is None:
                self._phase, self._bar = phase_name, tqdm(desc=graph, total=num_steps, disable=None, leave=False)

        def step_complete(self, phase_name: str, step: int) -> bool:
            """False would stop the build."""
            if self._bar is not None and phase_name == self._phase:
                self._bar.update(step - self._bar.n)
            return True

        def phase_finish(self, phase_name: str) -> None:
            if self._bar is not None and phase_name == self._phase:
                self._bar.close()

    return Progress()


def _write(target: Path, content: bytes) -> None:
    """Whole or not at all."""
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=target.parent)))
        (work / target.name).write_bytes(content)
        shutil.move(work / target.name, target)
