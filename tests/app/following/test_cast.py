"""Who is shown, of all who are followed."""

from __future__ import annotations

from app.following.cast import Cast
from app.following.person import Followed, Found
from app.frame import Box


def _someone(x: float, height: float) -> Followed:
    return Followed(Found(Box((x, 0.0, x + 0.4 * height, height), 0.9), None), 0.0, needed=0)


def test_the_largest_get_the_places_and_keep_them() -> None:
    small, large, larger = _someone(0, 100), _someone(200, 200), _someone(400, 300)
    cast = Cast(2)
    assert cast.choose([small, large], 0.0, cut=False) == [large, small]
    assert cast.choose([small, large, larger], 0.1, cut=False) == [large, small]
    assert (large.track_id, small.track_id, larger.track_id) == (1, 2, None)


def test_who_was_taken_for_another_gives_the_place_to_them() -> None:
    """Otherwise nobody would be shown from then on: one has the place, and the other the number."""
    shown, other = _someone(0, 200), _someone(300, 150)
    cast = Cast(1)
    assert cast.choose([shown, other], 0.0, cut=False) == [shown]
    shown.exchange(other)
    for k in range(3):
        assert cast.choose([shown, other], 0.1 * k, cut=False) == [other]
    assert other.track_id == 1


def test_two_who_were_taken_for_each_other_both_stay() -> None:
    one, other = _someone(0, 200), _someone(300, 150)
    cast = Cast(2)
    assert cast.choose([one, other], 0.0, cut=False) == [one, other]
    one.exchange(other)
    assert cast.choose([one, other], 0.1, cut=False) == [other, one]
    assert (other.track_id, one.track_id) == (1, 2)
