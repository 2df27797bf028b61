"""A session: the command line, the loop, what is printed and kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training import session
from training.session import asked, train
from training.trainer import Plan, Trainer


def _trainer(path: Path) -> Trainer[Tensor]:
    network = nn.Linear(1, 1)

    def losses(batch: Tensor) -> dict[str, Tensor]:
        error = network(batch).square().mean()
        return {"error": error, "total": error}

    optimizer = torch.optim.SGD(network.parameters())
    return Trainer(path, network, {}, (optimizer,), losses=losses, plan=Plan(1e-3, 1.0, 1, 1.0, 0.9))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how many seconds pass between looks at the clock."""

    def set_to(seconds: float) -> None:
        ticks: Iterator[int] = count()
        monkeypatch.setattr(time, "monotonic", lambda: seconds * next(ticks))

    return set_to


def test_a_session_ends_in_time_with_a_checkpoint_and_curves(
    tmp_path: Path, clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    clock(0.07)
    trainer = _trainer(tmp_path / "network")
    train(trainer, repeat(torch.ones(4, 1)), 1.0, tmp_path / "curves.png", ("total",))
    assert 420 <= trainer.step <= 430  # the clock is looked at twice a step
    assert [row["step"] for row in trainer.history] == [200, 400]
    assert trainer.history[1]["total"] < trainer.history[0]["total"]
    assert trainer.kept
    assert (tmp_path / "curves.png").is_file()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].split()[0] == "200"
    assert "total" in lines[0]
    assert "error" not in lines[0]


def test_checkpoints_are_kept_on_the_way(
    tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock(1.0)
    trainer, saved = _trainer(tmp_path / "network"), []
    monkeypatch.setattr(trainer, "save", lambda: saved.append(trainer.step))
    train(trainer, repeat(torch.ones(4, 1)), 15.0, tmp_path / "curves.png")
    assert len(saved) == 4  # every four minutes and in the end
    assert saved[-1] == trainer.step


def test_all_losses_are_printed_unless_some_are_named() -> None:
    row = {"step": 200, "minutes": 1.5, "a": 0.25, "b": 1.0}
    assert session._line(row, ()) == "    200    1.5 min  a 0.2500  b 1.0000"
    assert session._line(row, ("b",)) == "    200    1.5 min  b 1.0000"


def test_the_command_line_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train", "--minutes", "20", "--folder", "run", "--rate", "0.1", "--resume"])
    options = asked("training.train", "Train.", batch=24, rate=1e-3)
    assert (options.minutes, options.plan_minutes, options.folder) == (20.0, 20.0, Path("run"))
    assert (options.batch, options.rate, options.resume) == (24, 0.1, True)
    monkeypatch.setattr(sys, "argv", ["train", "--minutes", "20", "--plan", "60"])
    assert asked("training.train", "Train.", batch=24, rate=1e-3).plan_minutes == 60.0


@pytest.mark.parametrize("with_things", [True, False])
def test_things_are_asked_only_of_what_learns_from_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], with_things: bool
) -> None:
    monkeypatch.setattr("sys.argv", ["train", "--minutes", "1", "--things", "cutouts"])
    if with_things:
        found = session.asked("train", None, batch=1, rate=1e-3, with_things=True)
        assert found.things == Path("cutouts")
        return
    with pytest.raises(SystemExit) as end:
        session.asked("train", None, batch=1, rate=1e-3)
    assert end.value.code == 2
    assert "unrecognized arguments: --things cutouts" in capsys.readouterr().err
