"""Counting cores."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engines.cores import adds_integers_exactly, physical_cores


@pytest.mark.parametrize(
    ("siblings", "usable", "cores"),
    [
        (["0", "1"], {0, 1}, 2),  # no hyperthreads
        (["0,2", "1,3", "0,2", "1,3"], {0, 1, 2, 3}, 2),  # two a core
        (["0,2", "1,3", "0,2", "1,3"], {0, 2}, 1),  # a process kept to one of the cores
        ([], {0, 1, 2}, 3),  # the system does not say
    ],
)
def test_hyperthreads_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, siblings: list[str], usable: set[int], cores: int
) -> None:
    for core, text in enumerate(siblings):
        folder = tmp_path / f"cpu{core}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{text}\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: usable, raising=False)
    assert physical_cores(tmp_path) == cores


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("flags : sse4_2 avx2 avx512f avx512_vnni\n", True),
        ("flags : sse4_2 avx2 avx_vnni\n", True),
        ("flags : sse4_2 avx2 avx512f avx512bw\n", False),
        (None, False),  # the system does not say
    ],
)
def test_integers_are_added_exactly_where_there_is_vnni(tmp_path: Path, text: str | None, exact: bool) -> None:
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert adds_integers_exactly(tmp_path / "cpuinfo") is exact


def test_other_systems_leave_it_to_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert physical_cores() == 0
