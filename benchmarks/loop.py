"""The whole loop, decode to npz, against the networks alone.

    python -m benchmarks.loop --model DIR --body FILE [--video FILE] [--box X,Y,W,H] [--frames N] [--rounds N] [--out
    FILE.json]

Three runners take turns over the same frames: the networks on crops made beforehand, the threaded pipeline from the
file to mesh.npz, and the plain loop `Tracker.track` with the same recorder, which shows what the threads gain. Without
a video a moving pattern at 1280 x 720 is encoded first.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from app.estimator import BodyView
from app.frame import Frame
from app.load import Loaded, loaded, take_of
from app.options import Options, parse
from app.pipeline import Pipeline, Stage
from app.recording.recorder import NpzRecorder
from app.sources.source import open_source
from benchmarks import report


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "mesh.npz"
        video = arguments.video or _pattern(Path(folder) / "pattern.mp4", arguments.frames)
        options = parse(
            [
                *(
                    "--video",
                    str(video),
                    "--out",
                    str(out),
                    "--model",
                    str(arguments.model),
                    "--body",
                    str(arguments.body),
                ),
                *("--box", arguments.box),
            ]
        )
        with loaded(options) as parts:
            runners = {
                "networks": _networks(options, parts, arguments.frames),
                "pipeline": lambda: _pipeline(options, parts, arguments.frames),
                "plain loop": lambda: _plain(options, parts, arguments.frames),
            }
            rates = _rates(runners, arguments.frames, arguments.rounds)
    median = {name: statistics.median(values) for name, values in rates.items()}
    ratio = {
        name: statistics.median(a / b for a, b in zip(values, rates["networks"], strict=True))
        for name, values in rates.items()
    }
    rows = [[name, f"{median[name]:.2f}", f"{ratio[name]:.2f}"] for name in rates]
    print(report.table(["what", "frames/s", "of the networks' rate"], rows))
    report.write(
        arguments.out, {"benchmark": "loop", "frames": arguments.frames, "frames_per_s": median, "ratio": ratio}
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--box", default="400,60,400,640")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _pattern(path: Path, frames: int) -> Path:
    """A drifting pattern as H.264."""
    width, height = 1280, 720
    x = np.arange(width)
    y = np.arange(height)[:, None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for k in range(frames):
            planes = [127 + 120 * np.sin((x * a + y * b) / 90 + 0.2 * k) for a, b in ((1, 1), (2, -1), (0.5, 2))]
            picture = av.VideoFrame.from_ndarray(np.stack(planes, -1).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _frames(options: Options, count: int) -> Iterator[Frame]:
    assert options.video is not None
    with open_source(options.video) as source:
        yield from islice(source, count)


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
    with _recorder(options, parts) as recorder:
        groups: list[Sequence[Stage]] = [*parts.tracker.groups(device=parts.device), (recorder,)]
        with Pipeline(_frames(options, count), groups) as pipeline:
            for _ in pipeline:
                pass
        recorder.finish()


def _plain(options: Options, parts: Loaded, count: int) -> None:
    with _recorder(options, parts) as recorder:
        for frame in _frames(options, count):
            recorder(parts.tracker.track(frame))
        recorder.finish()


def _recorder(options: Options, parts: Loaded) -> NpzRecorder:
    assert options.video is not None
    with open_source(options.video) as source:
        return NpzRecorder(options.out[0], take_of(options, parts, source.fps, source.size_wh))


def _rates(runners: dict[str, Callable[[], None]], frames: int, rounds: int) -> dict[str, list[float]]:
    """Frames a second of each round, after one round that does not count."""
    rates: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, run in runners.items():
            started = time.perf_counter()
            run()
            if turn:
                rates[name].append(frames / (time.perf_counter() - started))
    return rates


if __name__ == "__main__":
    main()
