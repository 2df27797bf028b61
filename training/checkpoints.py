"""Checkpoints of training: written whole or not at all, in parts small enough to move.

A checkpoint `network` is the files `network.G.000`, `network.G.001`, ... of one generation G and `network.json`, which
names the generation. That file is replaced last and at once, so whatever moment a program is stopped at, it names parts
that are all there. Checkpoints of before there were generations are `network.000`, `network.001`, ... alone.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import torch

_PART_BYTES = 15 * 2**20


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before is there until the new one is whole."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getbuffer()
    path.parent.mkdir(parents=True, exist_ok=True)
    generation = (_named(path) or (0, 0))[0] + 1
    count = -(-len(data) // _PART_BYTES)
    parts = _parts(path, generation, count)
    for number, file in enumerate(parts):
        file.write_bytes(data[number * _PART_BYTES : (number + 1) * _PART_BYTES])
    index = _index(path)
    fresh = index.with_name(f"{index.name}.new")
    fresh.write_text(json.dumps({"generation": generation, "parts": count}), encoding="utf-8")
    fresh.replace(index)
    for old in _all_parts(path) - set(parts):
        old.unlink()


def exists(path: Path) -> bool:
    """Whether there is one."""
    return _index(path).is_file() or bool(_without_generation(path))


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint. Raises FileNotFoundError where there is none, RuntimeError where it is damaged."""
    while True:
        named = _named(path)
        parts = _without_generation(path) if named is None else _parts(path, *named)
        if not parts:
            raise FileNotFoundError(f"no checkpoint at {_index(path)}; train first, or name another --folder")
        try:
            data = b"".join(part.read_bytes() for part in parts)
        except FileNotFoundError as error:
            if _named(path) != named:  # saved anew meanwhile
                continue
            raise RuntimeError(f"the checkpoint {path} is damaged: {error.filename} is missing") from error
        state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return state


def _index(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _named(path: Path) -> tuple[int, int] | None:
    """Generation and number of parts of the newest whole checkpoint."""
    try:
        index = json.loads(_index(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return index["generation"], index["parts"]


def _parts(path: Path, generation: int, count: int) -> list[Path]:
    return [path.with_name(f"{path.name}.{generation}.{number:03}") for number in range(count)]


def _without_generation(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.[0-9][0-9][0-9]"))


def _all_parts(path: Path) -> set[Path]:
    """Those of every generation and of none, half-written ones too."""
    pattern = re.compile(re.escape(path.name) + r"(\.\d+)?\.\d{3}(\.new)?")
    return {file for file in path.parent.iterdir() if pattern.fullmatch(file.name)}
