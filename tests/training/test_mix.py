"""Weights between two trainings, and HandNet from a third."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import FINE
from training import checkpoints, mix
from training.kept import keep
from training.train import FACE_NET, HAND_NET, network_trainer

LARGER_FACES = replace(FINE, face_px=2 * FINE.face_px)
DEEPER = replace(FINE, body_backbone=replace(FINE.body_backbone, blocks=(1, 1, 2, 1)))


def _trained(folder: Path, seed: int, config=FINE) -> dict[str, torch.Tensor]:  # type: ignore[no-untyped-def]
    """A network's checkpoint; its averaged weights."""
    torch.manual_seed(seed)
    trainer = network_trainer(folder, "cpu", 1e-3, 1.0, config)
    with torch.no_grad():
        for value in trainer.average.module.state_dict().values():
            if value.is_floating_point():
                value.add_(0.1 * torch.rand_like(value))
    trainer.save()
    return trainer.average.module.state_dict()


def _mix(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["training.mix", *map(str, arguments)])
    mix.main()


def test_a_share_of_the_old_and_the_rest_of_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = _trained(tmp_path / "old", 0), _trained(tmp_path / "new", 1)
    hands = _trained(tmp_path / "hands", 2)
    checkpoints.save(tmp_path / "new" / "detector", {"average": {"weight": torch.ones(2)}})
    keep(tmp_path / "old" / "network", tmp_path / "kept.pth")
    faces = _trained(tmp_path / "faces", 3, LARGER_FACES)
    arguments = (tmp_path / "out", "--folder", tmp_path / "new", "--kept", tmp_path / "kept.pth", "--share", 0.25)
    _mix(monkeypatch, *arguments, "--hands", tmp_path / "hands", "--faces", tmp_path / "faces")
    written = checkpoints.load(tmp_path / "out" / "network")
    assert written["architecture"] == LARGER_FACES.to_dict()
    found = written["average"]
    assert found.keys() == new.keys()
    for name, value in found.items():
        if name.startswith(FACE_NET):
            assert torch.equal(value, faces[name])
            continue
        rest = hands[name] if name.startswith(HAND_NET) else new[name]
        expected = 0.25 * old[name] + 0.75 * rest if value.is_floating_point() else rest
        torch.testing.assert_close(value, expected, rtol=1e-3, atol=1e-3)  # kept in half precision
    assert checkpoints.load(tmp_path / "out" / "detector")["average"]["weight"].tolist() == [1, 1]


def test_a_deeper_network_is_mixed_with_the_shallower_one_it_began_as(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = _trained(tmp_path / "old", 0), _trained(tmp_path / "new", 1, DEEPER)
    keep(tmp_path / "old" / "network", tmp_path / "kept.pth")
    _mix(monkeypatch, tmp_path / "out", "--folder", tmp_path / "new", "--kept", tmp_path / "kept.pth", "--share", 1)
    found = checkpoints.load(tmp_path / "out" / "network")["average"]
    assert found.keys() == new.keys() > old.keys()
    for name, value in old.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-3)
    more = [name for name in new.keys() - old.keys() if name.endswith("bn2.weight")]
    assert len(more) == 1
    assert not found[more[0]].any()


@pytest.mark.parametrize("part", ["hands", "faces"])
def test_parts_of_another_architecture_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    old = _trained(tmp_path / "new", 1)
    keep(tmp_path / "new" / "network", tmp_path / "kept.pth")
    _trained(tmp_path / "part", 2, DEEPER)
    arguments = (tmp_path / "out", "--folder", tmp_path / "new", "--kept", tmp_path / "kept.pth")
    with pytest.raises(ValueError, match=f"the {part} in .* are of another architecture"):
        _mix(monkeypatch, *arguments, f"--{part}", tmp_path / "part")
    assert old
    assert not (tmp_path / "out").exists()


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pth.*--kept"):
        _mix(monkeypatch, tmp_path / "out", "--kept", tmp_path / "none.pth")


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan", "some"])
def test_what_is_no_share_is_refused(
    share: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        _mix(monkeypatch, "out", "--share", share)
    assert stopped.value.code
    assert "expected 0 to 1" in capsys.readouterr().err


def test_weights_of_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match="different networks"):
        mix.mixed({"a": torch.ones(1)}, {"b": torch.ones(1)}, 0.5)
