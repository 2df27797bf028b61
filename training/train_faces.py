"""Train FaceNet alone, on many times as many faces a second as `training.train` sees:
`python -m training.train_faces --minutes M`. The other networks stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

from training.batches import Faces
from training.command import run
from training.loaders import batches
from training.session import asked, ready, train
from training.sizes import NETWORK
from training.train import Batch, network_trainer

_SHOWN = ("total", "jaw", "expression", "face points")


def main() -> None:
    """Train."""
    options = asked("training.train_faces", __doc__, batch=64, rate=2e-3)
    trainer = network_trainer(options.folder, options.device, options.rate, options.plan_minutes, alone="faces")
    ready(trainer, options, faces_will_do=True)
    loaded: Iterator[Batch] = batches(
        Faces(options.store, NETWORK, trainer.step, options.places), options.batch, options.loaders
    )
    train(trainer, loaded, options.minutes, options.folder / "face-curves.png", _SHOWN)


if __name__ == "__main__":
    run(main)
