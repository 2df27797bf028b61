"""The network trainer on four people: it learns them, and goes on exactly from what it kept."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from models.networks.hand4whole import Hand4Whole
from tests.conftest import FINE
from training import checkpoints
from training.backgrounds import Pool
from training.batches import item
from training.store import Store
from training.torch_rotations import from_rot6d
from training.train import FACE_NET, HAND_NET, network_trainer, shorten_rotations

Batch = dict[str, Tensor]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))


@pytest.fixture(scope="module")
def batch(store: Store, pool: Pool) -> Batch:
    made: Batch = default_collate([item(np.random.default_rng(row), store, row, pool, FINE) for row in range(4)])
    return made


def test_twenty_steps_bring_the_loss_down_and_are_gone_on_from_exactly(tmp_path: Path, batch: Batch) -> None:
    torch.manual_seed(0)
    trainer = network_trainer(tmp_path, "cpu", 3e-2, 100.0, FINE)  # a twentieth of it after so few steps
    found = [float(trainer.learn(batch)["total"]) for _ in range(20)]
    assert found[-1] < 0.8 * found[0]
    trainer.save()
    resumed = network_trainer(tmp_path, "cpu", 3e-2, 100.0, FINE)
    resumed.resume()
    assert trainer.learn(batch)["total"] == resumed.learn(batch)["total"]
    for mine, other in ((trainer.network, resumed.network), (trainer.average, resumed.average)):
        expected = other.state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in mine.state_dict().items())


def test_long_rotations_are_shortened_and_stay_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = network_trainer(tmp_path, "cpu", 1e-3, 1.0, FINE).network
    assert isinstance(network, Hand4Whole)
    linear = network.body_rotation_net.body_pose_out[0]
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        linear.weight.normal_()
        linear.weight.view(-1, 3, 2, linear.in_features)[3, :, 1] *= 1e-3  # short already
    before = linear.weight.clone()
    evidence = torch.randn(5, linear.in_features)
    long = linear(evidence).view(5, -1, 6)
    shorten_rotations(network)
    short = linear(evidence).view(5, -1, 6)
    torch.testing.assert_close(from_rot6d(short), from_rot6d(long), atol=1e-4, rtol=0)
    assert short.abs().mean() < 0.2 * long.abs().mean()
    unchanged = (linear.weight == before).view(-1, 3, 2, linear.in_features).all(-1).all(1)
    assert unchanged.nonzero().tolist() == [[3, 1]]


def test_every_step_leaves_rotations_short_in_the_network_and_in_the_average(tmp_path: Path, batch: Batch) -> None:
    torch.manual_seed(0)
    trainer = network_trainer(tmp_path, "cpu", 1e-3, 1.0, FINE)
    with torch.no_grad():
        for name, weight in trainer.network.named_parameters():
            if "pose_out" in name:
                weight.mul_(1000.0)
    for _ in range(3):
        trainer.learn(batch)
    for network in (trainer.network, trainer.average.module):
        weights = [weight for name, weight in network.named_parameters() if "pose_out" in name and weight.ndim == 2]
        assert len(weights) == 4
        sizes = [weight.view(-1, 3, 2, weight.shape[1]).square().mean((1, 3)).sqrt().max() for weight in weights]
        assert max(sizes) <= 0.1 + 1e-6


def test_a_checkpoint_holds_what_publishing_needs(tmp_path: Path) -> None:
    trainer = network_trainer(tmp_path, "cpu", 1e-3, 1.0, FINE)
    trainer.save()
    kept = checkpoints.load(tmp_path / "network")
    assert set(kept) == {"architecture", "network", "average", "aside", "optimizers", "progress", "history"}
    network = Hand4Whole(type(FINE).from_dict(kept["architecture"]))
    network.load_state_dict(kept["average"])


def test_new_networks_find_people_who_stand_upright(tmp_path: Path, batch: Batch) -> None:
    trainer = network_trainer(tmp_path, "cpu", 1e-3, 1.0, FINE)
    network = trainer.network
    assert isinstance(network, Hand4Whole)
    with torch.no_grad():
        _, hand, _, pose = network.eval()(torch.zeros(2, *FINE.crop_hw, 3, dtype=torch.uint8))
    upright = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    assert (from_rot6d(pose.root_rot6d) - upright).abs().max() < 0.5
    assert (from_rot6d(pose.body_rot6d) - torch.eye(3)).abs().max() < 0.5
    assert (from_rot6d(hand.rot6d) - torch.eye(3)).abs().max() < 0.5
    assert set(batch) >= {"body", "hands", "face"}


@pytest.mark.parametrize(("alone", "part"), [("hands", HAND_NET), ("faces", FACE_NET)])
def test_alone_nothing_else_is_moved(
    tmp_path: Path, batch: Batch, alone: Literal["hands", "faces"], part: tuple[str, ...]
) -> None:
    torch.manual_seed(0)
    batch = {**batch, "face_valid": torch.ones(4)}
    trainer = network_trainer(tmp_path, "cpu", 3e-2, 100.0, FINE, alone=alone)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    found = [float(trainer.learn(batch)["total"]) for _ in range(20)]
    assert found[-1] < 0.9 * found[0]
    for name, value in trainer.network.state_dict().items():
        assert name.startswith(part) or torch.equal(value, before[name]), name
    trainer.save()
    resumed = network_trainer(tmp_path, "cpu", 3e-2, 100.0, FINE, alone=alone)
    resumed.resume()
    assert trainer.learn(batch)["total"] == resumed.learn(batch)["total"]
