"""What the host does for one person and frame besides the networks: crop, fit, place, smooth, mesh.

    python -m benchmarks.host [--model NAME|DIR] [--body FILE] [--frames N] [--rounds N] [--out FILE.json]
        [--picture FILE.png]

Microseconds on one core, medians over the sample's frames; the mesh by itself too, of a body of any size:
`python -m tests.standins FOLDER` writes one as large as SMPL-X. NumPy's products run on one thread, as when tracking.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

from app.estimator import BodyView
from app.finish import smplx_rotations
from app.frame import Frame, Result
from app.load import Loaded, loaded
from app.options import parse
from app.pipeline import HoldingStage, stage_name
from app.sources.video import VideoSource
from benchmarks import chart, command, report
from benchmarks.sample import VIDEO

_BOX = "150,30,340,440"  # of the sample's person


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_model(parser)
    parser.add_argument("--frames", type=command.count, default=60)
    parser.add_argument("--rounds", type=command.count, default=5)
    report.add_outputs(parser)
    arguments = parser.parse_args()
    given = ["--model", arguments.model, "--body", arguments.body, "--box", _BOX]
    with loaded(parse(["--video", str(VIDEO), "--out", "unused.npz", *given])) as parts:
        with VideoSource(VIDEO) as source:
            frames = list(islice(source, arguments.frames))
        costs = costs_us(parts, frames, arguments.rounds)
        body = f"{parts.body.name}, {parts.body.vertex_count} vertices"
    print(f"{body}\n\n" + report.table(["what", "us"], [[name, f"{us:.0f}"] for name, us in costs.items()]))
    report.write(arguments.out, {"benchmark": "host", "body": body, "us": costs})
    if arguments.picture is not None:
        chart.bars(arguments.picture, f"us a person and frame, {body}", costs)


def costs_us(parts: Loaded, frames: Sequence[Frame], rounds: int) -> dict[str, float]:
    """Microseconds of each stage after the networks, of a crop, and of a mesh by itself; medians over all frames."""
    detect, *_ = parts.tracker.stages
    estimator = parts.tracker.estimator
    views = [estimator.body(detect(frame)) for frame in frames]
    estimates = [estimator.parts(view) for view in views]
    spent: dict[str, list[float]] = {"crop": []}
    for view in views:
        assert isinstance(view, BodyView), "the person is in the frame"
        _timed(spent["crop"], view.subjects[0].crop.warp, view.frame.rgb)
    results: list[Result] = []
    for _ in range(rounds):
        values: list[Any] = list(estimates)
        for stage in parts.tracker.stages[3:]:
            each = spent.setdefault(stage_name(stage), [])
            given = [_timed(each, stage, value) for value in values]
            if isinstance(stage, HoldingStage):
                given = [one for some in given for one in some] + list(stage.flush())
            values = given
        results = values
        parts.tracker.reset()
    spent["mesh alone"] = []
    for result in results:
        params = result.people[0].params
        rotations = smplx_rotations(params.rot6d)
        _timed(spent["mesh alone"], parts.body.forward, rotations, params.betas, params.expression)
    return {name: 1e6 * statistics.median(each) for name, each in spent.items()}


def _timed(spent: list[float], run: Any, *given: Any) -> Any:
    started = time.perf_counter()
    result = run(*given)
    spent.append(time.perf_counter() - started)
    return result


if __name__ == "__main__":
    command.run(main)
