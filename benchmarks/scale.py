"""How costs grow: with people in the frame, with the frame's size, and with people in a batch.

    python -m benchmarks.scale [--model NAME|DIR] [--body FILE] [--engine E] [--precision P] [--frames N] [--rounds N]
        [--out FILE.json] [--picture FILE.png]

The whole loop, decode to mesh, on the shipped sample: 1 to 8 people at 640 x 480, in boxes that lie over one another;
one person from 360p to 4K; and the networks alone on 1 to 32 people at once. All of one table take turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.boxes import BoxPolicy, Track
from app.frame import Box, Frame, Person
from app.load import Loaded, loaded
from app.options import Options, parse
from app.pipeline import Pipeline
from app.sources.video import VideoSource
from app.tracker import Tracker
from benchmarks import chart, command, report
from benchmarks.clips import scaled_sample
from benchmarks.networks import Networks
from benchmarks.sample import VIDEO
from benchmarks.turns import in_turns, seconds
from engines.bundle import GRAPHS

PEOPLE = (1, 2, 4, 8)
SIZES = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))
BATCHES = (1, 2, 4, 8, 16, 32)
_SIZE_WH = (640, 480)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_model(parser)
    for option in ("--engine", "--precision"):
        parser.add_argument(option)
    parser.add_argument("--frames", type=command.count, default=30)
    parser.add_argument("--rounds", type=command.count, default=5)
    report.add_outputs(parser)
    arguments = parser.parse_args()
    given = [f"--{n}={v}" for n in ("model", "body", "engine", "precision") if (v := getattr(arguments, n))]
    options = parse(["--video", str(VIDEO), "--out", "unused.npz", *given])
    with loaded(options) as parts, tempfile.TemporaryDirectory() as folder:
        scale = Scale(options, parts, Path(folder), arguments.frames, arguments.rounds)
        of_people, of_sizes, of_batches = scale.people_ms(PEOPLE), scale.sizes_ms(SIZES), scale.batches_ms(BATCHES)
        runtime = f"{parts.bundle.name}, {parts.runtime} {parts.runtime.precision}"
    print(f"{runtime}\n")
    print(_table("people", "frame ms", of_people), _table("frame", "frame ms", of_sizes), sep="\n\n")
    print("\n" + _table("in a batch", "networks, ms a person", of_batches))
    measured = {"people_frame_ms": of_people, "size_frame_ms": of_sizes, "batch_person_ms": of_batches}
    report.write(arguments.out, {"benchmark": "scale", "runtime": runtime, **measured})
    if arguments.picture is not None:
        series = {
            "frame, by people": _points(of_people),
            "networks, a person, by batch": _points(of_batches),
        }
        chart.curves(arguments.picture, runtime, "people", series, "ms")


class Everyone:
    """A box policy: so many boxes over one another, in every frame."""

    sequential = False

    def __init__(self, people: int) -> None:
        self._people = people
        self._begins = True

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:  # noqa: ARG002 - always the same
        width, height = frame.size_wh
        begins, self._begins = self._begins, False
        left = [0.3 - 0.03 * number for number in range(self._people)]
        boxes = [Box((width * x, height * 0.05, width * (x + 0.4), height * 0.98), 1.0) for x in left]
        return tuple(Track(number, box, begins) for number, box in enumerate(boxes, 1))

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """Changes nothing."""


@dataclass(frozen=True)
class Scale:
    """What is measured with. frames: of each clip. rounds: of each table."""

    options: Options
    parts: Loaded
    folder: Path
    frames: int
    rounds: int

    def people_ms(self, people: Sequence[int]) -> dict[str, float]:
        """Milliseconds a frame with so many people in it."""
        clip = scaled_sample(self.folder / "people.mp4", _SIZE_WH, self.frames)
        runs = {f"{count}": partial(self._track, clip, Everyone(count)) for count in people}
        return self._medians(runs, dict.fromkeys(runs, self.frames))

    def sizes_ms(self, sizes: Sequence[tuple[int, int]]) -> dict[str, float]:
        """Milliseconds a frame of a size, with one person."""
        runs = {}
        for width, height in sizes:
            clip = scaled_sample(self.folder / f"{height}.mp4", (width, height), self.frames)
            runs[f"{width} x {height}"] = partial(self._track, clip, Everyone(1))
        return self._medians(runs, dict.fromkeys(runs, self.frames))

    def batches_ms(self, batches: Sequence[int]) -> dict[str, float]:
        """Milliseconds a person of the networks alone, with so many people at once."""
        with ExitStack() as stack:
            engines = {name: stack.enter_context(self.parts.runtime.load(name)) for name in GRAPHS}
            runs = {f"{people}": Networks(engines, people) for people in batches}
            return self._medians(runs, {f"{people}": people for people in batches})

    def _track(self, clip: Path, boxes: BoxPolicy) -> None:
        """Every frame of a clip, from the file to meshes."""
        parts, options = self.parts, self.options
        depth = parts.bundle.joint_depth
        tracker = Tracker(
            boxes, parts.tracker.estimator, parts.body, options.camera, options.smoothing, joint_depth=depth
        )
        with VideoSource(clip) as source, Pipeline(source, tracker.groups(device=parts.device)) as pipeline:
            for _ in pipeline:
                pass

    def _medians(self, runs: Mapping[str, Callable[[], object]], counts: Mapping[str, int]) -> dict[str, float]:
        times = in_turns({name: partial(seconds, run) for name, run in runs.items()}, self.rounds)
        return {name: 1e3 * statistics.median(each) / counts[name] for name, each in times.items()}


def _table(what: str, unit: str, ms: Mapping[str, float]) -> str:
    first = next(iter(ms.values()))
    rows = [[name, f"{each:.2f}", f"{1e3 / each:.1f}", f"{each / first:.2f}"] for name, each in ms.items()]
    return report.table([what, unit, "a second", "times the first"], rows)


def _points(ms: Mapping[str, float]) -> list[tuple[float, float]]:
    return [(float(name), each) for name, each in ms.items()]


if __name__ == "__main__":
    command.run(main)
