"""The learning rate, the average, and going on as if there had been no pause."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training.trainer import Plan, Trainer, averaged, placed

PLAN = Plan(rate=0.1, minutes=10.0, warm_up_steps=100, clip=1.0, decay=0.9)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second for every look at it, so that the learning rate is the same each time."""
    ticks: Iterator[int] = count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))


def _trainer(folder: Path, width: int = 4) -> Trainer[Tensor]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width), nn.Linear(width, 1))

    def losses(batch: Tensor) -> dict[str, Tensor]:
        error = (network(batch)[:, 0] - batch.sum(1)).square().mean()
        return {"error": error, "total": 2 * error}

    optimizer = torch.optim.AdamW(network.parameters(), lr=PLAN.rate)
    return Trainer(folder / "network", network, {"width": width}, (optimizer,), losses=losses, plan=PLAN)


def _batches(count: int) -> list[Tensor]:
    random = torch.Generator().manual_seed(1)
    return [torch.randn(16, 3, generator=random) for _ in range(count)]


def test_the_rate_warms_up_and_falls() -> None:
    assert PLAN.rate_at(0, 0.0) == pytest.approx(0.1 / 100)
    assert PLAN.rate_at(99, 0.0) == PLAN.rate_at(10_000, 0.0) == pytest.approx(0.1)
    assert PLAN.rate_at(500, 300.0) == pytest.approx(0.1 * 0.51)
    assert PLAN.rate_at(500, 600.0) == PLAN.rate_at(500, 9999.0) == pytest.approx(0.1 * 0.02)


def test_losses_fall(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    found = [float(trainer.learn(batch)["total"]) for batch in _batches(60)]
    assert sum(found[-10:]) < 0.5 * sum(found[:10])
    assert trainer.step == 60
    assert trainer.spent_s == 60.0
    assert not trainer.learn(_batches(1)[0])["error"].requires_grad


def test_training_goes_on_as_if_there_had_been_no_pause(tmp_path: Path) -> None:
    whole, first = _trainer(tmp_path / "whole"), _trainer(tmp_path / "parts")
    batches = _batches(12)
    for batch in batches:
        whole.learn(batch)
    for batch in batches[:7]:
        first.learn(batch)
    first.history.append({"step": 7, "minutes": 0.1, "total": 3.0})
    assert not first.kept
    first.save()
    second = _trainer(tmp_path / "parts")
    assert second.kept
    second.resume()
    assert (second.step, second.spent_s, second.history) == (first.step, first.spent_s, first.history)
    for batch in batches[7:]:
        second.learn(batch)
    for mine, other in ((whole.network, second.network), (whole.average, second.average)):
        expected = other.state_dict()
        for name, value in mine.state_dict().items():
            assert torch.equal(value, expected[name]), name


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    _trainer(tmp_path).save()
    with pytest.raises(ValueError, match="another architecture"):
        _trainer(tmp_path, width=5).resume()


def test_the_average_follows_weights_and_buffers() -> None:
    network = nn.BatchNorm1d(2)
    average = averaged(network, 0.9)
    average.update_parameters(network)
    network.load_state_dict({**network.state_dict(), "weight": torch.zeros(2), "running_mean": torch.ones(2)})
    average.update_parameters(network)
    torch.testing.assert_close(average.module.state_dict()["weight"], torch.full((2,), 0.9))
    torch.testing.assert_close(average.module.state_dict()["running_mean"], torch.full((2,), 0.1))


def test_networks_are_placed_channels_last() -> None:
    network = placed(nn.Conv2d(4, 4, 3), "cpu")
    assert network.weight.is_contiguous(memory_format=torch.channels_last)
