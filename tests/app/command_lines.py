"""The least that `wb-track` needs to be told."""

from __future__ import annotations

ENOUGH = ("--video", "clip.mp4", "--out", "mesh.npz")
