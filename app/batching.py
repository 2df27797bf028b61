"""People of many frames through the networks at once, for files on a GPU, where no latency is owed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from app.boxes import Sighting
from app.estimator import BodyStage, Estimate, Estimates, PartsStage, Subject
from app.frame import Frame
from engines.cuda_driver import CudaDriver
from engines.runtime import Runtime
from engines.tensorrt_files import MOST_PEOPLE

_MOST_AT_ONCE = 32
_PERSON_BYTES = 256 << 20  # of a GPU's memory, ample for one of Hand4Whole's crops in FP32
_HELD_BYTES = 256 << 20  # of frames, whose pictures wait for their people
_ROOM = 4  # one in so many of a batch is made ready while another runs


def people_at_once(runtime: Runtime) -> int:
    """How many people to run together, a power of two: what fits a GPU. One on a CPU, which one keeps busy.

    Raises EngineError where there is no GPU for an engine that needs one.
    """
    match runtime.engine:
        case "tensorrt":
            return MOST_PEOPLE
        case "cuda":
            return _power_of_two_in(min(_MOST_AT_ONCE, CudaDriver().memory_bytes // _PERSON_BYTES))
    return 1


@dataclass(frozen=True)
class Cropped:
    """Whoever is to be estimated in a frame, and a crop (H, W, 3) uint8 of each."""

    frame: Frame
    subjects: tuple[Subject, ...]
    crops: tuple[NDArray[np.uint8], ...]


class MakeCrops:
    """Stage: Sighting -> Cropped."""

    name = "crop"

    def __init__(self, body: BodyStage) -> None:
        self._body = body

    def __call__(self, sighting: Sighting) -> Cropped:
        subjects = self._body.subjects(sighting)
        return Cropped(sighting.frame, subjects, tuple(one.crop.warp(sighting.frame.rgb) for one in subjects))


class Batches:
    """Stage: Cropped -> Estimates, each frame's once and in order, when enough people have come together.

    Frames are held until all of their people are estimated, or rather a batch is run before it is full than that more
    than `held_bytes` of pictures wait. Batches are powers of two, the last one filled up, so that runtimes which tune
    for every new shape tune for few.
    """

    name = "networks"

    def __init__(self, body: BodyStage, parts: PartsStage, people: int, held_bytes: int = _HELD_BYTES) -> None:
        """people: in a full batch, a power of two."""
        self._body, self._parts = body, parts
        self._people, self._held_bytes = people, held_bytes
        self._frames: deque[Cropped] = deque()
        self._waiting: deque[tuple[Subject, NDArray[np.uint8]]] = deque()  # of these frames, not estimated yet
        self._done: deque[Estimate] = deque()  # of these frames, in the same order
        self.room = max(1, people // _ROOM)

    def __call__(self, cropped: Cropped) -> tuple[Estimates, ...]:
        self._frames.append(cropped)
        self._waiting.extend(zip(cropped.subjects, cropped.crops, strict=True))
        whole = self._whole()
        while len(self._waiting) >= self._people or (self._waiting and self._too_many()):
            self._run(min(self._people, _power_of_two_in(len(self._waiting))))
            whole += self._whole()
        return tuple(whole)

    def flush(self) -> tuple[Estimates, ...]:
        """The last, smaller batch."""
        while self._waiting:
            self._run(min(self._people, len(self._waiting)))
        return tuple(self._whole())

    def reset(self) -> None:
        """Forget the frames that are held."""
        for held in (self._frames, self._waiting, self._done):
            held.clear()

    def _run(self, people: int) -> None:
        """Estimate those who have waited longest."""
        subjects, crops = zip(*islice(self._waiting, people), strict=True)
        filled = crops + crops[-1:] * ((1 << (people - 1).bit_length()) - people)
        view = self._body.estimate(self._frames[0].frame, subjects, np.stack(filled))  # (N, H, W, 3)
        self._done.extend(self._parts(view).people)
        for _ in range(people):
            self._waiting.popleft()

    def _whole(self) -> list[Estimates]:
        """Frames whose people are all estimated, up to the first that lacks some."""
        whole = []
        while self._frames and len(self._done) >= len(self._frames[0].subjects):
            cropped = self._frames.popleft()
            whole.append(Estimates(cropped.frame, tuple(self._done.popleft() for _ in cropped.subjects)))
        return whole

    def _too_many(self) -> bool:
        return sum(cropped.frame.rgb.nbytes for cropped in self._frames) > self._held_bytes


def _power_of_two_in(count: int) -> int:
    """The largest that is not above the count; at least 1."""
    return 1 << (max(count, 1).bit_length() - 1)
