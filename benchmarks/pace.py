"""Is a frame rate held? A live source on the wall clock, minutes on end.

    python -m benchmarks.pace [--target-fps 30] [--model NAME|DIR] [--body FILE] [--video FILE] [--box X,Y,W,H]
        [--engine E] [--precision P] [--seconds 60] [--source-fps 30] [--out FILE.json]

The clip, over and over, comes at the source's rate whether or not anyone is ready, as from a camera; what is not taken
is lost. Everything runs as `wb-track --no-window` does it, without files. Results are counted in each second after the
first three, in which networks warm up: p5, p50 and the least of these rates, how often each part was looked at, and
whether the body was in every frame that came.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from pathlib import Path

import numpy as np

from app.frame import Frame
from app.load import Loaded, loaded
from app.options import Options, parse
from app.pipeline import Pipeline
from app.sources.source import open_source
from benchmarks import command, report
from benchmarks.sample import VIDEO

_WARM_UP_S = 3.0
_MOST_KEPT = 300  # frames of the clip, in memory


def main() -> None:
    arguments = _arguments()
    options = _options(arguments)
    with loaded(options) as parts:
        times_s, dropped, tracked = _run(options, parts, arguments.source_fps, arguments.seconds)
        assert parts.tracker.budget is not None
        held, costs_ms = parts.tracker.budget.overall(), parts.tracker.budget.costs_ms()
        runtime = f"{parts.runtime} {parts.runtime.precision}"
    rates = per_second(times_s, arguments.seconds)
    p5, p50 = np.percentile(rates, (5, 50))
    print(f"{parts.bundle.name} on {runtime}, source {arguments.source_fps:g} fps, {arguments.seconds:g} s")
    rows = [
        ["rate, p5 of seconds", f"{p5:.1f}"],
        ["rate, p50", f"{p50:.1f}"],
        ["rate, least", f"{min(rates)}"],
        ["frames lost", str(dropped)],
        ["frames with a body", f"{tracked} of {len(times_s)}"],
        *([f"{kind} every", f"{stride:.2f} frames"] for kind, stride in held.summary()["strides"].items()),
        *([f"{name} ms", f"{ms:.1f}"] for name, ms in costs_ms.items()),
    ]
    print(report.table(["what", "value"], rows))
    print(held)
    report.write(
        arguments.out,
        {
            "benchmark": "pace",
            "model": parts.bundle.name,
            "runtime": runtime,
            "source_fps": arguments.source_fps,
            "seconds": arguments.seconds,
            "rates_per_second": rates,
            "p5": float(p5),
            "p50": float(p50),
            "dropped": dropped,
            "frames": len(times_s),
            "frames_with_a_body": tracked,
            "pace": {**held.summary(), "costs_ms": costs_ms},
        },
    )


def per_second(times_s: Sequence[float], seconds: float) -> list[int]:
    """How many results came in each whole second, of their times since the end of the warm-up."""
    counts = Counter(int(time_s) for time_s in times_s if time_s >= 0)
    return [counts[second] for second in range(max(int(seconds), 1))]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_model(parser)
    parser.add_argument("--video", type=Path, default=VIDEO, help="default: the shipped sample")
    parser.add_argument("--box", help="where the person is; default: the model's detector, or where the mesh was last")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--target-fps", type=float, default=30.0)
    parser.add_argument("--source-fps", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _options(arguments: argparse.Namespace) -> Options:
    given = {"video": arguments.video, "model": arguments.model, "body": arguments.body, "box": arguments.box}
    given |= {"engine": arguments.engine, "precision": arguments.precision, "target-fps": arguments.target_fps}
    words = [f"--{name}={value}" for name, value in given.items() if value is not None]
    return parse(words)  # without --out: live, as in a window


def _run(options: Options, parts: Loaded, source_fps: float, seconds: float) -> tuple[list[float], int, int]:
    """Times of results, from the end of the warm-up on; frames lost and frames with someone in them meanwhile."""
    times_s, tracked, lost_before = [], 0, None
    with Pipeline(_camera(options, source_fps), parts.tracker.groups(device=parts.device), live=True) as pipeline:
        began_s = time.perf_counter() + _WARM_UP_S
        for result in pipeline:
            time_s = time.perf_counter() - began_s
            if time_s >= seconds:
                break
            if time_s >= 0:
                lost_before = pipeline.dropped if lost_before is None else lost_before
                times_s.append(time_s)
                tracked += bool(result.people)
        return times_s, pipeline.dropped - (lost_before or 0), tracked


def _camera(options: Options, source_fps: float) -> Iterator[Frame]:
    """The clip over and over; each frame at its time, and never later than one waits for it."""
    assert options.video is not None
    with open_source(options.video) as source:
        pictures = [frame.rgb for frame, _ in zip(source, range(_MOST_KEPT), strict=False)]
    began_s = time.perf_counter()
    for index, rgb in zip(count(), cycle([*pictures, *pictures[-2:0:-1]]), strict=False):  # to and fro, without a cut
        due_s = began_s + index / source_fps
        time.sleep(max(due_s - time.perf_counter(), 0.0))
        yield Frame(index, index / source_fps, rgb, time.perf_counter())


if __name__ == "__main__":
    command.run(main)
