"""A session of training, as the command line asks for it: what was asked, and the loop."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from training.curves import draw_curves
from training.kept import begin_from
from training.places import read_places
from training.store import Store
from training.things import read_things
from training.trainer import Batch, Trainer

_SAVE_EVERY_S = 240.0
_LOOK_EVERY = 10  # steps between losses that are read
_LOG_EVERY = 200  # steps that a row of the history is the mean of


@dataclass(frozen=True)
class Options:
    """What `python -m training.train` and `training.train_detector` are told."""

    minutes: float
    plan: float | None
    device: str
    resume: bool
    begin_from: Path | None
    store: Path
    folder: Path
    batch: int
    rate: float
    loaders: int
    places: Path | None
    things: Path | None

    @property
    def plan_minutes(self) -> float:
        """Of the whole plan: this session, unless told."""
        return self.plan or self.minutes


def asked(module: str, description: str | None, *, batch: int, rate: float, with_things: bool = False) -> Options:
    """Read the command line. batch, rate: the defaults. with_things: whether `--things` means something."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--minutes", type=float, required=True, help="how long to train now")
    parser.add_argument("--plan", type=float, help="minutes the learning rate falls over, all runs together")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    parser.add_argument("--begin-from", type=Path, metavar="FILE", help="weights that training.kept wrote")
    parser.add_argument("--store", type=Path, default=Path("training-store"), help="of training.draw_people")
    parser.add_argument("--folder", type=Path, default=Path("training-run"), help="where checkpoints are kept")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=rate, help="the highest learning rate")
    parser.add_argument("--loaders", type=int, default=1, help="processes that make batches")
    parser.add_argument("--places", type=Path, metavar="FOLDER", help="pictures of nobody, half of the backgrounds")
    parser.set_defaults(things=None)
    if with_things:
        parser.add_argument("--things", type=Path, metavar="FOLDER", help="cutouts of what is nobody: .png with alpha")
    return Options(**vars(parser.parse_args()))


def ready(trainer: Trainer[Batch], options: Options, *, faces_will_do: bool = False) -> None:
    """Give a trainer what it goes on from: its checkpoint, else kept weights, else nothing. faces_will_do: it
    learns from a store of faces alone, too. Raises FileNotFoundError where these, the store, places or things are
    missing, UnusableError where one of those is none."""
    store = Store(options.store)  # else it would be a loader's process that finds none
    store.random_row(np.random.default_rng())
    if not faces_will_do:
        store.expect_people()
    read_places(options.places)
    if options.things is not None:
        read_things(options.things)
    if options.resume and trainer.kept:
        trainer.resume()
    elif options.begin_from is not None:
        begin_from(trainer, options.begin_from)


def train(
    trainer: Trainer[Batch], batches: Iterator[Batch], minutes: float, curves: Path, shown: Sequence[str] = ()
) -> None:
    """Learn for so long, keeping checkpoints; draw the losses in the end. shown: the losses to print, else all."""
    started = saved = time.monotonic()
    recent: list[dict[str, Tensor]] = []
    while time.monotonic() - started < 60 * minutes:
        losses = trainer.learn(next(batches))
        if trainer.step % _LOOK_EVERY == 0:
            recent.append(losses)
        if trainer.step % _LOG_EVERY == 0:
            row = {"step": trainer.step, "minutes": trainer.spent_s / 60} | _means(recent)
            trainer.history.append(row)
            print(_line(row, shown), flush=True)
            recent = []
        if time.monotonic() - saved > _SAVE_EVERY_S:
            trainer.save()
            saved = time.monotonic()
    trainer.save()
    draw_curves(trainer.history, curves)


def _means(rows: Sequence[dict[str, Tensor]]) -> dict[str, float]:
    return {name: float(np.mean([float(row[name]) for row in rows])) for name in rows[0]}


def _line(row: dict[str, float], shown: Sequence[str]) -> str:
    names = shown or [name for name in row if name not in ("step", "minutes")]
    return f"{row['step']:7.0f} {row['minutes']:6.1f} min  " + "  ".join(f"{name} {row[name]:.4f}" for name in names)
