"""Checkpoints of training: written whole or not at all, in parts small enough to move."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch

_PART_BYTES = 15 * 2**20


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint as `path.000`, `path.001`, ...; an older one is there until the new one is whole."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getbuffer()
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [data[start : start + _PART_BYTES] for start in range(0, len(data), _PART_BYTES)]
    fresh = [path.with_name(f"{path.name}.{number:03}.new") for number in range(len(parts))]
    for file, part in zip(fresh, parts, strict=True):
        file.write_bytes(part)
    for old in path.parent.glob(f"{path.name}.[0-9][0-9][0-9]"):
        if int(old.suffix[1:]) >= len(parts):
            old.unlink()
    for file in fresh:
        os.replace(file, file.with_suffix(""))


def exists(path: Path) -> bool:
    """Whether there is one."""
    return path.with_name(f"{path.name}.000").is_file()


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint. Raises FileNotFoundError where there is none, RuntimeError where it is damaged."""
    parts = sorted(path.parent.glob(f"{path.name}.[0-9][0-9][0-9]"))
    if not parts:
        raise FileNotFoundError(f"no checkpoint at {path}.000; leave out --resume to begin")
    data = b"".join(part.read_bytes() for part in parts)
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state
