"""The hands and faces that are looked at in a frame, and those that are carried on from an earlier one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.estimator import Arrays, BodyView, Estimates, PartsStage
from app.frame import Measured
from app.pacing.budget import Budget
from app.pacing.plan import Part

_HANDS, _FACE = "hands", "face"
_ROWS = {_HANDS: slice(0, 2), _FACE: slice(2, 3)}  # of part boxes

_Network = Callable[[NDArray[np.uint8], NDArray[np.float32]], Arrays]


@dataclass
class _Looked:
    """When one kind of part of a person was last looked at. epoch: the track's. found: the network's outputs, of one.
    boxes: where it was, (k, 4) xyxy crop pixels. age: frames since, the one to come included."""

    epoch: int
    found: dict[str, NDArray[Any]] = field(default_factory=dict)
    boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    age: int = 0


class StridedParts:
    """Stage: BodyView -> Estimates, as `PartsStage`, but HandNet and FaceNet run on those alone that a budget chooses.

    A person's two hands are run together: HandNet's graph takes pairs. What is not run is as it was, its keypoints
    where BodyNet now sees the part; the wrist head always runs, on what BodyNet sees now.
    """

    name = "parts"

    def __init__(self, parts: PartsStage, budget: Budget) -> None:
        self._parts = parts
        self._budget = budget
        self._looked: dict[tuple[int, str], _Looked] = {}

    def __call__(self, view: BodyView | Estimates) -> Estimates:
        if isinstance(view, Estimates):
            self._looked.clear()
            return view
        self._remember(view)
        chosen = {(part.track_id, part.kind) for part in self._budget.choose(self._candidates(view))}
        hand = self._results(view, _HANDS, self._parts.hands, chosen)
        face = self._results(view, _FACE, self._parts.faces, chosen)
        measured = []
        for subject in view.subjects:
            hands, looks = ((subject.track.track_id, kind) in chosen for kind in (_HANDS, _FACE))
            measured.append(Measured(hands, hands, looks))
        return self._parts.estimates(view, hand, face, measured)

    def _remember(self, view: BodyView) -> None:
        """Of those who are here, unless they are somewhere else all at once."""
        known = self._looked
        self._looked = {}
        for subject in view.subjects:
            for kind in _ROWS:
                key, epoch = (subject.track.track_id, kind), subject.track.epoch
                last = known.get(key)
                self._looked[key] = last if last is not None and last.epoch == epoch else _Looked(epoch)
                self._looked[key].age += 1

    def _candidates(self, view: BodyView) -> list[Part]:
        """Everyone's hands and face; what was never looked at is as overdue as can be."""
        parts = []
        for subject, boxes in zip(view.subjects, view.part_boxes, strict=True):
            for kind, rows in _ROWS.items():
                track_id = subject.track.track_id
                looked = self._looked[track_id, kind]
                age = looked.age if looked.found else self._budget.most_frames
                motion = moved(looked.boxes, boxes[rows]) if looked.found else 0.0
                parts.append(Part(track_id, kind, age, motion, self._budget.expected_s(kind)))
        return parts

    def _results(self, view: BodyView, kind: str, network: _Network, chosen: set[tuple[int, str]]) -> Arrays:
        """What a network says of everyone, now or when it last ran on them."""
        keys = [(subject.track.track_id, kind) for subject in view.subjects]
        rows = [row for row, key in enumerate(keys) if key in chosen]
        if rows:
            started_s = time.perf_counter()
            outputs = network(view.crops[rows], view.part_boxes[rows])
            self._budget.ran((kind,) * len(rows), time.perf_counter() - started_s)
            for place, row in enumerate(rows):
                found = {name: array[place] for name, array in outputs.items()}
                boxes = view.part_boxes[row, _ROWS[kind]]
                self._looked[keys[row]] = replace(self._looked[keys[row]], found=found, boxes=boxes, age=0)
        everyone: Sequence[dict[str, NDArray[Any]]] = [self._looked[key].found for key in keys]
        return {name: np.stack([found[name] for found in everyone]) for name in everyone[0]}


def moved(boxes: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """How far the fastest of boxes (k, 4) xyxy has gone, in its own size, growing and shrinking included."""
    sides = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(1), 1.0)
    return float((np.abs(now - boxes).max(1) / sides).max())
