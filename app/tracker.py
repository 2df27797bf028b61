"""The tracker: frames in, people out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from app.batching import Batches, MakeCrops
from app.boxes import BoxPolicy, Detect
from app.estimator import Estimator
from app.finish import Finish
from app.fitting import Fit
from app.frame import Frame, Result
from app.pacing.budget import Budget
from app.pacing.strided import StridedParts
from app.pacing.timed import timed
from app.pinhole import CameraOf
from app.pipeline import Stage, run_stages
from app.placing import Place
from app.smoothing.settings import FILTERS, SmoothSettings
from app.smoothing.shape import Height, Shapes
from app.smoothing.smooth import Smooth
from engines.bundle import JointDepth
from models.smplx_body import SmplxBody

_NETWORKS = 3  # stages that detect, see the body, see its parts; or in batches detect, crop, and see both


def mesh_lag_frames(device: str) -> int:
    """After how many frames, in a lossless pipeline, a mesh is sure to have been `seen` when the next box is chosen.

    Between two groups of stages there is room for one frame. So when the first takes a frame, the one before has left
    it, and the second has taken the one before that; and so on, two frames a group. In batches no mesh is `seen`.
    """
    return 2 * len(_in_groups((None,) * (_NETWORKS + 2), device)) - 1


def _in_groups(stages: Sequence[Any], device: str) -> list[Sequence[Any]]:
    if device == "cpu":
        return [stages[:_NETWORKS], stages[_NETWORKS:]]
    return [*((stage,) for stage in stages[:_NETWORKS]), stages[_NETWORKS:-1], stages[-1:]]


class Tracker:
    """Finds people in frames and puts a mesh on them.

    `track` is the plain loop, a frame in, a result out; `tracks` the same for many frames, of which each result may
    wait for some to come. `groups` are the stages of `tracks` for a `Pipeline`.
    """

    def __init__(
        self,
        boxes: BoxPolicy,
        estimator: Estimator,
        body: SmplxBody,
        camera_of: CameraOf,
        smooth: SmoothSettings,
        *,
        joint_depth: JointDepth | None = None,
        people_at_once: int = 1,
        budget: Budget | None = None,
    ) -> None:
        """camera_of: from the size of the frames to the camera of the take. joint_depth: where there is one, bodies are
        fitted to the keypoints.

        people_at_once: a power of two. Above 1, `tracks` chooses boxes without looking at meshes, and takes the people
        of many frames together; not where boxes are made of meshes. budget: where there is one, hands and face are
        looked at as often as it allows, and frames go one by one.
        """
        self.estimator = estimator
        self.budget = budget
        parts = estimator.parts if budget is None else StridedParts(estimator.parts, budget)
        self._sequential = boxes.sequential
        detect = Detect(boxes)
        shapes = Shapes(Height(body, smooth.height_cm) if smooth.height_cm else None, locked=smooth.level != "off")
        self._remembering: list[Batches | Budget | Detect | Shapes | Smooth] = [detect, shapes]
        if budget is not None:
            self._remembering.append(budget)

        def stages(smooth: SmoothSettings, people_at_once: int = 1) -> Sequence[Stage]:
            networks: Sequence[Stage] = (estimator.body, parts)
            ahead = smooth.level != "off" and smooth.causal is None
            # A mesh that waits for frames to come is too late to say where to look in the next one.
            seen_early, seen_late = (boxes.seen, None) if ahead else (None, boxes.seen)
            if people_at_once > 1:
                batches = Batches(estimator.body, estimator.parts, people_at_once)
                networks = (MakeCrops(estimator.body), batches)
                self._remembering.append(batches)
                seen_early = seen_late = None
            place = Place(body, camera_of, shapes, seen_early, legs=not smooth.desk)
            steady = () if smooth.level == "off" else (Smooth(smooth, body.hand_mean),)
            self._remembering.extend(steady)
            fit = () if joint_depth is None else (Fit(body, joint_depth, camera_of),)
            every = (detect, *networks, *fit, place, *steady, Finish(body, seen_late))
            if budget is None:
                return every
            shared = len(every) if boxes.sequential else _NETWORKS
            return (*timed(every[:shared], budget), *every[shared:])

        at_once = 1 if boxes.sequential or budget is not None else people_at_once
        self.stages = stages(smooth, at_once)
        alike = smooth.causal and at_once == 1
        self._at_once = self.stages if alike else stages(replace(smooth, causal=FILTERS[0]))

    def track(self, frame: Frame) -> Result:
        """Everyone in the frame, smoothed without what comes after."""
        (result,) = run_stages(self._at_once, (frame,))
        return result

    def tracks(self, frames: Iterable[Frame]) -> Iterator[Result]:
        """Everyone in each of the frames. Left early, it is as after `reset`: what was held until later frames came has
        nowhere to go."""
        whole = False
        try:
            yield from run_stages(self.stages, frames)
            whole = True
        finally:
            if not whole:
                self.reset()

    def reset(self) -> None:
        """The next frame is of something else: no motion or shape goes on. Not while a pipeline runs."""
        for one in self._remembering:
            one.reset()

    def groups(self, *, device: str) -> list[Sequence[Stage]]:
        """Stages by thread. On a GPU the networks and skinning have one each, so that host and device work overlap.

        On a CPU the networks stay together, since graphs that share the cores gain nothing side by side, and smoothing
        and skinning overlap the next frame. All are in one where a frame's box waits for the last frame's mesh.
        """
        return [self.stages] if self._sequential else _in_groups(self.stages, device)
