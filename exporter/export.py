"""From a checkpoint to a bundle on disk."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from engines.bundle import FILE_NAME, FORMAT, sha256
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.tensorrt_files import FOLDER as TENSORRT_FOLDER
from exporter import proof
from exporter.clip import SAMPLE, frames
from exporter.graphs import OPSET, GraphSpec, detector_spec, export_graph, for_export, graph_specs
from exporter.reduced import FRAMES, reduce_graphs, to_half
from models.checkpoint import Checkpoint, load_checkpoint

_LICENCE = "the weights' own: Hand4Whole's release is under the MIT licence, its training data have terms of their own"


def export(
    checkpoint: Path,
    out: Path,
    report: Callable[[str], None],
    precision: str = "fp32",
    calibrate: Path = SAMPLE,
    *,
    flip_test: bool = False,
) -> None:
    """Write the bundle of a checkpoint to the folder `out`, proven; an older bundle there is replaced.

    report: is told each graph's largest errors. precision: "fp32", or "fp16" or "int8", whose graphs are made after the
    FP32 ones are proven, and judged against them on people in the clip `calibrate`. flip_test: BodyNet and the wrist
    head see the mirror image too, see `models.networks.flip_test`; as the checkpoint has it where this is false. Raises
    CheckpointError, ClipError, ProofError, FileExistsError for a folder that is something else, OSError. Whatever is
    raised, `out` is as it was before.
    """
    out = out.resolve()  # "." has no name
    _check_place(out)
    loaded = load_checkpoint(checkpoint)
    shown = [] if precision == "fp32" else frames(calibrate, FRAMES)
    network = loaded.network
    if flip_test:
        network.config = replace(network.config, flip_test=True)
    traced = for_export(network)
    feeds, expected = proof.reference(network, proof.crops(network))
    parts: list[tuple[GraphSpec, nn.Module]] = [(spec, traced) for spec in graph_specs(traced)]
    if loaded.detector is not None:
        parts.append((detector_spec(loaded.detector), loaded.detector))
        feeds["detector"], expected["detector"] = proof.detector_reference(loaded.detector)
    parity: dict[str, dict[str, float]] = {}
    with _folder_in_place_of(out) as folder:
        for spec, part in parts:
            path = folder / f"{spec.name}.onnx"
            export_graph(spec, part, feeds[spec.name], path)
            with OnnxRuntimeEngine(path) as engine:
                errors = proof.largest_errors(spec, engine, feeds[spec.name], expected[spec.name])
            report(f"{spec.name:5} {', '.join(f'{name} {error:.1e}' for name, error in errors.items())}")
            parity[spec.name] = errors
        reduction = None
        if precision != "fp32":
            halve = partial(to_half, traced=traced, loaded=loaded, feeds=feeds)
            reduction = reduce_graphs(
                folder,
                precision,
                calibrate=calibrate,
                shown=shown,
                shape_space=loaded.shape_space,
                halve=halve,
                report=report,
            )
        paths = {spec.name: folder / f"{spec.name}.onnx" for spec, _ in parts}
        description = {
            "format": FORMAT,
            "name": out.name,
            "checkpoint": {"file": checkpoint.name, "sha256": sha256(checkpoint)},
            "architecture": network.config.to_dict(),
            "detector_architecture": loaded.detector.config.to_dict() if loaded.detector else None,
            "shape_space": loaded.shape_space,
            "joint_depth": _joint_depth(loaded),
            "precision": precision,
            "opset": OPSET,
            "graphs": {name: {"file": path.name, "sha256": sha256(path)} for name, path in paths.items()},
            "reduction": reduction,
            "parity": {"largest_error": parity, "limit": proof.LIMITS, "against": "PyTorch FP32 on a CPU"},
            "licence": loaded.licence or _LICENCE,
            "versions": _versions(),
        }
        (folder / FILE_NAME).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _check_place(out: Path) -> None:
    """Raise FileExistsError unless `out` is missing, empty, or a bundle with nothing of anyone else's in it: what is
    replaced is deleted."""
    if os.path.ismount(out):
        raise FileExistsError(f"{out} is a mount point, which nothing can take the place of; choose a folder in it")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        description = json.loads((out / FILE_NAME).read_text(encoding="utf-8"))
        _, graphs = description["format"], description["graphs"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileExistsError(f"{out} exists and is not a bundle; choose another --out") from error
    own = {FILE_NAME, TENSORRT_FOLDER, *(f"{name}.onnx" for name in graphs)}
    if strange := {path.name for path in out.iterdir()} - own:
        raise FileExistsError(f"{out} holds {min(strange)}, which no bundle does; move it, or choose another --out")


def _joint_depth(loaded: Checkpoint) -> dict[str, float] | None:
    if loaded.joint_depth_m is None:
        return None
    return {"metres": loaded.joint_depth_m, "bins": loaded.network.config.depth_bins}


def _versions() -> dict[str, Any]:
    names = ("wb-track", "torch", "onnx", "onnxscript")
    return {name: importlib.metadata.version(name) for name in names}


@contextlib.contextmanager
def _folder_in_place_of(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when the block ends well, and vanishes otherwise."""
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    fresh, old = work / "new", work / "old"
    try:
        fresh.mkdir()
        yield fresh
        try:
            if out.exists():
                out.rename(old)
            fresh.rename(out)
        finally:
            if old.exists() and not out.exists():
                old.rename(out)
    finally:
        if out.exists() or not old.exists():  # interrupted twice, the old one may still be here
            shutil.rmtree(work, ignore_errors=True)
