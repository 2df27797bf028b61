"""Train the person detector on drawn people: `python -m training.train_detector --minutes M --resume`."""

from __future__ import annotations

import re
from pathlib import Path

from torch import Tensor

from models.networks.config import DetectorConfig
from models.networks.detector import Detector, DetectorMaps
from training import detector_loss
from training.command import run
from training.crowd_parts import NOBODY, kinds_loss
from training.crowds import Crowds, collated
from training.loaders import batches
from training.muon import muon_and_adamw
from training.precision import bfloat16_where_quick
from training.session import asked, ready, train
from training.trainer import Plan, Trainer, placed

Batch = tuple[Tensor, list[Tensor], Tensor]  # images (N, H, W, 3) uint8, boxes of each (M, 4), maps (N, H / 4, W / 4)

DETECTOR = DetectorConfig(kinds=NOBODY)

_WARM_UP_STEPS = 200
_CLIP = 5.0
_DECAY = 0.998
_WEIGHT_DECAY = 0.02
_PARTS_WEIGHT = 1.0
_OUTER = re.compile(r"backbone\.conv1\.|head\.1\.|parts\.")  # what sees pixels or gives the maps


def detector_trainer(
    folder: Path, device: str, rate: float, plan_minutes: float, config: DetectorConfig = DETECTOR
) -> Trainer[Batch]:
    """A new detector to train, its checkpoint in a folder."""
    detector = placed(Detector(config), device)

    def compared(batch: Batch) -> dict[str, Tensor]:
        images, people, kinds = batch
        with bfloat16_where_quick(device):
            features = detector.features(images.to(device))
            maps, logits = detector.maps(features), detector.kinds(features)
        maps = DetectorMaps(*(value.float() for value in maps))
        found = detector_loss.loss(maps, [boxes.to(device) for boxes in people])
        parts = kinds_loss(logits.float(), kinds.to(device))
        total = found.total + _PARTS_WEIGHT * parts
        return {"centres": found.centres, "boxes": found.boxes, "parts": parts, "total": total}

    plan = Plan(rate, plan_minutes, _WARM_UP_STEPS, _CLIP, _DECAY)
    optimizers = muon_and_adamw(detector, _OUTER, rate, _WEIGHT_DECAY)
    return Trainer(folder / "detector", detector, config.to_dict(), optimizers, losses=compared, plan=plan)


def main() -> None:
    """Train."""
    options = asked("training.train_detector", __doc__, batch=16, rate=2e-3, with_things=True)
    trainer = detector_trainer(options.folder, options.device, options.rate, options.plan_minutes)
    ready(trainer, options)
    crowds = Crowds(options.store, DETECTOR, trainer.step, options.places, options.things)
    loaded = batches(crowds, options.batch, options.loaders, collated)
    train(trainer, loaded, options.minutes, options.folder / "detector-curves.png")


if __name__ == "__main__":
    run(main)
