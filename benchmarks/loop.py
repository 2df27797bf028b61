"""The whole loop, decode to npz, against the networks alone.

    python -m benchmarks.loop [--model NAME|DIR] [--body FILE] [--video FILE] [--box X,Y,W,H] [--engine E]
        [--precision P] [--frames N] [--rounds N] [--out FILE.json] [--picture FILE.png]

Three runners take turns over the same frames: the networks on crops made beforehand, the threaded pipeline from the
file to mesh.npz, and the plain loop `Tracker.track` with the same recorder, which shows what the threads gain. By
default the open model on the shipped sample, 640 x 480; the model's detector is used where it has one and no box is
named.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from app.errors import InputError
from app.estimator import BodyView
from app.frame import Frame
from app.load import Loaded, loaded, take_of
from app.options import Options, parse
from app.pipeline import Pipeline, Stage
from app.recording.recorder import NpzRecorder
from app.sources.source import open_source
from benchmarks import chart, command, report
from benchmarks.sample import VIDEO
from benchmarks.turns import in_turns, seconds

_NAMED = ("model", "body", "video", "box", "engine", "precision")


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        given = [f"--{name}={value}" for name in _NAMED if (value := getattr(arguments, name)) is not None]
        options = parse([*given, "--out", str(Path(folder) / "mesh.npz")])
        with loaded(options) as parts:
            rates = measured(options, parts, arguments.frames, arguments.rounds)
            runtime = f"{parts.bundle.name}, {parts.runtime} {parts.runtime.precision}"
    median = {name: statistics.median(values) for name, values in rates.items()}
    ratio = {
        name: statistics.median(a / b for a, b in zip(values, rates["networks"], strict=True))
        for name, values in rates.items()
    }
    print(f"{runtime}, {arguments.frames} frames of {Path(arguments.video).name}\n")
    rows = [[name, f"{median[name]:.2f}", f"{ratio[name]:.2f}"] for name in rates]
    print(report.table(["what", "frames/s", "of the networks' rate"], rows))
    about = {"benchmark": "loop", "runtime": runtime, "frames": arguments.frames}
    report.write(arguments.out, {**about, "frames_per_s": median, "ratio": ratio})
    if arguments.picture is not None:
        chart.bars(arguments.picture, f"frames a second, {runtime}", median)


def measured(options: Options, parts: Loaded, frames: int, rounds: int) -> dict[str, list[float]]:
    """Frames a second of each runner in each round, after one round that does not count."""
    runners: dict[str, Callable[[], None]] = {
        "networks": _networks(options, parts, frames),
        "pipeline": partial(_pipeline, options, parts, frames),
        "plain loop": partial(_plain, options, parts, frames),
    }
    times_s = in_turns({name: partial(seconds, run) for name, run in runners.items()}, rounds)
    return {name: [frames / each for each in spent] for name, spent in times_s.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_model(parser)
    parser.add_argument("--video", default=str(VIDEO), help="default: the shipped sample")
    for name in ("box", "engine", "precision"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--frames", type=command.count, default=30)
    parser.add_argument("--rounds", type=command.count, default=9)
    report.add_outputs(parser)
    return parser.parse_args()


def _frames(options: Options, count: int) -> Iterator[Frame]:
    """Raises InputError where the clip has fewer: rates are of so many."""
    assert options.video is not None
    left = count
    with open_source(options.video) as source:
        for frame in islice(source, count):
            left -= 1
            yield frame
    if left:
        raise InputError(f"{options.video} has {count - left} frames, fewer than {count}; give --frames {count - left}")


def _networks(options: Options, parts: Loaded, count: int) -> Callable[[], None]:
    """The four graphs on crops that are ready."""
    detect = parts.tracker.stages[0]
    estimator = parts.tracker.estimator
    views = [estimator.body(detect(frame)) for frame in _frames(options, count)]

    def run() -> None:
        for view in views:
            assert isinstance(view, BodyView), "the box must reach into the frame"
            estimator.parts(estimator.body.estimate(view.frame, view.subjects, view.crops))

    return run


def _pipeline(options: Options, parts: Loaded, count: int) -> None:
    parts.tracker.reset()
    with _recorder(options, parts) as recorder:
        groups: list[Sequence[Stage]] = [*parts.tracker.groups(device=parts.device), (recorder,)]
        with Pipeline(_frames(options, count), groups) as pipeline:
            for _ in pipeline:
                pass
        recorder.finish()


def _plain(options: Options, parts: Loaded, count: int) -> None:
    parts.tracker.reset()
    with _recorder(options, parts) as recorder:
        for frame in _frames(options, count):
            recorder(parts.tracker.track(frame))
        recorder.finish()


def _recorder(options: Options, parts: Loaded) -> NpzRecorder:
    assert options.video is not None
    with open_source(options.video) as source:
        return NpzRecorder(options.out[0], take_of(options, parts, source.fps, source.size_wh))


if __name__ == "__main__":
    command.run(main)
