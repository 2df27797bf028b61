"""Everything on a CUDA machine, in one command and under eight minutes. Not run on hardware.

    python -m benchmarks.gpu [--results FOLDER]

Needs PyTorch with CUDA, NumPy and OpenCV; the whole loop needs what tracking needs too, and ONNX Runtime's part its
CUDA: what is missing is named and left out. Nothing is downloaded. Networks run in PyTorch as CUDA graphs (eagerly
where they cannot be captured, and the results say so), of the released size with random weights unless said:

- eager: the next row without CUDA graphs;
- networks: one person, FP32 (no TF32) and FP16 (half-precision trunks, as `wb-export --fp16` makes them), milliseconds;
- batches: people a second of the FP16 networks, crops on the host at first;
- parity: how far FP16 moves the mesh, in mm, with the open network's weights on the people of the shipped sample;
- loop: frames a second from decoded frames to meshes, with the detector in every frame; and the same clip in batches;
- onnxruntime: the open bundle on ONNX Runtime CUDA, where that starts.

Writes benchmarks/results/<gpu>.json and a picture beside it. On a machine without CUDA: one line, and exit code 2.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import report

_RESULTS = Path(__file__).with_name("results")
_LIMIT_S = 420.0  # no part begins later
_BATCHES = (1, 2, 4, 8, 16, 32, 64)
_ROUNDS, _LOOP_FRAMES = 50, 150
_PARITY_CROPS = 24
_NEEDS = "an NVIDIA GPU and PyTorch with CUDA are needed"


def main() -> int:
    """Exit code: 0 done, 2 where there is no CUDA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=_RESULTS, metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        return _refused("PyTorch is not installed")
    if not torch.cuda.is_available():
        return _refused("this PyTorch finds none")
    from benchmarks import chart, gpu_sections

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    gpu = torch.cuda.get_device_name(0)
    graphs = gpu_sections.can_capture("cuda")
    captured = bool(graphs["captured"])
    sections: dict[str, Callable[[], Mapping[str, Any]]] = {
        "eager": lambda: gpu_sections.networks_ms("cuda", _ROUNDS, captured=False),
        "networks": lambda: gpu_sections.networks_ms("cuda", _ROUNDS, captured=captured),
        "batches": lambda: gpu_sections.batch_rates("cuda", _BATCHES, _ROUNDS // 5, captured=captured),
        "parity": lambda: gpu_sections.parity_mm("cuda", _PARITY_CROPS),
        "loop": lambda: gpu_sections.loop_rates("cuda", _LOOP_FRAMES, captured=captured),
        "onnxruntime": lambda: gpu_sections.onnxruntime_rates(_ROUNDS),
    }
    results = run_sections(sections, _LIMIT_S)
    arguments.results.mkdir(parents=True, exist_ok=True)
    path = arguments.results / f"{re.sub('[^a-z0-9]+', '-', gpu.lower()).strip('-')}.json"
    memory_gb = torch.cuda.get_device_properties(0).total_memory / 2**30
    about = {
        "benchmark": "gpu",
        "gpu": gpu,
        "gpu_memory_gb": round(memory_gb, 1),
        "cuda": torch.version.cuda,
        "graphs": graphs,
    }
    report.write(path, {**about, **results})
    rates = results["batches"].get("people_per_s", {})
    if rates:
        curve = [(float(people), rate) for people, rate in rates.items()]
        chart.curves(path.with_suffix(".png"), gpu, "people in a batch", {"FP16": curve}, "people a second")
    print(f"wrote {path}")
    return 0


def run_sections(
    sections: Mapping[str, Callable[[], Mapping[str, Any]]], limit_s: float
) -> dict[str, Mapping[str, Any]]:
    """What each gave; where one cannot run here, or begins too late, why. One that fails does not end the others."""
    results: dict[str, Mapping[str, Any]] = {}
    began_s = time.perf_counter()
    for name, section in sections.items():
        if time.perf_counter() - began_s > limit_s:
            results[name] = {"left_out": "no time was left"}
        else:
            try:
                results[name] = section()
            except Exception as error:  # noqa: BLE001 - kept in the results, for whoever reads them
                results[name] = {"left_out": report.without_folders(f"{type(error).__name__}: {error}")}
        print(f"{name}: {results[name]}", flush=True)
    return results


def _refused(why: str) -> int:
    print(f"benchmarks.gpu: {_NEEDS}, but {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
