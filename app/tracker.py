"""The tracker: frames in, people out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from app.boxes import BoxPolicy, Detect
from app.estimator import Estimator
from app.finish import Finish
from app.frame import Frame, Result
from app.pipeline import Stage, run_stages
from models.smplx_body import SmplxBody

_GROUPS_CPU, _GROUPS_GPU = (3, 1), (1, 1, 1, 1)  # stages that share a thread: detect, body, parts, finish


def mesh_lag_frames(device: str) -> int:
    """After how many frames, in a lossless pipeline, a mesh is sure to have been `seen` when the next box is chosen.

    Between two groups of stages there is room for one frame. So when the first takes a frame, the one before has left
    it, and the second has taken the one before that; and so on, two frames a group.
    """
    return 2 * len(_groups(device)) - 1


def _groups(device: str) -> tuple[int, ...]:
    return _GROUPS_CPU if device == "cpu" else _GROUPS_GPU


class Tracker:
    """Finds people in frames and puts a mesh on them.

    `track` is the plain loop, one frame after the other; `groups` are the same stages for a `Pipeline`.
    """

    def __init__(self, boxes: BoxPolicy, estimator: Estimator, body: SmplxBody) -> None:
        self.estimator = estimator
        self._sequential = boxes.sequential
        self._detect = Detect(boxes)
        self.stages: Sequence[Stage] = (self._detect, estimator.body, estimator.parts, Finish(body, boxes.seen))

    def track(self, frame: Frame) -> Result:
        """Everyone in the frame."""
        return run_stages(self.stages, frame)

    def reset(self) -> None:
        """Forget everyone: the next frame is of something else. Not while a pipeline runs."""
        self._detect.reset()

    def groups(self, *, device: str) -> list[Sequence[Stage]]:
        """Stages by thread. On a GPU each has its own, so that host and device work overlap.

        On a CPU the networks stay together, since graphs that share the cores gain nothing side by side, and skinning
        overlaps the next frame. All are in one where a frame's box waits for the last frame's mesh.
        """
        if self._sequential:
            return [self.stages]
        stages = iter(self.stages)
        return [tuple(islice(stages, count)) for count in _groups(device)]
