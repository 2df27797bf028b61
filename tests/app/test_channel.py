"""Channels: order, waiting, newest wins, and both ways of ending."""

from __future__ import annotations

import threading

import pytest

from app.channel import Channel, ChannelClosed


def test_values_come_in_order() -> None:
    channel: Channel[int] = Channel(3)
    for value in (1, 2, 3):
        channel.put(value)
    channel.close()
    assert list(channel) == [1, 2, 3]
    assert channel.dropped == 0


def test_a_full_lossless_channel_makes_put_wait() -> None:
    channel: Channel[int] = Channel(1)
    channel.put(1)
    second = threading.Thread(target=channel.put, args=(2,))
    second.start()
    second.join(0.1)
    assert second.is_alive()
    assert channel.get() == 1
    second.join(5)
    assert not second.is_alive()
    assert channel.get() == 2


def test_newest_wins_drops_the_oldest_and_counts_it() -> None:
    channel: Channel[int] = Channel(1, newest_wins=True)
    for value in range(5):
        channel.put(value)
    assert channel.get() == 4
    assert channel.dropped == 4


@pytest.mark.parametrize("newest_wins", [False, True])
@pytest.mark.parametrize("capacity", [1, 2])
def test_a_closed_channel_refuses_values_and_hands_out_the_rest(capacity: int, newest_wins: bool) -> None:
    channel: Channel[int] = Channel(capacity, newest_wins=newest_wins)
    channel.put(1)
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.put(2)
    assert channel.get() == 1
    assert channel.dropped == 0
    with pytest.raises(ChannelClosed):
        channel.get()


def test_an_error_comes_after_the_values_before_it_and_the_first_is_kept() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1)
    channel.close(ValueError("first"))
    channel.close(ValueError("second"))
    assert channel.get() == 1
    with pytest.raises(ValueError, match="first"):
        channel.get()


def test_discarding_drops_what_is_left() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1)
    channel.close(discard=True)
    with pytest.raises(ChannelClosed):
        channel.get()


@pytest.mark.parametrize("waiting", ["put", "get"])
def test_closing_wakes_whoever_waits(waiting: str) -> None:
    channel: Channel[int] = Channel(1)
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(ChannelClosed):
            channel.put(2) if waiting == "put" else channel.get()
        ended.set()

    if waiting == "put":
        channel.put(1)
    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(0.05)
    channel.close(discard=True)
    assert ended.wait(5)
    thread.join()


def test_a_channel_holds_at_least_one_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Channel(0)
