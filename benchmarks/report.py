"""A benchmark's result as a table for people and JSON for comparing."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from engines.cores import processor

_ROOT = Path(__file__).parents[1]


def machine() -> Mapping[str, Any]:
    """What the numbers were measured on."""
    packages = ("torch", "onnxruntime-gpu", "onnxruntime", "numpy")
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version for name in packages if (version := _version(name))},
        **{name: version for name in ("openvino", "tensorrt") if (version := _version(name))},
    }


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """--out and --picture."""
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="the result, with the machine's description")
    parser.add_argument("--picture", type=_png, metavar="FILE.png")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(path: Path | None, result: Mapping[str, Any]) -> None:
    """The result with the day's date and the machine's description, where a path is given, in a folder that may not
    be there yet: what took minutes is not lost for one."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {"date": f"{date.today():%Y-%m-%d}", "machine": machine()}
        path.write_text(json.dumps({**about, **result}, indent=2) + "\n", encoding="utf-8")


def without_folders(text: str) -> str:
    """What results may say of an error: neither this checkout's folder nor the user's."""
    return text.replace(str(_ROOT), "wb-track").replace(str(Path.home()), "~")


def _png(text: str) -> Path:
    """Anything else would be found out after all was measured."""
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text} is no FILE.png")
    return path


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
