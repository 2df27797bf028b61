"""An OpenGL context of its own, without a window."""

from __future__ import annotations

import os
import sys
from typing import Any

import moderngl

_LINUX: dict[str, Any] = {"backend": "egl", "libgl": "libGL.so.1", "libegl": "libEGL.so.1"}
_DEVICES = 4


def offscreen_context() -> moderngl.Context:
    """OpenGL 3.3, on Linux by EGL on the first graphics device that gives it, which may be one in software.

    Current in no thread: any may enter it (`with context:`). Raises Exception, as moderngl does, where there is none.
    """
    context = _opened()
    with context:
        return context


def _opened() -> moderngl.Context:
    if sys.platform != "linux":
        return moderngl.create_context(standalone=True)
    # Mesa keeps shaders on the disk in a thread of the lowest priority, which on a busy machine takes many seconds to
    # end, and the process with it; compiling ours again takes 0.05 s.
    os.environ.setdefault("MESA_SHADER_CACHE_DISABLE", "true")
    problems = []
    for device in range(_DEVICES):
        try:
            return moderngl.create_context(standalone=True, **_LINUX | {"device_index": device})
        except Exception as error:  # noqa: BLE001 - moderngl raises no narrower one
            problems.append(error)
    raise problems[0]
