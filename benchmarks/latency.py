"""From the camera's pixels to the mesh: how old a picture is when the mesh that it shows is there.

    python -m benchmarks.latency [--model NAME|DIR] [--body FILE] [--detector FILE] [--box X,Y,W,H] [--engine E]
        [--precision P] [--fps N] [--seconds S] [--out FILE.json] [--picture FILE.png]

A camera made of software streams the shipped sample as MJPEG over loopback, each frame's number in its pixels, in a
process of its own; `wb-track`'s live session, without a window, tracks it. A frame's latency runs from when its picture
was written to the socket to when its result is given, and so contains the network, decoding, waiting and all stages.
Frames of the first two seconds do not count.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection

import numpy as np

from app.live.session import Session
from app.load import Loaded, loaded, take_of
from app.options import Options, parse
from app.sources.camera import CameraSource
from benchmarks import chart, command, report
from benchmarks.sample import VIDEO
from tests.camera_server import CameraServer, number_in, pictures_of

_WARM_UP_S = 2.0
_STEPS = ("camera to program", "program to mesh", "camera to mesh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_model(parser)
    names = ("detector", "box", "engine", "precision")
    for name in names:
        parser.add_argument(f"--{name}")
    parser.add_argument("--fps", type=float, default=30.0, help="of the camera; default: 30")
    parser.add_argument("--seconds", type=float, default=20.0)
    report.add_outputs(parser)
    arguments = parser.parse_args()
    given = [f"--{name}={value}" for name in ("model", "body", *names) if (value := getattr(arguments, name))]
    with camera(arguments.fps) as (url, sent):
        options = parse(["--camera", url, "--no-window", *given])
        with loaded(options) as parts:
            latencies_ms, dropped = measured(options, parts, sent, arguments.fps, arguments.seconds)
            runtime = f"{parts.bundle.name}, {parts.runtime} {parts.runtime.precision}"
    if not latencies_ms[_STEPS[-1]]:
        raise SystemExit("no frame came through; give --seconds more")
    show(latencies_ms, dropped, runtime, arguments.fps, arguments)


@contextmanager
def camera(fps: float) -> Iterator[tuple[str, Connection]]:
    """A camera in a process of its own: its address, and where it tells when it sent which frame."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, fps), daemon=True)
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("stop")
        process.join()


def measured(
    options: Options, parts: Loaded, sent: Connection, fps: float, seconds: float
) -> tuple[dict[str, list[float]], int]:
    """Milliseconds of every frame's steps, and how many frames newer ones overtook."""
    assert options.address is not None
    arrived: dict[int, tuple[float, float]] = {}  # when each frame was captured, and when its result was there

    def note() -> None:
        result = session.newest
        if result is not None:
            arrived.setdefault(number_in(result.frame.rgb), (result.frame.captured_s, time.perf_counter()))

    with CameraSource(options.address) as source:
        session = Session(source, parts, partial(take_of, options, parts, fps), options.renderer, note)
        with session:
            time.sleep(_WARM_UP_S + seconds)
            session.stop()
        dropped = session.dropped
    if session.error is not None:
        raise session.error
    sent.send("times")
    sent_s: dict[int, float] = sent.recv()
    begin_s = min(sent_s.values(), default=0.0) + _WARM_UP_S
    rows = [(sent_s[n], *arrived[n]) for n in sorted(arrived) if sent_s.get(n, 0.0) >= begin_s]
    steps = [(captured - out, done - captured, done - out) for out, captured, done in rows]
    return {name: [1e3 * step[column] for step in steps] for column, name in enumerate(_STEPS)}, dropped


def show(
    latencies_ms: Mapping[str, list[float]], dropped: int, runtime: str, fps: float, arguments: argparse.Namespace
) -> None:
    """The table, the JSON and the picture."""
    found = {
        name: {f"p{share}": float(np.percentile(each, share)) for share in (50, 95, 99)}
        for name, each in latencies_ms.items()
    }
    frames = len(latencies_ms[_STEPS[-1]])
    interval_ms = 1e3 / fps
    beyond_ms = found["program to mesh"]["p95"] - interval_ms
    print(f"{runtime}, camera at {fps:g} fps, {frames} frames, {dropped} dropped\n")
    rows = [[name, *(f"{value:.1f}" for value in each.values())] for name, each in found.items()]
    print(report.table(["ms", "p50", "p95", "p99"], rows))
    print(f"\np95 of capture to mesh, beyond the frame interval of {interval_ms:.1f} ms: {beyond_ms:+.1f} ms")
    about = {"benchmark": "latency", "runtime": runtime, "fps": fps, "frames": frames, "dropped": dropped}
    report.write(arguments.out, {**about, "ms": found, "beyond_interval_ms": beyond_ms})
    if arguments.picture is not None:
        values = {f"{name}, {share}": value for name, each in found.items() for share, value in each.items()}
        chart.bars(arguments.picture, f"ms, {runtime}", values)


def _serve(pipe: Connection, fps: float) -> None:
    """The camera's process: gives its address, then, when asked, when it sent what; ends when told."""
    with CameraServer(pictures_of(VIDEO), fps) as server:
        pipe.send(server.url)
        while pipe.recv() == "times":
            pipe.send(dict(server.sent_s))


if __name__ == "__main__":
    command.run(main)
