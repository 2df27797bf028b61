"""Weights kept in half precision begin a new training where the old one was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.networks.config import ResNetConfig
from models.networks.resnet import ResNet
from training.command import UnusableError
from training.kept import begin_from, keep
from training.trainer import Plan, Trainer

PLAN = Plan(rate=0.1, minutes=1.0, warm_up_steps=1, clip=1.0, decay=0.5)


def _trainer(folder: Path, seed: int, width: int = 3, *, aside: bool = False) -> Trainer[Tensor]:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.Linear(width, 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=PLAN.rate)
    along = nn.Linear(2, 1) if aside else None

    def losses(batch: Tensor) -> dict[str, Tensor]:
        return {"total": network(batch).square().mean()}

    path, architecture = folder / "network", {"width": width}
    return Trainer(path, network, architecture, (optimizer,), losses=losses, plan=PLAN, aside=along)


def test_a_new_training_has_the_averaged_weights(tmp_path: Path) -> None:
    old = _trainer(tmp_path, seed=0)
    for _ in range(3):
        old.learn(torch.randn(8, 2))
    old.save()
    keep(tmp_path / "network", tmp_path / "kept" / "network.pth")
    new = _trainer(tmp_path / "new", seed=1)
    begin_from(new, tmp_path / "kept" / "network.pth")
    for own, average in ((new.network, old.average.module), (new.average.module, old.average.module)):
        for name, value in own.state_dict().items():
            torch.testing.assert_close(value, average.state_dict()[name], rtol=1e-3, atol=1e-4)
    assert new.step == 0


def test_what_is_trained_along_is_kept_too(tmp_path: Path) -> None:
    old, new, older = (_trainer(tmp_path / name, seed=seed, aside=True) for seed, name in enumerate("abc"))
    old.save()
    keep(tmp_path / "a" / "network", tmp_path / "network.pth")
    begin_from(new, tmp_path / "network.pth")
    torch.testing.assert_close(new.aside.state_dict(), old.aside.state_dict(), rtol=1e-3, atol=1e-4)
    content = torch.load(tmp_path / "network.pth", weights_only=True)
    torch.save({name: value for name, value in content.items() if name != "aside"}, tmp_path / "older.pth")
    before = {name: value.clone() for name, value in older.aside.state_dict().items()}
    begin_from(older, tmp_path / "older.pth")
    torch.testing.assert_close(older.aside.state_dict(), before)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    old = _trainer(tmp_path, seed=0)
    old.save()
    keep(tmp_path / "network", tmp_path / "network.pth")
    with pytest.raises(ValueError, match="another architecture"):
        begin_from(_trainer(tmp_path / "new", seed=1, width=5), tmp_path / "network.pth")


@pytest.mark.parametrize("content", [b"", b"not weights", {"state_dict": {}}, [1]])
def test_what_was_not_kept_is_refused_in_a_sentence(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(UnusableError, match="name a file that training"):
        begin_from(_trainer(tmp_path, seed=0), path)


def _blocks(folder: Path, seed: int, count: int) -> Trainer[Tensor]:
    torch.manual_seed(seed)
    network = ResNet(ResNetConfig((1, 1, 1, count), bottleneck=False, width=2)).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=PLAN.rate)
    architecture = {"backbone": {"blocks": (1, 1, 1, count), "width": 2}}

    def losses(batch: Tensor) -> dict[str, Tensor]:
        return {"total": network(batch).square().mean()}

    return Trainer(folder / "network", network, architecture, (optimizer,), losses=losses, plan=PLAN)


def test_a_deeper_network_begins_as_the_shallower_one(tmp_path: Path) -> None:
    old, new = _blocks(tmp_path, seed=0, count=1), _blocks(tmp_path / "new", seed=1, count=3)
    image = torch.rand(2, 3, 64, 64)
    for _ in range(2):
        old.learn(image)
    old.save()
    keep(tmp_path / "network", tmp_path / "network.pth")
    begin_from(new, tmp_path / "network.pth")
    with torch.no_grad():
        expected = old.average.module.eval()(image)
        for network in (new.network, new.average.module):
            torch.testing.assert_close(network.eval()(image), expected, rtol=0.01, atol=0.01)
    new.network.train()
    new.learn(image)
    assert new.network.state_dict()["layer4.2.bn2.weight"].any()  # it was zero, and learns


def test_a_shallower_network_is_another_architecture(tmp_path: Path) -> None:
    _blocks(tmp_path, seed=0, count=2).save()
    keep(tmp_path / "network", tmp_path / "network.pth")
    with pytest.raises(ValueError, match="another architecture"):
        begin_from(_blocks(tmp_path / "new", seed=1, count=1), tmp_path / "network.pth")


def test_facenet_may_see_larger_pictures(tmp_path: Path) -> None:
    old, new = _trainer(tmp_path, seed=0), _trainer(tmp_path / "new", seed=1)
    old.architecture["face_px"], new.architecture["face_px"] = 64, 96
    old.save()
    keep(tmp_path / "network", tmp_path / "network.pth")
    begin_from(new, tmp_path / "network.pth")
    for name, value in new.network.state_dict().items():
        torch.testing.assert_close(value, old.average.module.state_dict()[name], rtol=1e-3, atol=1e-3)


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--begin-from"):
        begin_from(_trainer(tmp_path, seed=0), tmp_path / "none.pth")
