"""How far wrists swing and forearms twist.

Means of 109 men, and two standard deviations more (Boone and Azen 1979, "Normal range of motion of joints in male
subjects", J. Bone Joint Surg. 61-A: 756-759): wrist flexion 76.4 (6.3), extension 74.9 (6.4), radial deviation 21.5
(4.0), ulnar deviation 36.0 (3.8), forearm pronation 75.8 (5.1), supination 82.1 (3.8) degrees.

In SMPL-X's rest pose palms are down and forearms in the middle between pronation and supination. Forearms lie along x.
Bodies and networks share a forearm's twist between elbow and wrist, so it is the sum of both that is limited, at the
wrist. The hand swings about y (thumb side or little finger's side) and z (palm or back of the hand) within an ellipse.
"""

from __future__ import annotations

import numpy as np

from app.smoothing import quaternions
from app.smoothing.motion import rows
from models.rotations import Array

ELBOWS, WRISTS = rows("elbow"), rows("wrist")  # left, right
_BOTH = ELBOWS + WRISTS

_FLEXION, _EXTENSION, _RADIAL, _ULNAR, _PRONATION, _SUPINATION = np.radians(
    (76.4 + 12.6, 74.9 + 12.8, 21.5 + 8.0, 36.0 + 7.6, 75.8 + 10.2, 82.1 + 7.6)
)
_SIGNS = np.array((1.0, -1.0))  # turns about y and z are mirrored from left to right
_TOLERANCE = np.radians(2.0)


def within_limits(rotations: Array) -> tuple[Array, bool]:
    """Rotations (4, 53) with the wrists brought back into reach, and whether one had left it by more than a trifle."""
    both = rotations[:, _BOTH]
    wrists = both[:, 2:]
    twist_q = quaternions.about_axis(both, 0)  # (4, 4)
    w, x = twist_q[:2]
    elbow_twist, twist = 2.0 * np.arctan2(np.where(w < 0.0, -x, x), np.abs(w)).reshape(2, 2)
    swing = quaternions.logarithm(quaternions.product(quaternions.inverse(twist_q[:, 2:]), wrists))  # (3, 2)
    allowed_twist = np.clip(twist + elbow_twist, -_SUPINATION, _PRONATION) - elbow_twist
    allowed_swing = swing / np.maximum(_excess(swing), 1.0)
    away = np.hypot(twist - allowed_twist, np.sqrt(((swing - allowed_swing) ** 2).sum(0)))
    beyond = away > 1e-6
    if not beyond.any():
        return rotations, False
    along = np.zeros((3, 2))
    along[0] = allowed_twist
    allowed = quaternions.product(quaternions.exponential(along), quaternions.exponential(allowed_swing))
    limited = rotations.copy()
    limited[:, WRISTS] = np.where(beyond, allowed, wrists)
    return limited, bool((away > _TOLERANCE).any())


def _excess(swing: Array) -> Array:
    """(2,): the swing (3, 2) in units of the ellipse's edge in its direction."""
    aside, bent = _SIGNS * swing[1], _SIGNS * swing[2]  # towards the little finger and the back of the hand
    along = aside / np.where(aside > 0, _ULNAR, _RADIAL), bent / np.where(bent > 0, _EXTENSION, _FLEXION)
    return np.asarray(np.hypot(*along))
