"""The renderer: one person over an image, moderngl against pyrender where that is installed.

    python -m benchmarks.render [--frames N] [--rounds N] [--out FILE.json] [--picture FILE.png]

The open body waving, on software OpenGL unless there is a graphics device; the mesh moves from frame to frame, and each
picture is read back. Milliseconds a frame, and processor time, which other programs on the machine move less.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from app.frame import Person
from app.pinhole import Pinhole
from app.rendering.renderer import RENDERERS, Renderer, open_renderer
from app.rendering.scene import Scene
from benchmarks import chart, command, report
from benchmarks.sample import sample_people

SIZES = ((640, 480), (1280, 720))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=command.count, default=30)
    parser.add_argument("--rounds", type=command.count, default=5)
    report.add_outputs(parser)
    arguments = parser.parse_args()
    people, faces, _ = sample_people(arguments.frames)
    kinds = [kind for kind in RENDERERS if kind != "pyrender" or importlib.util.find_spec("pyrender")]
    rows, results = [], []
    with ExitStack() as stack:
        renderers = [stack.enter_context(open_renderer(kind, faces)) for kind in kinds]
        for size_wh in SIZES:
            times = _compared(renderers, people, size_wh, arguments.rounds)
            first_ms = times[renderers[0].name][0]
            for name, (wall_ms, processor_ms) in times.items():
                size = f"{size_wh[0]} x {size_wh[1]}"
                ratio = wall_ms / first_ms
                rows.append(
                    [name, size, f"{wall_ms:.1f}", f"{processor_ms:.1f}", f"{1e3 / wall_ms:.0f}", f"{ratio:.2f}"]
                )
                results.append({"renderer": name, "size": size_wh, "ms": wall_ms, "processor_ms": processor_ms})
    print(report.table(["renderer", "picture", "ms", "processor ms", "frames/s", "times moderngl's"], rows))
    report.write(arguments.out, {"benchmark": "render", "frames": arguments.frames, "results": results})
    if arguments.picture is not None:
        chart.bars(arguments.picture, "ms a picture", {f"{row[0]}, {row[1]}": float(row[2]) for row in rows})


def _compared(
    renderers: Sequence[Renderer], people: Sequence[Person], size_wh: tuple[int, int], rounds: int
) -> dict[str, tuple[float, float]]:
    """Wall and processor milliseconds a frame of each, medians over rounds in which they take turns."""
    measured: dict[str, list[tuple[float, float]]] = {renderer.name: [] for renderer in renderers}
    for turn in range(rounds + 1):
        for renderer in renderers:
            spent = _round(renderer, people, size_wh)
            if turn:  # the first makes buffers and compiles
                measured[renderer.name].append(spent)
    return {
        name: (statistics.median(wall for wall, _ in spent), statistics.median(processor for _, processor in spent))
        for name, spent in measured.items()
    }


def _round(renderer: Renderer, people: Sequence[Person], size_wh: tuple[int, int]) -> tuple[float, float]:
    width, height = size_wh
    image = np.full((height, width, 3), 128, np.uint8)
    camera = Pinhole.from_focal(1.25 * height, size_wh)  # the sample's view, as high as the picture
    scenes = [Scene(image, (person.under(camera),), camera) for person in people]
    wall_s, processor_s = time.perf_counter(), time.process_time()
    for scene in scenes:
        renderer.draw(scene, size_wh)
    wall_s, processor_s = time.perf_counter() - wall_s, time.process_time() - processor_s
    return 1e3 * wall_s / len(scenes), 1e3 * processor_s / len(scenes)


if __name__ == "__main__":
    main()
