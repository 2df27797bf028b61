"""Running `wb-export`, and what is in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from exporter.main import main as wb_export

OneLine = Callable[[], str]
Contents = dict[str, bytes]


def run(checkpoint: Path, out: Path) -> int:
    return wb_export([str(checkpoint), "--out", str(out)])


def contents(folder: Path) -> Contents:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copied(bundle: Path, out: Path) -> Contents:
    """An older bundle at `out`, with an engine file of its own by which to know it."""
    shutil.copytree(bundle, out)
    (out / "tensorrt").mkdir()
    (out / "tensorrt" / "body.engine").touch()
    return contents(out)
