"""From the start of the program to the first mesh, and what takes how long on the way.

    python -m benchmarks.start [--model NAME|DIR] [--body FILE] [--rounds N] [--out FILE.json] [--picture FILE.png]

A new process each time: it imports what `wb-track` does, loads what `wb-track --video models/open/sample.mp4` does, and
tracks one frame. The whole is timed from outside, so that Python's own start is in it; the first round does not count,
after which files are in the system's cache.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import chart, command, report
from benchmarks.sample import VIDEO

_ROOT = Path(__file__).parents[1]
_CHILD = """
import json, sys, time
laps, began = {}, time.perf_counter()
def lap(name):
    global began
    laps[name], began = 1e3 * (time.perf_counter() - began), time.perf_counter()
import app.main
lap("imports")
from app.options import parse
from app.sources.source import open_source
options = parse(sys.argv[1:])
source = open_source(options.video)
frame = next(iter(source))
lap("the clip's first frame")
with app.main.loaded(options) as parts:
    lap("bundle, body and engines")
    parts.tracker.track(frame)
    lap("tracking it")
    print(json.dumps(laps), flush=True)
    sys.stdin.read()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_model(parser)
    parser.add_argument("--rounds", type=command.count, default=7)
    report.add_outputs(parser)
    arguments = parser.parse_args()
    given = ["--model", arguments.model, "--body", arguments.body]
    rounds = [started_ms(given) for _ in range(arguments.rounds + 1)][1:]
    median = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    rows = [[name, f"{ms:.0f}", f"{100 * ms / median['to the first mesh']:.0f} %"] for name, ms in median.items()]
    print(report.table(["what", "ms", "share"], rows))
    report.write(arguments.out, {"benchmark": "start", "rounds": len(rounds), "ms": median})
    if arguments.picture is not None:
        chart.bars(arguments.picture, "ms from the program's start", median, {"to the first mesh": 2000.0})


def started_ms(given: list[str]) -> dict[str, float]:
    """Milliseconds of each step in one new process, and from its start to the first mesh."""
    command = [sys.executable, "-c", _CHILD, "--video", str(VIDEO), "--out", "unused.npz", *given]
    began_s = time.perf_counter()
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        whole_ms = 1e3 * (time.perf_counter() - began_s)
        process.communicate()
    if process.returncode:
        raise SystemExit("wb-track did not start; run it by itself to see why")
    laps: dict[str, float] = json.loads(line)
    return {**laps, "Python itself": whole_ms - sum(laps.values()), "to the first mesh": whole_ms}


if __name__ == "__main__":
    main()
