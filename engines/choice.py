"""Which engine runs a bundle, and in which precision: what was asked for, or nothing."""

from __future__ import annotations

import logging

from engines.automatic import fastest
from engines.bundle import Bundle
from engines.engine import EngineError
from engines.runtime import BUNDLES, Runtime

_log = logging.getLogger(__name__)


def chosen_runtime(engine: str, precision: str, bundle: Bundle, *, files: bool = False) -> Runtime:
    """What is asked for. An engine that is not named is the fastest here in the bundle's precision, which has to be
    proven unless it is named (`engines.automatic`); for another precision it is the first that computes in it. files:
    graphs that are not the bundle's are to run too.

    Raises EngineError for what is not there; nothing slower takes its place.
    """
    if engine == "auto" and precision in ("auto", bundle.precision):
        runtime = fastest(bundle, trusted=precision != "auto", files=files)
    else:
        runtime = _named(engine, precision, bundle)
    if (runtime.engine, runtime.precision) == ("cpu", "fp16"):
        _log.warning("half precision is for GPUs: the CPU computes it in FP32 and is no faster for it")
    return runtime


def _named(engine: str, precision: str, bundle: Bundle) -> Runtime:
    wanted = bundle.precision if precision == "auto" else precision
    if engine == "auto":
        engine = next((engine for engine, takes in BUNDLES.items() if wanted in takes), "cpu")
    takes = BUNDLES[engine]
    if wanted not in takes:
        others = " or ".join(f"--engine {other}" for other in BUNDLES if wanted in BUNDLES[other])
        raise EngineError(
            f"--engine {engine} runs {', '.join(takes)}, not {wanted}; "
            + (f"choose {others}" if others else "export the model again")
        )
    if takes[wanted] != bundle.precision:
        flag = "" if takes[wanted] == "fp32" else f" --{takes[wanted]}"
        raise EngineError(
            f"{wanted} was asked for, but the model {bundle.name} is {bundle.precision}; name one that was made with "
            f"wb-export CHECKPOINT{flag}, or choose --precision auto"
        )
    return Runtime(engine, wanted, bundle)
