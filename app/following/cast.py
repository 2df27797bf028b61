"""Who is shown, of all who are followed."""

from __future__ import annotations

from collections.abc import Sequence

from app.following.person import Followed

_PATIENCE_S = 1.0  # for someone hidden


class Cast:
    """So many people, each kept as long as they are there. Numbers from 1 are given in the order of appearance."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._kept: list[Followed] = []
        self._numbered = 0

    def choose(self, people: Sequence[Followed], time_s: float, *, cut: bool) -> list[Followed]:
        """Who of the people is shown in this frame, by number.

        Someone lost near another, who may hide them, keeps the place for a second, but not over a cut. A free place
        goes to one who was shown before, or else to the largest of the sure ones. Whoever turns out to have been taken
        for someone who has no place, and so has no number any more, gives the place to them.
        """
        numbered = [one for one in self._kept if one.track_id is not None]
        self._kept = [
            one for one in numbered if one.present or (one in people and not cut and _waited_for(one, time_s))
        ]
        free = [one for one in people if one.present and not one.missed and one not in self._kept]
        free.sort(key=lambda one: (one.track_id is None, -one.box.score * one.box.area_px2))
        for one in free[: self.places - len(self._kept)]:
            if one.track_id is None:
                self._numbered += 1
                one.track_id = self._numbered
            self._kept.append(one)
        return sorted((one for one in self._kept if one.present), key=lambda one: one.track_id or 0)


def _waited_for(one: Followed, time_s: float) -> bool:
    return time_s - one.found_s <= _PATIENCE_S and any(other.present for other in one.met)
