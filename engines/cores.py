"""The processor: how many threads a graph should run on, and its name."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_PROCESSORS = Path("/proc/cpuinfo")


def physical_cores(topology: Path = _TOPOLOGY) -> int:
    """Cores this process may use, two hyperthreads counting as one; 0 where the system does not say (not Linux).

    Given a number, ONNX Runtime leaves its threads to the scheduler. Left to choose, it ties each to a core, and a
    graph then waits for whichever core also decodes or skins.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    usable = os.sched_getaffinity(0)
    return len({_siblings(topology, core) for core in usable})


def _siblings(topology: Path, core: int) -> str:
    try:
        return (topology / f"cpu{core}" / "topology" / "thread_siblings_list").read_text(encoding="ascii").strip()
    except OSError:
        return str(core)


@cache
def adds_integers_exactly(processors: Path = _PROCESSORS) -> bool:
    """Whether it has VNNI, which adds products of 8-bit integers in 32 bits: without it pairs of them are added in 16,
    which overflow. False where the system does not say."""
    try:
        return "vnni" in processors.read_text(encoding="utf-8")
    except OSError:
        return False


def processor() -> str:
    """Its name, as the system has it."""
    try:
        lines = _PROCESSORS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
