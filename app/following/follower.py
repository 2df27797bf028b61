"""Where everyone is in each frame, and who they are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from app.boxes import Track
from app.detectors.detector import SURE, Detector
from app.following.cast import Cast
from app.following.look import Look
from app.following.matching import Pairs, by_look, by_motion, crowded, forget_others, inside, meet, part, shared
from app.following.meshes import Meshes, Seen
from app.following.motion import MESH
from app.following.pace import FilePace, LivePace, Pace, TargetPace
from app.following.person import Followed, Found
from app.frame import Box, Frame, Person
from app.pacing.budget import Budget

_MOTION_S = 1.0  # that someone lost is thought to go on for, or from one look of the detector to the next
_MEMORY_S = 10.0  # that someone lost is known again for
_HELD_S = 1.0  # that the detector may miss someone, with all else for them
_UNSTEADY = 0.85  # a look, from one frame to the next: the detector looks
_JUMP, _UNSTEADY_JUMP = 4.0, 2.2  # standard deviations: nobody moves like that
_LIKELY = 0.3  # score of a box that someone is looked for in, in a new scene, while fewer are found than asked for
_HARDLY_SURE = 0.2  # score of a box that only someone can be in who was there already
_PART = 0.75  # of somebody's box, or less
_EDGE = 0.02  # of the frame's width
_LEFT = 0.3  # likeness of the only one left before and after a cut, which may change the light
_GONE = 0.7  # a look so unsteady that it is another place's
# Likeness of someone whom the detector misses and who is there all the same; of who comes back from behind someone,
# near where they left, or anywhere.
_THERE, _UNHIDDEN, _BACK_NEAR, _BACK = 0.8, 0.3, 0.4, 0.5


class Follower:
    """Follows everyone that a detector finds in some of the frames, and shows so many of them.

    Between the detector's looks boxes go on by themselves. The detector looks at once after a cut, and in each frame
    while someone is lost or new, looks changed, or has no mesh where their box is. Someone whom it misses goes on for
    three frames, or for up to a second where their mesh and their look say that they are there.
    """

    sequential = False

    def __init__(self, detector: Detector, people: int, lag_frames: int | None, budget: Budget | None = None) -> None:
        """people: how many to show. lag_frames: of `Meshes`; None when live. budget: of a frame rate to hold."""
        self._detector = detector
        self._pace = _pace(budget, live=lag_frames is None)
        self._meshes = Meshes(lag_frames)
        self._cast = Cast(people)
        self._people: list[Followed] = []
        self._before: list[Followed] = []  # the cut
        self._fresh = True  # nobody was found since the start or a cut
        self._looked_s = 0.0
        self._motion_s = _MOTION_S
        self._shown: frozenset[int] = frozenset()

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:
        """Who to look for in the frame, by number; the boxes have something in the frame."""
        for one in self._people:
            one.move_to(frame.time_s)
        if cut:
            self._cut(frame.time_s)
        self._motion_s = max(_MOTION_S, frame.time_s - self._looked_s)
        news = self._meshes.known()
        steady = {id(one): self._steadiness(one, frame) for one in self._people if one.track_id in self._shown}
        if self._fresh or self._pace.due(
            frame.time_s, urgent=self._urgent(frame, news, min(steady.values(), default=0))
        ):
            found, unsure = self._find(frame)
            pairs = self._after_cut(found, frame) if self._fresh else self._going_on(found, unsure, frame, news, steady)
            self._welcome(_others(found, pairs), frame)
            self._fresh = self._fresh and not found
        self._go_by_meshes(news)
        self._people = [one for one in self._people if frame.time_s - one.found_s <= self._memory_s(one)]
        forget_others(self._people)
        return self._show(frame, cut=cut)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        self._meshes.arrived(frame, people)

    def _cut(self, time_s: float) -> None:
        """From here on nobody is where they were."""
        self._meshes.forget()
        self._before = [one for one in self._people if one.present]
        self._people = [one for one in self._people if not one.needed]
        for one in self._people:
            one.lose(time_s)
        self._fresh, self._looked_s = True, time_s

    def _urgent(self, frame: Frame, news: Mapping[int, Seen], steadiness: float) -> bool:
        """Whether the detector had better look: someone is new or lost, or seems to be."""
        return (
            steadiness < _UNSTEADY
            or not all(seen.agrees for seen in news.values())
            or any(one.missed or one.needed for one in self._near(frame.time_s))
        )

    def _near(self, time_s: float) -> list[Followed]:
        """Those who were found lately, and so are where they were going."""
        return [one for one in self._people if time_s - one.found_s <= self._motion_s]

    def _memory_s(self, one: Followed) -> float:
        return self._motion_s if one.track_id is None else _MEMORY_S

    def _find(self, frame: Frame) -> tuple[list[Found], list[Found]]:
        """Who is in the frame, and who may be, surest first."""
        started_s = time.perf_counter()
        boxes = self._detector.detect(frame.rgb, _HARDLY_SURE)
        self._pace.looked(frame.time_s, time.perf_counter() - started_s)
        self._looked_s = frame.time_s
        found = [Found(box, Look.of(frame.rgb, box)) for box in boxes]
        count = sum(one.box.score >= SURE for one in found)
        if self._fresh:
            count = max(count, min(self._cast.places, sum(one.box.score >= _LIKELY for one in found)))
        return found[:count], found[count:]

    def _going_on(
        self,
        found: Sequence[Found],
        unsure: Sequence[Found],
        frame: Frame,
        news: Mapping[int, Seen],
        steady: Mapping[int, float],
    ) -> Pairs:
        """Those who are where they were going, then those who come back; the rest is missed.

        Boxes that the detector is not sure of are only for those whom it leaves over (Zhang et al., ByteTrack, ECCV
        2022, section 3).
        """
        time_s = frame.time_s
        near = self._near(time_s)
        meet(near)
        pairs = by_motion(near, found)
        pairs += by_motion([one for one in _absent(near, pairs) if not one.needed], unsure)
        candidates = [other for one, other in pairs if one.needed]
        for one, other in pairs:
            jumped = one.distance(other.box) > (_UNSTEADY_JUMP if steady.get(id(one), 1.0) < _GONE else _JUMP)
            if _meshed(news.get(one.track_id or 0)) and _is_part(other.box, one.box, jumped=jumped):
                one.hold_on(time_s)
            elif jumped:
                one.restart(other, time_s)
            else:
                one.follow(other, time_s, alone=not one.met)
        known = [one for one in _absent(self._people, pairs) if one.track_id is not None]
        unknown = candidates + _others(found, pairs)
        back = by_look(known, unknown, _least_likeness)
        for one, other in back:
            one.restart(other, time_s)
        replaced = [one for one, other in pairs if any(other is known_again for _, known_again in back)]
        self._people = [one for one in self._people if one not in replaced]
        pairs = [pair for pair in pairs if pair[0] not in replaced] + back
        part(pairs)
        rest = [other.box for other in _others([*found, *unsure], pairs)]
        for one in _absent(self._people, pairs):
            self._miss(one, frame, news.get(one.track_id or 0), rest)
        self._people = [one for one in self._people if not (one.needed and one.missed)]
        return pairs

    def _miss(self, one: Followed, frame: Frame, seen: Seen | None, boxes: Sequence[Box]) -> None:
        """The detector did not find someone, maybe a part of them. Their mesh and their look may say that they are
        there."""
        if not _meshed(seen) or self._crowded(one) or one.lost:
            one.miss()
        elif any(inside(box, [one.box]) for box in boxes):
            one.hold_on(frame.time_s)
        elif frame.time_s - one.found_s <= _HELD_S and self._likeness(one, frame) >= _THERE:
            one.hold()
        else:
            one.miss()

    def _after_cut(self, found: Sequence[Found], frame: Frame) -> Pairs:
        """Those who look as before, and, in the frame of the cut itself, the only one left before and after, unless
        plainly someone else."""
        pairs = by_look(self._people, found, lambda _one, _other: _BACK)
        gone, others = _absent(self._before, pairs), _others(found, pairs)
        if len(gone) == len(others) == 1 and len(self._before) == len(found):
            pairs += by_look(gone, others, lambda _one, _other: _LEFT)
        self._before = []  # whoever comes later may be anyone
        for one, other in pairs:
            one.restart(other, frame.time_s)
        return pairs

    def _welcome(self, found: Sequence[Found], frame: Frame) -> None:
        """Newcomers. A second look makes sure, but in a new scene; a third of who is only coming into the frame and may
        be someone who left, and a fourth of who may be a part of another.
        """
        among = [one.box for one in self._people if one.present]
        left = any(one.lost for one in self._people)
        for other in found:
            needed = 0 if self._fresh else 2 if left and _is_cut_off(other.box, frame.size_wh) else 1
            self._people.append(Followed(other, frame.time_s, 3 if inside(other.box, among) else needed))

    def _go_by_meshes(self, news: Mapping[int, Seen]) -> None:
        """Nudge boxes towards meshes that were made of them some frames ago."""
        for one in self._people:
            seen = news.get(one.track_id or 0)
            if seen is not None and seen.mesh is not None and seen.agrees and one.present and not one.met:
                one.nudge(_moved(seen.mesh, seen.box, one.box), MESH)

    def _crowded(self, one: Followed) -> bool:
        return crowded(one.box, [other.box for other in self._people if other is not one and not other.needed])

    def _likeness(self, one: Followed, frame: Frame) -> float:
        """Of what is in their box now."""
        return one.likeness(Look.of(frame.rgb, one.box))

    def _steadiness(self, one: Followed, frame: Frame) -> float:
        """Of what is in their box, from the frame before to now; 1 where others are in it too."""
        return one.steadiness(None if self._crowded(one) else Look.of(frame.rgb, one.box))

    def _show(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:
        shown = []
        for one in self._cast.choose(self._people, frame.time_s, cut=cut):
            if one.track_id is not None and _is_in(one.box, frame.size_wh):
                begins = one.begins or one.track_id not in self._shown
                shown.append(Track(one.track_id, one.box, begins, one.missed, known=True))
                one.begins = False
        self._shown = frozenset(track.track_id for track in shown)
        self._meshes.asked(frame, {track.track_id: track.box for track in shown})
        return tuple(shown)


def _meshed(seen: Seen | None) -> bool:
    return seen is not None and seen.agrees


def _is_part(found: Box, box: Box, *, jumped: bool) -> bool:
    """Whether only a part of who is in a box was found: much less, or at once less."""
    return inside(found, [box]) and (jumped or found.area_px2 < _PART * box.area_px2)


def _pace(budget: Budget | None, *, live: bool) -> Pace:
    if budget is not None:
        return TargetPace(budget)
    return LivePace() if live else FilePace()


def _least_likeness(one: Followed, other: Found) -> float:
    """That someone must have to be the one who was lost: less where they left or may have been hidden than anywhere."""
    if any(shared(hider.box, other.box) > 0 for hider in one.met if hider.present):
        return _UNHIDDEN
    return _BACK_NEAR if one.box.overlap(other.box) > 0 else _BACK


def _absent(people: Sequence[Followed], pairs: Pairs) -> list[Followed]:
    matched = {id(one) for one, _ in pairs}
    return [one for one in people if id(one) not in matched]


def _others(found: Sequence[Found], pairs: Pairs) -> list[Found]:
    matched = {id(other) for _, other in pairs}
    return [other for other in found if id(other) not in matched]


def _moved(mesh: Box, then: Box, now: Box) -> Box:
    """A mesh's box, moved on as the box did that it was found in."""
    x1, y1, x2, y2 = (
        float(edge + new - old) for edge, old, new in zip(mesh.xyxy_px, then.xyxy_px, now.xyxy_px, strict=True)
    )
    return Box((x1, y1, x2, y2), mesh.score)


def _is_cut_off(box: Box, frame_wh: tuple[int, int]) -> bool:
    """Whether the box ends at the left or right of the frame."""
    return box.xyxy_px[0] < _EDGE * frame_wh[0] or box.xyxy_px[2] > (1 - _EDGE) * frame_wh[0]


def _is_in(box: Box, frame_wh: tuple[int, int]) -> bool:
    x1, y1, x2, y2 = box.xyxy_px
    return x1 < frame_wh[0] - 2 and y1 < frame_wh[1] - 2 and x2 > 1 and y2 > 1
