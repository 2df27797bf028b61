"""One person, found by a detector and followed by their own mesh."""

from __future__ import annotations

from dataclasses import replace

from app.boxes import FollowedBox, Track
from app.detectors.detector import Detector
from app.frame import MOST_PREDICTED, Box, Frame, Person

_BEGINS = 0.3  # score of a box that someone is looked for in
_STAYS = 0.2  # and of one that says they are still there
_EVERY_S = 0.2  # from one look of the detector to the next
_LOOKS = 5  # in a row without a sign of them, or with somebody else far plainer
_SIDE = 0.15  # of the frame's width: who has their middle so near its sides may be leaving
_OVERLAP = 0.3  # with the box that is followed
_PART = 0.7  # of a box that lies in the one that is followed
_PLAINER = 2.0  # times


class WatchedBox:
    """For a small detector, which finds halves of people and is not always sure: a mesh says better where the rest of
    somebody is.

    The detector looks at the start, after a cut, where the mesh is lost, and in every frame while there is nobody; then
    five times a second, whether they are still there, or someone else is who is far plainer. At the frame's sides,
    which people leave by, it looks in every frame, and at most three are predicted.
    """

    sequential = True

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._followed = FollowedBox()
        self._there = False
        self._looked_s = 0.0
        self._doubts = 0

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:
        """The one person, if there is one; their number is 1."""
        if self._there and not cut:
            (track,) = self._followed.tracks(frame, cut=False)
            lost = track.begins  # there was no mesh
            leaving = _is_at_a_side(track.box, frame.size_wh[0])
            due = leaving or frame.time_s - self._looked_s >= _EVERY_S
            if not lost and (not due or self._stays(track.box, frame, MOST_PREDICTED + 1 if leaving else _LOOKS)):
                return (replace(track, missed=self._doubts if leaving else 0),)
        return self._search(frame)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        self._followed.seen(frame, people)

    def _search(self, frame: Frame) -> tuple[Track, ...]:
        boxes = self._detector.detect(frame.rgb, _BEGINS)
        self._there, self._looked_s, self._doubts = bool(boxes), frame.time_s, 0
        if not boxes:
            return ()
        plainest = max(boxes, key=_plainness)
        self._followed.begin(plainest, frame.time_s)
        return (Track(1, plainest, begins=True),)

    def _stays(self, box: Box, frame: Frame, looks: int) -> bool:
        """Whether the person of the box is still who to follow, who is given up after so many looks."""
        self._looked_s = frame.time_s
        boxes = self._detector.detect(frame.rgb, _STAYS)
        score = max((found.score for found in boxes if _is_of(found, box)), default=0.0)
        own = _plainness(replace(box, score=score))
        others = [found for found in boxes if not _is_of(found, box) and found.score >= _BEGINS]
        doubted = own == 0.0 or any(_plainness(other) > _PLAINER * own for other in others)
        self._doubts = self._doubts + 1 if doubted else 0
        return self._doubts < looks


def _is_of(found: Box, box: Box) -> bool:
    """Whether what was found is the person of the box, or a part of them."""
    return found.overlap(box) >= _OVERLAP or found.share_in(box) >= _PART


def _is_at_a_side(box: Box, frame_width: int) -> bool:
    middle = (box.xyxy_px[0] + box.xyxy_px[2]) / 2 / frame_width
    return min(middle, 1 - middle) < _SIDE


def _plainness(box: Box) -> float:
    """Large things that are nobody have lower scores than small people: twice the score counts for more than five times
    the area. Chosen on a dozen photographs."""
    return float(box.score**2.5) * box.area_px2
