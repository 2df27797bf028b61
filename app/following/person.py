"""Someone who is followed."""

from __future__ import annotations

from dataclasses import dataclass

from app.following.look import Look
from app.following.motion import FOUND, BoxMotion
from app.frame import MOST_PREDICTED, Box

_LOOK_SHARE = 0.1  # of a new look in the remembered one
_USUAL_LIKENESS = 0.8  # of someone to their remembered look, at first
_USUAL_SHARE = 0.2
_FADING = 0.7  # of the score, each time that the detector misses someone


@dataclass(frozen=True)
class Found:
    """What the detector found, and what it looks like."""

    box: Box
    look: Look | None


class Followed:
    """Someone who was found, and maybe lost again: where they are or were, and what they look like.

    track_id: None until they are shown. found_s: when the detector found them last. missed: 0, or for how many frames
    there has been no sign of them, since a look of the detector that missed them. needed: how often it still has to
    find them before they are believed. begins: nothing earlier says how they move now. met: whom they were close to,
    and for each the evidence of later looks that the two were taken for each other.
    """

    def __init__(self, found: Found, time_s: float, needed: int) -> None:
        self.track_id: int | None = None
        self.found_s = time_s
        self.missed = 0
        self.needed = needed
        self.begins = True
        self.met: dict[Followed, tuple[float, ...]] = {}
        self._motion = BoxMotion(found.box, time_s)
        self._frames = 0  # without a sign of them
        self._look = found.look
        self._last_look: Look | None = None
        self._usual_likeness = _USUAL_LIKENESS
        self._score = found.box.score

    @property
    def present(self) -> bool:
        return self.needed == 0 and not self.lost

    @property
    def lost(self) -> bool:
        return self.missed > MOST_PREDICTED

    @property
    def box(self) -> Box:
        """Where they are thought to be."""
        return Box(self._motion.xyxy_px, self._score)

    def move_to(self, time_s: float) -> None:
        """On to the next frame."""
        self._motion.move_to(time_s)
        self._frames += 1
        if self.missed:
            self.missed = self._frames

    def steadiness(self, look: Look | None) -> float:
        """How like the one given the frame before a look is, in [0, 1]; 1 where there is no telling."""
        last, self._last_look = self._last_look, look
        return 1.0 if look is None or last is None else look.likeness(last)

    def distance(self, box: Box) -> float:
        """Of a box from where they are thought to be, in standard deviations."""
        return self._motion.distance(box)

    def likeness(self, look: Look | None) -> float:
        """To what they usually look like, in [0, 1]; 1 where there is no telling."""
        if look is None or self._look is None:
            return 1.0
        return min(1.0, self._look.likeness(look) / self._usual_likeness)

    def follow(self, found: Found, time_s: float, *, alone: bool) -> None:
        """The detector found them. alone: nobody else's colours are in the box."""
        self._motion.correct(found.box, FOUND)
        self._is_here(found, time_s)
        if alone and found.look is not None:
            self._remember(found.look)

    def restart(self, found: Found, time_s: float) -> None:
        """They are found elsewhere, or after having been lost: only what they look like is still known."""
        self._motion = BoxMotion(found.box, time_s)
        self._is_here(found, time_s)
        self._last_look = None
        self.begins = True

    def nudge(self, box: Box, deviation: float) -> None:
        """Their box may be this one, of so large a standard deviation in heights."""
        self._motion.correct(box, deviation)

    def hold(self) -> None:
        """They are there, though the detector did not say so."""
        self._frames = self.missed = 0

    def hold_on(self, time_s: float) -> None:
        """The same, by a sign of them that counts as much as being found."""
        self.hold()
        self.found_s = time_s

    def miss(self) -> None:
        """The detector did not find them."""
        self.missed = self._frames
        self._score *= _FADING

    def lose(self, time_s: float) -> None:
        """They are gone from that time on; with another source time may begin again."""
        self._frames = self.missed = MOST_PREDICTED + 1
        self.found_s = min(self.found_s, time_s)

    def exchange(self, other: Followed) -> None:
        """Each was taken for the other."""
        for name in ("track_id", "_look", "_usual_likeness"):
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, theirs)
            setattr(other, name, mine)
        self.begins = other.begins = True

    def _is_here(self, found: Found, time_s: float) -> None:
        self.found_s = time_s
        self._frames = self.missed = 0
        self.needed = max(0, self.needed - 1)
        self._score = found.box.score

    def _remember(self, look: Look) -> None:
        if self._look is None:
            self._look = look
            return
        self._usual_likeness += _USUAL_SHARE * (self._look.likeness(look) - self._usual_likeness)
        self._look = self._look.mixed(look, _LOOK_SHARE)
