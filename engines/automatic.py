"""The fastest engine for a bundle on this machine, of those that are proven: measured once, and remembered."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterable, Mapping

from engines import remembered
from engines.bundle import Bundle
from engines.cores import physical_cores, processor
from engines.cuda_driver import CudaDriver, driver_is_installed
from engines.engine import EngineError
from engines.measuring import measured_ms
from engines.onnxruntime_engine import cuda_is_built_in
from engines.openvino_engine import openvino_is_installed
from engines.runtime import BUNDLES, Runtime

_log = logging.getLogger(__name__)

_SMALL = "pose"  # the graph that is loaded soonest


def fastest(bundle: Bundle, *, trusted: bool = False, files: bool = False) -> Runtime:
    """The engine that runs the bundle's networks fastest here in the bundle's precision, which is FP32 or has its proof
    within the limits; any where it is trusted. files: it is to run graphs of other files too.

    Where there is a choice it is measured in about a second at first use, said in a line, and remembered for this
    bundle, machine and these libraries. It is not remembered while one of them does not run, whose reason may be gone
    next time; nor does a memory count while its engine does not load. Raises EngineError where nothing is proven, or
    nothing runs.
    """
    if not trusted:
        check_proof(bundle)
    able = {f"{runtime} {runtime.precision}": runtime for runtime in candidates(bundle) if runtime.takes_files >= files}
    if len(able) == 1:
        return next(iter(able.values()))
    key = remembered.Key(
        bundle=bundle.identity,
        machine=f"{processor()}, {physical_cores()} cores, {_gpu(able.values())}",
        versions=remembered.versions(),
        candidates=tuple(able),
    )
    known = remembered.read(key)
    if known is not None and _loads(able[known]):
        return able[known]
    times = measured_ms(able)
    if not times:
        raise EngineError(f"no engine runs the model {bundle.name} here; --engine cpu says why")
    chosen = min(times, key=times.__getitem__)
    lasting = times.keys() == able.keys() and remembered.write(key, chosen, times)
    _say(chosen, times, "from now on" if lasting else "this time")
    return able[chosen]


def _loads(runtime: Runtime) -> bool:
    """Whether a remembered engine still does: a library, a driver or an engine file may be gone. If not, measuring says
    why."""
    try:
        with runtime.load(_SMALL):
            return True
    except EngineError:
        return False


def check_proof(bundle: Bundle) -> None:
    """Raise EngineError for a bundle that is used only where its precision is asked for."""
    if not bundle.proven:
        raise EngineError(
            f"the model {bundle.name} is {bundle.precision} without proof that it is near enough to FP32; export it "
            f"again with wb-export, or take it as it is with --precision {bundle.precision}"
        )


def candidates(bundle: Bundle) -> list[Runtime]:
    """What there is on this machine that runs the bundle in its own precision; others, such as bfloat16 of an FP32
    bundle, have no proof."""
    precision = bundle.precision
    takes = [engine for engine, precisions in BUNDLES.items() if precisions.get(precision) == precision]
    return [Runtime(engine, precision, bundle) for engine in takes if _is_here(engine, bundle)]


def _is_here(engine: str, bundle: Bundle) -> bool:
    """As far as can be said without starting it."""
    if engine == "openvino":
        return openvino_is_installed()
    if engine == "cuda":
        return cuda_is_built_in() and driver_is_installed()
    if engine == "tensorrt":
        return importlib.util.find_spec("tensorrt") is not None and driver_is_installed() and bundle.has_tensorrt
    return True


def _gpu(able: Iterable[Runtime]) -> str:
    if all(runtime.device == "cpu" for runtime in able):
        return "no GPU in use"
    try:
        return CudaDriver().gpu
    except EngineError:
        return "no GPU"


def _say(chosen: str, times: Mapping[str, float], when: str) -> None:
    for name, ms in sorted(times.items(), key=lambda item: item[1]):
        _log.debug("%-24s %8.1f ms a person", name, ms)
    others = ", ".join(f"{name} {ms:.1f}" for name, ms in times.items() if name != chosen)
    _log.warning(
        "%s is used %s: %.1f ms a person here (%s); --engine chooses another",
        chosen,
        when,
        times[chosen],
        others or "nothing else runs",
    )
