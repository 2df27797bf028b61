"""The benchmarks' code at tiny sizes: that each measures what it says and writes what it found."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from app.errors import InputError
from app.load import loaded
from app.options import parse
from app.sources.video import VideoSource
from benchmarks import chart, command, host, latency, loop, network, report, start
from benchmarks.clips import scaled_sample
from benchmarks.networks import Networks
from benchmarks.sample import VIDEO
from benchmarks.scale import Scale
from benchmarks.turns import in_turns, seconds
from engines.bundle import GRAPHS, Bundle
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.body_file import OPEN_BODY
from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY

BOX = "150,30,340,440"


@pytest.fixture
def given(tiny_bundle: Path) -> list[str]:
    return ["--model", str(tiny_bundle), "--body", str(OPEN_BODY)]


def test_networks_run_on_any_number_of_people(tiny_bundle: Path) -> None:
    graphs = Bundle.load(tiny_bundle).graphs
    with ExitStack() as stack:
        engines = {name: stack.enter_context(OnnxRuntimeEngine(graphs[name])) for name in GRAPHS}
        for people in (1, 3):
            ms = Networks(engines, people)()
            assert ms.keys() == {*GRAPHS, "whole"}
            assert ms["whole"] == pytest.approx(sum(ms[name] for name in GRAPHS))


def test_network_compares_precisions_with_pytorch(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graphs = Bundle.load(tiny_bundle).graphs
    monkeypatch.setattr(network, "_exported", lambda _network, _folder: {name: graphs[name] for name in GRAPHS})
    threads = torch.get_num_threads()
    try:
        with ExitStack() as stack:
            runners = network._runners(Hand4Whole(TINY).eval(), tmp_path, stack)
            times = in_turns(runners, 2)
    finally:
        torch.set_num_threads(threads)
    network.show(times, tmp_path / "network.json", tmp_path / "network.png")
    assert {"PyTorch", "ONNX Runtime fp32", "ONNX Runtime int8"} <= runners.keys()
    result = json.loads((tmp_path / "network.json").read_text())
    assert result["machine"]["cores"] >= 1
    assert result["ratio"].keys() == runners.keys() - {"PyTorch"}
    assert "| whole |" in capsys.readouterr().out
    assert (tmp_path / "network.png").stat().st_size > 1000


def test_the_loop_is_measured_against_its_networks(given: list[str], tmp_path: Path) -> None:
    options = parse([*given, "--video", str(VIDEO), "--box", BOX, "--out", str(tmp_path / "mesh.npz")])
    with loaded(options) as parts:
        rates = loop.measured(options, parts, 3, 2)
    assert rates.keys() == {"networks", "pipeline", "plain loop"}
    assert all(len(each) == 2 and min(each) > 0 for each in rates.values())
    with np.load(tmp_path / "mesh.npz") as file:
        assert file["frame_index"].tolist() == [0, 1, 2]


def test_scale_measures_people_sizes_and_batches(given: list[str], tmp_path: Path) -> None:
    options = parse([*given, "--video", str(VIDEO), "--out", str(tmp_path / "mesh.npz")])
    with loaded(options) as parts:
        scale = Scale(options, parts, tmp_path, frames=2, rounds=1)
        people, sizes = scale.people_ms((1, 3)), scale.sizes_ms(((64, 48), (320, 180)))
        batches = scale.batches_ms((1, 4))
    assert [*people, *sizes, *batches] == ["1", "3", "64 x 48", "320 x 180", "1", "4"]
    assert all(ms > 0 for each in (people, sizes, batches) for ms in each.values())


def test_latency_is_that_of_the_frames_the_camera_sent(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(latency, "_WARM_UP_S", 0.2)
    with latency.camera(20.0) as (url, sent):
        options = parse(["--camera", url, "--no-window", "--box", BOX, *given])
        with loaded(options) as parts:
            ms, dropped = latency.measured(options, parts, sent, 20.0, 3.0)
    first, second, whole = ms.values()
    assert whole
    np.testing.assert_allclose(np.add(first, second), whole, atol=1e-6)
    assert min(first) > 0
    assert min(second) > 0
    assert dropped >= 0
    arguments = argparse.Namespace(out=tmp_path / "latency.json", picture=tmp_path / "latency.png")
    latency.show(ms, dropped, "tiny", 20.0, arguments)
    found = json.loads((tmp_path / "latency.json").read_text())
    assert found["beyond_interval_ms"] == pytest.approx(found["ms"]["program to mesh"]["p95"] - 50.0)
    assert f"{len(whole)} frames" in capsys.readouterr().out


def test_measures_take_turns() -> None:
    said: list[str] = []

    def count(name: str) -> int:
        said.append(name)
        return len(said)

    found = in_turns({name: partial(count, name) for name in "ab"}, 2)
    assert said == ["a", "b"] * 3
    assert found == {"a": [3, 5], "b": [4, 6]}
    assert seconds(lambda: None) >= 0


def test_bars_are_as_long_as_their_values(tmp_path: Path) -> None:
    chart.bars(tmp_path / "bars.png", "title", {"one": 2.0, "other": 4.0}, {"other": 1.0})
    picture = cv2.imread(str(tmp_path / "bars.png"))
    assert picture is not None
    blue = (picture == chart._COLOURS[0]).all(-1).sum(1)
    lengths = sorted({int(n) for n in blue if n > 50})
    assert lengths[0] == pytest.approx(chart._BAR_PX / 2, abs=4)
    assert lengths[-1] == pytest.approx(chart._BAR_PX, abs=4)
    assert (picture == chart._COLOURS[2]).all(-1).any()  # the target's line


def test_curves_go_up_where_values_do(tmp_path: Path) -> None:
    chart.curves(tmp_path / "curves.png", "title", "people", {"ms": [(1, 1.0), (8, 10.0)]}, "ms")
    picture = cv2.imread(str(tmp_path / "curves.png"))
    assert picture is not None
    rows, columns = np.nonzero((picture[:, : chart._PLOT_WH[0]] == chart._COLOURS[0]).all(-1))
    assert rows[columns.argmin()] > rows[columns.argmax()] + 100


def test_a_tradeoff_has_a_curve_for_every_family(tmp_path: Path) -> None:
    families = {"one": [("one a", 0.0, 0.5), ("one b", 30.0, 0.2)], "other": [("other a", 10.0, 0.8)]}
    chart.tradeoff(tmp_path / "tradeoff.png", families)
    picture = cv2.imread(str(tmp_path / "tradeoff.png"))
    assert picture is not None
    for colour in chart._COLOURS[:2]:
        assert (picture == colour).all(-1).sum() > 50
    rows, columns = np.nonzero((picture[:, :600] == chart._COLOURS[0]).all(-1))
    assert rows[columns.argmin()] < rows[columns.argmax()] - 50  # later and steadier: to the right and down


def test_pictures_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="could not be written"):
        chart.bars(tmp_path / "nowhere" / "bars.png", "title", {"one": 1.0})


def test_what_cannot_be_used_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks/loop.py", "--model", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as end:
        command.run(loop.main)
    assert end.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("loop: no model at ")


@pytest.mark.parametrize("given", [["--rounds", "0"], ["--frames", "-1"], ["--picture", "bars.foo"]])
def test_what_cannot_be_measured_or_drawn_is_refused_before_anything_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks/host.py", *given])
    with pytest.raises(SystemExit) as end:
        command.run(host.main)
    assert end.value.code == 2
    assert f"argument {given[0]}: {given[1]} is " in capsys.readouterr().err


def test_more_frames_than_a_clip_has_are_refused(given: list[str], tmp_path: Path) -> None:
    clip = scaled_sample(tmp_path / "clip.mp4", (64, 48), 2)
    options = parse([*given, "--video", str(clip), "--box", "5,5,50,40", "--out", str(tmp_path / "mesh.npz")])
    with loaded(options) as parts, pytest.raises(InputError, match="has 2 frames, fewer than 3; give --frames 2"):
        loop.measured(options, parts, 3, 1)
    with pytest.raises(InputError, match=r"the sample has (\d+) frames, fewer than 9999; give --frames \1"):
        scaled_sample(tmp_path / "clip.mp4", (64, 48), 9999)


def test_results_say_which_machine(tmp_path: Path) -> None:
    report.write(tmp_path / "result.json", {"benchmark": "test"})
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["benchmark"] == "test"
    assert {"processor", "cores", "system", "python", "numpy"} <= found["machine"].keys()


def test_the_hosts_work_is_timed_stage_by_stage(given: list[str]) -> None:
    options = parse([*given, "--video", str(VIDEO), "--box", BOX, "--out", "mesh.npz"])
    with loaded(options) as parts, VideoSource(VIDEO) as source:
        costs = host.costs_us(parts, list(islice(source, 2)), 1)
    assert list(costs) == ["crop", "place", "smooth", "finish", "mesh alone"]
    assert all(us > 0 for us in costs.values())


def test_the_start_is_timed_step_by_step(given: list[str]) -> None:
    ms = start.started_ms(given)
    assert ms["imports"] > 0
    assert ms["to the first mesh"] == pytest.approx(
        sum(each for name, each in ms.items() if name != "to the first mesh")
    )


def test_a_second_run_is_what_counts_where_that_is_asked() -> None:
    calls: list[int] = []

    def count() -> int:
        calls.append(len(calls))
        return calls[-1]

    assert in_turns({"a": count}, 2, warm_up=1, again=True) == {"a": [3, 5]}
