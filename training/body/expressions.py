"""Ten expression directions from the package's facial actions, which bear the names of Apple's ARKit blend shapes."""

from __future__ import annotations

import numpy as np

from training.body.source import Array

_Weights = dict[str, float]


def _both(weights: _Weights) -> _Weights:
    return {f"{name}{side}": weight for name, weight in weights.items() for side in ("Left", "Right")}


# One row a direction: what a coefficient of one adds of each action. Jaw and gaze have joints, so no action of theirs
# is here. The second entry is the range in which faces stay faces.
DIRECTIONS: dict[str, tuple[_Weights, tuple[float, float]]] = {
    "smile": (_both({"mouthSmile": 0.5, "cheekSquint": 0.2, "mouthFrown": -0.15}), (-1.0, 2.0)),
    "frown": (_both({"mouthFrown": 0.5, "mouthStretch": 0.1}) | {"mouthShrugLower": 0.25}, (-0.7, 2.0)),
    "blink": (_both({"eyeBlink": 0.31}), (-0.5, 2.0)),
    "brows up": ({"browInnerUp": 0.4, "browOuterUpLeft": 0.4, "browOuterUpRight": 0.4}, (-1.0, 2.0)),
    "brows together": (_both({"browDown": 0.5, "noseSneer": 0.1}), (-0.7, 2.0)),
    "pucker": ({"mouthPucker": 0.5, "mouthFunnel": 0.1} | _both({"mouthStretch": -0.15}), (-1.0, 2.0)),
    "upper lip up": (_both({"mouthUpperUp": 0.35, "noseSneer": 0.3}), (-0.5, 2.0)),
    "lower lip down": (_both({"mouthLowerDown": 0.5}) | {"mouthRollLower": -0.1}, (-0.3, 2.0)),
    "mouth to the left": ({"mouthLeft": 0.22, "mouthRight": -0.22}, (-2.0, 2.0)),
    # With blink at 1, this at 2 closes the left eye alone; without blink it also opens the right eye wide.
    "left eye closed, right eye open": ({"eyeBlinkLeft": 0.155, "eyeBlinkRight": -0.155}, (-2.0, 2.0)),
}


def used_actions() -> tuple[str, ...]:
    """Names of the actions that any direction uses."""
    return tuple(sorted({name for weights, _ in DIRECTIONS.values() for name in weights}))


def action_map(actions: tuple[str, ...]) -> Array:
    """(10, A): strength of each facial action for a coefficient of one."""
    table = np.zeros((len(DIRECTIONS), len(actions)))
    for row, (weights, _) in enumerate(DIRECTIONS.values()):
        for name, weight in weights.items():
            table[row, actions.index(name)] = weight
    return table


def ranges() -> Array:
    """(10, 2): least and greatest coefficients that look like a face."""
    return np.array([limits for _, limits in DIRECTIONS.values()])
