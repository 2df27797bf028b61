"""Which engine runs a bundle, and in which precision: what was asked for, or nothing."""

from __future__ import annotations

import logging

from engines.automatic import fastest
from engines.bundle import Bundle
from engines.engine import EngineError
from engines.runtime import BUNDLES, Runtime

_log = logging.getLogger(__name__)


def chosen_runtime(engine: str, precision: str, bundle: Bundle) -> Runtime:
    """What is asked for; where nothing is, the fastest that is proven (`engines.automatic`). One "auto" is the bundle's
    own precision, or the first engine that computes in the precision asked for.

    Raises EngineError for what is not there; nothing slower takes its place.
    """
    if engine == precision == "auto":
        return fastest(bundle)
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
    if engine == "cpu" and wanted == "fp16":
        _log.warning("half precision is for GPUs: the CPU computes it in FP32 and is no faster for it")
    return Runtime(engine, wanted, bundle)
