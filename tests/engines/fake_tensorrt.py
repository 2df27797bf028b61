"""A `tensorrt` of our own that runs nothing: what our code asks of the real one, written down."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

GPU = "Fake GPU sm90"


class FakeBuild:
    """The module as the builder sees it. `seen`: what was set, by name."""

    __version__ = "11.4.0.106"
    Logger = type("Logger", (), {"ERROR": 1, "__init__": lambda *_: None})
    NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=0)
    MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
    BuilderFlag = SimpleNamespace(TF32="tf32")
    IProgressMonitor = type("IProgressMonitor", (), {})

    def __init__(self, plan: bytes | None = b"plan") -> None:
        self.seen: dict[str, Any] = {"shapes": {}, "caches": [], "graphs": 0}
        self._plan = plan

    def init_libnvinfer_plugins(self, _logger: object, _namespace: str) -> bool:
        return True

    def Builder(self, _logger: object) -> Any:  # noqa: N802 - TensorRT's name
        def build(_network: object, config: Any) -> bytes | None:
            monitor = config.progress_monitor
            monitor.phase_start("building", None, 2)
            monitor.phase_start("inner", "building", 1)
            assert monitor.step_complete("building", 1) is True
            monitor.phase_finish("inner")
            monitor.phase_finish("building")
            self.seen["graphs"] += 1
            return self._plan

        def network(flags: int) -> Any:
            self.seen["flags"] = flags
            tensor = SimpleNamespace(name="crop", shape=(-1, 128, 96, 3))
            return SimpleNamespace(num_inputs=1, get_input=lambda _index: tensor)

        return SimpleNamespace(
            create_network=network,
            create_builder_config=self._config,
            create_optimization_profile=lambda: SimpleNamespace(
                set_shape=lambda name, *shapes: self.seen["shapes"].update({name: shapes})
            ),
            build_serialized_network=build,
        )

    def OnnxParser(self, _network: object, _logger: object) -> Any:  # noqa: N802 - TensorRT's name
        return SimpleNamespace(parse=bool, num_errors=0)

    def _config(self) -> Any:
        def cache(content: bytes) -> bytes:
            self.seen["caches"].append(content)
            return content

        return SimpleNamespace(
            set_memory_pool_limit=lambda pool, size: self.seen.update({pool: size}),
            clear_flag=lambda flag: self.seen.update(cleared=flag),
            add_optimization_profile=lambda _profile: 0,
            create_timing_cache=cache,
            set_timing_cache=lambda _cache, _ignore: True,
            get_timing_cache=lambda: SimpleNamespace(serialize=lambda: b"timings"),
        )


class FakeDriver:
    """A GPU that has a name."""

    gpu = GPU

    def enter(self) -> None:
        pass


def engine_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "tensorrt").glob("*.engine"))
