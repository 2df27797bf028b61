"""How long engines take: each as long as its four graphs, whatever engine is asked first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import Bundle, BundleError
from engines.engine import EngineError
from engines.measuring import measured_ms
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.runtime import Runtime
from tests.conftest import bundle_description
from tests.engines.conftest import changed


class Ticking(OnnxRuntimeEngine):
    """A real engine on a clock of our own."""

    now_s = 0.0

    def __init__(self, path: Path, cost_s: float) -> None:
        super().__init__(path, threads=1)
        self._cost_s = cost_s

    def run(self, feeds: Any, keep: Any = ()) -> dict[str, Any]:
        Ticking.now_s += self._cost_s
        return super().run(feeds, keep)


@dataclass(frozen=True)
class Slow:
    """A runtime whose every graph takes so long; None does not load."""

    bundle: Bundle
    cost_s: float | None

    def load(self, graph: str) -> Ticking:
        if self.cost_s is None:
            raise EngineError("no such luck")
        return Ticking(self.bundle.graphs[graph], self.cost_s)


def test_times_are_those_of_the_four_graphs_and_take_about_a_second(
    bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    began_s = Ticking.now_s
    runtimes: dict[str, Any] = {"a": Slow(bundle, 0.02), "b": Slow(bundle, 0.05), "c": Slow(bundle, None)}
    times = measured_ms(runtimes, clock=lambda: Ticking.now_s)
    assert times == {"a": pytest.approx(80.0), "b": pytest.approx(200.0)}
    assert Ticking.now_s - began_s < 2.0
    assert caplog.messages == ["c does not run here: no such luck"]


@pytest.mark.parametrize("other", ["pose", "face"])
def test_graphs_of_another_kind_are_the_models_fault_and_not_an_engines(
    bundle: Bundle, tmp_path: Path, other: str
) -> None:
    graphs: Any = bundle_description(bundle.folder)["graphs"]
    swapped = changed(bundle, tmp_path / "other", graphs={**graphs, "body": graphs[other]})
    with pytest.raises(BundleError, match=r"the model's body graph takes .* expected crop; export it again"):
        measured_ms({"cpu": Runtime("cpu", "fp32", swapped)})


def test_runtimes_of_this_machine_are_measured(bundle: Bundle) -> None:
    times = measured_ms({"cpu": Runtime("cpu", "fp32", bundle)})
    assert times["cpu"] > 0
