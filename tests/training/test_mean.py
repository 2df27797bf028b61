"""Trainings beside each other go on from the mean of what they have learnt."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training import checkpoints, mean
from training.trainer import Plan, Trainer

RATE = 0.1


class Line(nn.Module):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


def _trainer(folder: Path, towards: float, size: int = 1, name: str = "network") -> Trainer[Tensor]:
    line = Line()
    return Trainer(
        folder / name,
        line,
        {"size": size},
        (torch.optim.AdamW(line.parameters(), weight_decay=0.0), torch.optim.SGD(line.parameters(), momentum=0.9)),
        losses=lambda _: {"total": (line.weight - towards).square().sum()},
        plan=Plan(RATE, 1.0, 1, 10.0, 0.5),
    )


def _trained(folder: Path, towards: float, steps: int = 3) -> None:
    trainer = _trainer(folder, towards)
    for _ in range(steps):
        trainer.learn(torch.zeros(1))
    trainer.history.append({"step": steps, "total": towards})
    trainer.save()


def _bring_together(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["training.mean", *map(str, arguments)])
    mean.main()


def _floats(tree: Any) -> Iterator[Tensor]:
    """Everything in a tree that has a mean."""
    for each in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(each, (dict, list)):
            yield from _floats(each)
        elif isinstance(each, Tensor) and each.is_floating_point():
            yield each


def test_all_go_on_from_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, averages, and what both optimizers remember."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, towards in zip(folders, (1.0, -3.0), strict=True):
        _trained(folder, towards)
    one, two = ([*_floats(checkpoints.load(folder / "network"))] for folder in folders)
    _bring_together(monkeypatch, *folders)
    for folder in folders:
        found = [*_floats(checkpoints.load(folder / "network"))]
        assert len(found) == len(one) >= 6
        for value, first, second in zip(found, one, two, strict=True):
            torch.testing.assert_close(value, (first + second) / 2)
    assert any(not torch.equal(first, second) for first, second in zip(one, two, strict=True))


def test_steps_and_history_stay_each_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders, 3):
        _trained(folder, 1.0, steps=number)
    _bring_together(monkeypatch, *folders)
    for number, folder in enumerate(folders, 3):
        trainer = _trainer(folder, 1.0)
        trainer.resume()
        assert trainer.step == number
        assert [row["step"] for row in trainer.history] == [number]
        trainer.learn(torch.zeros(1))  # what optimizers remember is whole


def test_other_networks_are_refused_and_left_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _trained(tmp_path / "one", 1.0)
    _trainer(tmp_path / "two", 1.0, size=2).save()
    before = checkpoints.load(tmp_path / "one" / "network")["network"]["weight"]
    with pytest.raises(SystemExit) as ended:
        _bring_together(monkeypatch, tmp_path / "one", tmp_path / "two")
    assert ended.value.code == 2
    assert "different architectures" in capsys.readouterr().err
    assert torch.equal(checkpoints.load(tmp_path / "one" / "network")["network"]["weight"], before)


def test_one_alone_and_missing_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _trained(tmp_path / "one", 1.0)
    with pytest.raises(SystemExit) as ended:
        _bring_together(monkeypatch, tmp_path / "one")
    assert ended.value.code == 2
    assert "name two or more" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        _bring_together(monkeypatch, tmp_path / "one", tmp_path / "none")


def test_detectors_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, towards in zip(folders, (1.0, -3.0), strict=True):
        trainer = _trainer(folder, towards, name="detector")
        trainer.learn(torch.zeros(1))
        trainer.save()
    _bring_together(monkeypatch, *folders, "--name", "detector")
    one, two = (checkpoints.load(folder / "detector")["network"]["weight"] for folder in folders)
    assert torch.equal(one, two)
