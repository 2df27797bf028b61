"""The processor: how many threads a graph should run on, and its name."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")


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


def processor() -> str:
    """Its name, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
