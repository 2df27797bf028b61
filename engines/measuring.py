"""How long the networks of a bundle take, on one engine and another."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import numpy as np

from engines.bundle import GRAPHS, check_contract, picture_hw
from engines.engine import Engine, EngineError
from engines.runtime import Runtime

_log = logging.getLogger(__name__)

_SECONDS = 1.0  # for everything
_FEWEST, _MOST = 2, 15  # times each
# Where hands and face of someone who fills the crop are, xyxy in shares of its width and height.
_HANDS = ((0.65, 0.40, 0.95, 0.62), (0.05, 0.40, 0.35, 0.62))
_FACE = (0.36, 0.06, 0.64, 0.28)


def measured_ms(runtimes: Mapping[str, Runtime], clock: Callable[[], float] = time.perf_counter) -> Mapping[str, float]:
    """Milliseconds that a person takes on each, by name, the median of rounds in turns, in about a second. Those that
    do not run are left out, and a warning says why. Raises BundleError for graphs of another kind."""
    with ExitStack() as stack:
        loaded = {}
        for name, runtime in runtimes.items():
            try:
                engines = {graph: stack.enter_context(runtime.load(graph)) for graph in GRAPHS}
                run_once(engines)  # the first time is a slow one
            except EngineError as error:
                _log.warning("%s does not run here: %s", name, error)
            else:
                loaded[name] = engines
        times: dict[str, list[float]] = {name: [] for name in loaded}
        started_s = clock()
        for turn in range(_MOST if len(loaded) > 1 else 1):
            if turn >= _FEWEST and clock() - started_s > _SECONDS:
                break
            for name, engines in loaded.items():
                began_s = clock()
                run_once(engines)
                times[name].append(clock() - began_s)
    return {name: 1e3 * statistics.median(values) for name, values in times.items()}


def run_once(engines: Mapping[str, Engine]) -> None:
    """One person through all four, by the names of `GRAPHS`. Raises EngineError, and BundleError for graphs of another
    kind."""
    for graph in GRAPHS:
        check_contract(graph, engines[graph].inputs, engines[graph].outputs)
    height, width = picture_hw("body", engines["body"].inputs["crop"])
    crop = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    size = np.array((width, height, width, height), np.float32)
    body = engines["body"].run({"crop": crop}, keep=("features",))
    hand = engines["hand"].run({"crop": crop, "boxes": (np.array(_HANDS, np.float32) * size)[None]}, keep=("features",))
    engines["face"].run({"crop": crop, "box": (np.array(_FACE, np.float32) * size)[None]})
    engines["pose"].run(
        {
            "body_features": body["features"],
            "body_joints": body["joints"],
            "hand_features": hand["features"],
            "hand_joints": hand["joints"],
        }
    )
