"""What was measured to be fastest, in the user's cache."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

_log = logging.getLogger(__name__)

_LIBRARIES = ("onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt", "numpy")


@dataclass(frozen=True)
class Key:
    """What a choice was made for, and holds for. bundle: its identity; candidates: what there was to choose from."""

    bundle: str
    machine: str
    versions: Mapping[str, str]
    candidates: tuple[str, ...]

    def content(self) -> dict[str, object]:
        """As JSON gives it back."""
        return {**asdict(self), "versions": dict(self.versions), "candidates": list(self.candidates)}

    @property
    def path(self) -> Path:
        text = json.dumps(self.content(), sort_keys=True)
        return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def cache_folder() -> Path:
    """Where choices are kept."""
    return platformdirs.user_cache_path("wb-track", appauthor=False) / "engines"


def versions() -> Mapping[str, str]:
    """Of the libraries that run graphs, where they are installed."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def read(key: Key) -> str | None:
    """Which of the candidates was chosen; None where none was, or the file is damaged or someone else's."""
    try:
        content = json.loads(key.path.read_text(encoding="utf-8"))
        chosen = content["chosen"] if content["key"] == key.content() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.debug("no choice of an engine is remembered: %s", error)
        return None
    return chosen if chosen in key.candidates else None


def write(key: Key, chosen: str, ms: Mapping[str, float]) -> bool:
    """Remember a choice, whole or not at all, and say whether; where nothing can be written it is made again."""
    content = {"key": key.content(), "chosen": chosen, "ms": {name: round(value, 2) for name, value in ms.items()}}
    work = key.path.with_suffix(f".{os.getpid()}")
    try:
        work.parent.mkdir(parents=True, exist_ok=True)
        work.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        work.replace(key.path)
    except OSError as error:
        _log.debug("the choice of an engine cannot be remembered: %s", error)
        return False
    return True
