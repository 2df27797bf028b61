"""Commands end with a sentence where a file is missing, and with a traceback where they are wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from training.command import UnusableError, positive_count, run


def _no_store() -> None:
    raise FileNotFoundError("no store in x; make one")


def _no_picture() -> None:
    raise UnusableError("x.jpg cannot be read; take it out")


def _no_file() -> None:
    Path("nowhere/nothing.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (_no_picture, "x.jpg cannot be read; take it out\n"),
        (_no_store, "no store in x; make one\n"),
        (_no_file, "no file at nowhere/nothing.json; expected one that is there\n"),
    ],
)
def test_what_is_missing_is_said_in_a_line(main, said: str, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == 2
    assert capsys.readouterr().err == said


def test_mistakes_of_the_command_are_not_hidden() -> None:
    def wrong() -> None:
        raise ValueError("shapes")

    with pytest.raises(ValueError, match="shapes"):
        run(wrong)


def test_a_command_that_can_be_run_is_run() -> None:
    done: list[int] = []
    run(lambda: done.append(1))
    assert done == [1]


def test_a_count_is_at_least_one() -> None:
    assert positive_count("12") == 12
    for text in ("0", "-3", "1.5", "x", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="expected 1 or more"):
            positive_count(text)
