"""Train HandNet alone, on several times as many hands a second as `training.train` sees:
`python -m training.train_hands --minutes M --begin-from FILE`.

The other networks stay as they are. The wrist head, which looks at HandNet's features, has to get used to new ones, by
some minutes of `training.train`.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.batches import Hands
from training.command import run
from training.loaders import batches
from training.session import asked, ready, train
from training.sizes import NETWORK
from training.train import Batch, network_trainer

_SHOWN = ("total", "hand joints", "hand depth", "hand pose", "hand mesh", "hand parts", "hand surface")


def main() -> None:
    """Train."""
    options = asked("training.train_hands", __doc__, batch=32, rate=1.5e-3)
    trainer = network_trainer(options.folder, options.device, options.rate, options.plan_minutes, alone="hands")
    ready(trainer, options)
    loaded: Iterator[Batch] = batches(
        Hands(options.store, NETWORK, trainer.step, options.places), options.batch, options.loaders
    )
    train(trainer, loaded, options.minutes, options.folder / "hand-curves.png", _SHOWN)


if __name__ == "__main__":
    run(main)
