"""The detector's trainer on a few frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models.networks.config import DetectorConfig
from models.networks.detector import Detector
from tests.conftest import TINY_DETECTOR
from training import checkpoints
from training.backgrounds import Pool
from training.crowd_parts import NOBODY
from training.crowds import collated, crowd
from training.store import Store
from training.train_detector import detector_trainer


def test_forty_steps_bring_the_loss_down(tmp_path: Path, store: Store, pool: Pool) -> None:
    torch.manual_seed(0)
    batch = collated([crowd(np.random.default_rng(seed), store, TINY_DETECTOR.input_hw, pool) for seed in range(6)])
    assert sum(map(len, batch[1])) > 3
    trainer = detector_trainer(tmp_path, "cpu", 2e-2, 100.0, replace(TINY_DETECTOR, kinds=NOBODY))
    found = [trainer.learn(batch) for _ in range(40)]
    assert set(found[0]) == {"centres", "boxes", "parts", "total"}
    assert found[-1]["total"] < 0.7 * found[0]["total"]
    trainer.save()
    kept = checkpoints.load(tmp_path / "detector")
    Detector(DetectorConfig.from_dict(kept["architecture"])).load_state_dict(kept["average"])
