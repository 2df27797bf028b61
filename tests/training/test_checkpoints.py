"""Checkpoints survive being stopped at any moment, and those of before generations are read."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from training import checkpoints

PART = 5000


class Killed(BaseException):
    """What a stopped program does not live to handle."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_PART_BYTES", PART)


def _state(number: int, floats: int = 6000) -> dict[str, Any]:
    return {"network": {"weight": torch.full((floats,), float(number))}, "progress": {"step": number}}


def _save_without_generation(path: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    for number, start in enumerate(range(0, len(data), PART)):
        path.with_name(f"{path.name}.{number:03}").write_bytes(data[start : start + PART])


def _number(path: Path) -> int:
    state = checkpoints.load(path)
    assert (state["network"]["weight"] == state["progress"]["step"]).all()
    return int(state["progress"]["step"])


def test_shipped_parts_are_of_at_most_15_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert checkpoints._PART_BYTES <= 15 * 2**20


def test_a_checkpoint_is_read_back_from_parts_that_are_small(tmp_path: Path) -> None:
    path = tmp_path / "run" / "network"
    assert not checkpoints.exists(path)
    checkpoints.save(path, _state(1))
    assert checkpoints.exists(path)
    assert _number(path) == 1
    parts = list(path.parent.glob("network.*.[0-9][0-9][0-9]"))
    assert len(parts) > 3
    assert max(part.stat().st_size for part in parts) <= PART


def test_a_newer_one_takes_the_place_of_the_older(tmp_path: Path) -> None:
    path = tmp_path / "network"
    checkpoints.save(path, _state(1))
    checkpoints.save(path, _state(2, floats=3000))
    assert _number(path) == 2
    assert len(list(tmp_path.iterdir())) == 1 + len(list(tmp_path.glob("network.2.*")))


def test_neighbours_are_left_alone(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "detector", _state(7))
    (tmp_path / "network.png").write_bytes(b"")
    checkpoints.save(tmp_path / "network", _state(1))
    checkpoints.save(tmp_path / "network", _state(2))
    assert _number(tmp_path / "detector") == 7
    assert (tmp_path / "network.png").exists()


def _after(calls: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that works so many times; the next time it does half of its work, or none, and the program dies."""
    left = [calls]

    def dying(file: Path, *arguments: Any, **named: Any) -> Any:
        if left[0] == 0:
            if arguments and isinstance(arguments[0], bytes | memoryview):
                function(file, arguments[0][: len(arguments[0]) // 2])
            raise Killed
        left[0] -= 1
        return function(file, *arguments, **named)

    return dying


@pytest.mark.parametrize("generations", [True, False])
@pytest.mark.parametrize(
    ("operation", "calls", "survivor"),
    [
        *(("write_bytes", calls, 1) for calls in range(4)),  # between parts and within one
        ("write_text", 0, 1),
        ("replace", 0, 1),
        *(("unlink", calls, 2) for calls in range(3)),  # the new one is whole
    ],
)
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generations: bool, operation: str, calls: int, survivor: int
) -> None:
    path = tmp_path / "network"
    (checkpoints.save if generations else _save_without_generation)(path, _state(1))
    with monkeypatch.context() as patch:
        patch.setattr(Path, operation, _after(calls, getattr(Path, operation)))
        with pytest.raises(Killed):
            checkpoints.save(path, _state(2))
    assert _number(path) == survivor
    checkpoints.save(path, _state(3, floats=3000))
    assert _number(path) == 3
    index = json.loads((tmp_path / "network.json").read_text())
    parts = {f"network.{index['generation']}.{number:03}" for number in range(index["parts"])}
    assert {file.name for file in tmp_path.iterdir()} == {"network.json", *parts}


def test_checkpoints_of_before_generations_are_read_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "network"
    _save_without_generation(path, _state(4))
    assert checkpoints.exists(path)
    assert _number(path) == 4
    checkpoints.save(path, _state(5))
    assert _number(path) == 5
    assert not list(tmp_path.glob("network.[0-9][0-9][0-9]"))


def test_no_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train first"):
        checkpoints.load(tmp_path / "network")


def test_a_lost_part_is_named(tmp_path: Path) -> None:
    path = tmp_path / "network"
    checkpoints.save(path, _state(1))
    (tmp_path / "network.1.001").unlink()
    with pytest.raises(RuntimeError, match=r"damaged.*network\.1\.001 is missing"):
        checkpoints.load(path)


def test_a_checkpoint_saved_while_it_is_read_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network"
    checkpoints.save(path, _state(1))
    read = Path.read_bytes
    saved: list[bool] = []

    def reading(file: Path) -> bytes:
        if not saved:
            saved.append(True)
            checkpoints.save(path, _state(2))
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", reading)
    assert _number(path) == 2
