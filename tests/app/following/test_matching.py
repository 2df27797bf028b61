"""What boxes have to do with one another."""

from __future__ import annotations

import pytest

from app.following.matching import forget_others, inside, meet, shared
from app.following.person import Followed, Found
from app.frame import Box

WHOLE = Box((100.0, 20.0, 160.0, 180.0), 0.9)
HALF = Box((100.0, 20.0, 160.0, 100.0), 0.6)
BESIDE = Box((150.0, 20.0, 210.0, 180.0), 0.9)


def test_a_half_is_a_part_of_its_whole_and_the_whole_none_of_the_half() -> None:
    assert inside(HALF, [BESIDE, WHOLE])
    assert not inside(WHOLE, [HALF])
    assert not inside(BESIDE, [WHOLE])


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [(WHOLE, WHOLE, 1.0), (WHOLE, HALF, 1.0), (WHOLE, BESIDE, 1 / 6), (WHOLE, Box((0.0, 0.0, 0.0, 0.0), 1.0), 0.0)],
)
def test_what_two_boxes_share_is_counted_by_the_smaller(one: Box, other: Box, share: float) -> None:
    assert shared(one, other) == shared(other, one) == pytest.approx(share)


def test_of_whom_someone_met_only_those_who_are_still_followed_are_kept() -> None:
    """A box that is nobody's any more would make a crowd for ever."""
    one, other, gone = (Followed(Found(box, None), 0.0, needed=0) for box in (WHOLE, HALF, HALF))
    meet([one, other, gone])
    assert one.met.keys() == {other, gone}
    forget_others([one, other])
    assert one.met.keys() == {other}
    assert other.met.keys() == {one}
