"""Errors of meshes: MPJPE, MPVPE and what is left after Procrustes alignment, in millimetres; PCK."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def procrustes(points: Array, truth: Array) -> Array:
    """Points (P, 3), turned, scaled and moved to lie on the truth as well as they can (Umeyama 1991)."""
    a, b = points - points.mean(0), truth - truth.mean(0)
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.sign(np.linalg.det(u @ vt))
    fix = np.array((1.0, 1.0, sign))
    scale = (singular * fix).sum() / max((a**2).sum(), 1e-12)
    return np.asarray(scale * a @ ((u * fix) @ vt).T + truth.mean(0))


def mean_mm(points: Array, truth: Array) -> float:
    """Mean distance [mm] of points (P, 3) in metres."""
    return 1000 * float(np.linalg.norm(points - truth, axis=-1).mean())


def errors_mm(points: Array, truth: Array, anchor: Array, true_anchor: Array) -> tuple[float, float]:
    """Mean distances [mm] of points (P, 3) in metres: with the anchors (3,) laid on each other, and after Procrustes
    alignment."""
    return mean_mm(points - anchor, truth - true_anchor), mean_mm(procrustes(points, truth), truth)


def pck(found: Array, truth: Array, limit: Array) -> Array:
    """Whether points (..., 2) lie within a limit (...) of the truth, all in pixels; NaN where the truth is."""
    distance = np.linalg.norm(found - truth, axis=-1)
    return np.where(np.isnan(truth).any(-1), np.nan, (distance <= limit).astype(float))
