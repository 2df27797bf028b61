"""Names and orders of joints: SMPL-X's skeleton, and the keypoints Hand4Whole finds."""

from __future__ import annotations

_SIDES = ("left", "right")
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")

SMPLX_BODY = (
    *("left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle"),
    *("spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
)
HAND_ROTATIONS = tuple(f"{finger}{knuckle}" for finger in _FINGERS for knuckle in (1, 2, 3))

SMPLX_JOINTS = (
    *("pelvis", *SMPLX_BODY, "jaw", "left_eye_smplhf", "right_eye_smplhf"),
    *(f"{side}_{name}" for side in _SIDES for name in HAND_ROTATIONS),
)

# The joint that each of SMPLX_JOINTS hangs on, by its row; -1 for the root.
SMPLX_PARENTS = (
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19),
    *(15, 15, 15),
    *(20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38),
    *(21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53),
)

# Rows of SMPLX_JOINTS.
ROOT = slice(0, 1)
BODY = slice(1, 22)
JAW = slice(22, 23)
EYES = slice(23, 25)
LEFT_HAND = slice(25, 40)
RIGHT_HAND = slice(40, 55)

# Points that are vertices or lie on faces; after the 55 joints in `SmplxBody` output.
SMPLX_VERTEX_POINTS = (
    *("nose", "right_eye", "left_eye", "right_ear", "left_ear"),
    *("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel"),
    *(f"{side}_{finger}" for side in _SIDES for finger in ("thumb", "index", "middle", "ring", "pinky")),
)
STATIC_LANDMARKS = 51
CONTOUR_LANDMARKS = 17
SMPLX_POINTS = (
    *SMPLX_JOINTS,
    *SMPLX_VERTEX_POINTS,
    *(f"face_{k}" for k in range(STATIC_LANDMARKS)),
    *(f"face_contour_{k}" for k in range(CONTOUR_LANDMARKS)),
)

# Keypoints of BodyNet and HandNet, in the order of their heatmaps.
BODY_JOINTS = (
    *("Pelvis", "L_Hip", "R_Hip", "L_Knee", "R_Knee", "L_Ankle", "R_Ankle", "Neck", "L_Shoulder", "R_Shoulder"),
    *("L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist", "L_Big_toe", "L_Small_toe", "L_Heel"),
    *("R_Big_toe", "R_Small_toe", "R_Heel", "L_Ear", "R_Ear", "L_Eye", "R_Eye", "Nose"),
)
HAND_JOINTS = tuple(
    f"{finger}_{knuckle}" for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky") for knuckle in (1, 2, 3, 4)
)
MCP_JOINTS = tuple(HAND_JOINTS.index(f"{finger}_1") for finger in ("Index", "Middle", "Ring", "Pinky"))


def body_point(keypoint: str) -> int:
    """Row of SMPLX_POINTS of one of BODY_JOINTS."""
    return SMPLX_POINTS.index(keypoint.replace("L_", "left_").replace("R_", "right_").lower())


def hand_point(side: str, keypoint: str) -> int:
    """Row of SMPLX_POINTS of one of HAND_JOINTS, of the "left" or "right" hand; the fourth of a finger is its tip."""
    finger, knuckle = keypoint.lower().split("_")
    return SMPLX_POINTS.index(f"{side}_{finger}" + ("" if knuckle == "4" else knuckle))
