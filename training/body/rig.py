"""From the 163 bones of the rig "makehuman" to the 55 joints of SMPL-X, and from its rest pose to SMPL-X's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.joints import HAND_ROTATIONS, SMPLX_JOINTS
from training.body.source import Array, Rest, Source
from training.body.turns import about_y, shortest, turn, twist, unit

_SIDES = (("left", "L", 1.0), ("right", "R", -1.0))
_FINGERS = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}

_PARENT_NAMES = {
    **{"left_hip": "pelvis", "right_hip": "pelvis", "spine1": "pelvis", "spine2": "spine1", "spine3": "spine2"},
    **{"neck": "spine3", "left_collar": "spine3", "right_collar": "spine3", "head": "neck", "jaw": "head"},
    **{"left_eye_smplhf": "head", "right_eye_smplhf": "head"},
    **{f"{side}_knee": f"{side}_hip" for side, *_ in _SIDES},
    **{f"{side}_ankle": f"{side}_knee" for side, *_ in _SIDES},
    **{f"{side}_foot": f"{side}_ankle" for side, *_ in _SIDES},
    **{f"{side}_shoulder": f"{side}_collar" for side, *_ in _SIDES},
    **{f"{side}_elbow": f"{side}_shoulder" for side, *_ in _SIDES},
    **{f"{side}_wrist": f"{side}_elbow" for side, *_ in _SIDES},
    **{
        f"{side}_{name}": f"{side}_wrist" if name.endswith("1") else f"{side}_{name[:-1]}{int(name[-1]) - 1}"
        for side, *_ in _SIDES
        for name in HAND_ROTATIONS
    },
}
PARENTS = np.array([-1, *(SMPLX_JOINTS.index(_PARENT_NAMES[name]) for name in SMPLX_JOINTS[1:])])
"""(55,) SMPL-X's tree."""

# Bones whose heads are the joints; of several, the mean. The pelvis of SMPL-X is above the hips, inside the belly.
HEADS: dict[str, tuple[str, ...]] = {
    **{
        "pelvis": ("upperleg01.L", "upperleg01.R", "spine03", "spine03"),
        "spine1": ("spine03",),
        "spine2": ("spine02",),
        "spine3": ("spine01",),
    },
    **{"neck": ("neck01",), "head": ("head",), "jaw": ("jaw",)},
    **{f"{side}_eye_smplhf": (f"eye.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_hip": (f"upperleg01.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_knee": (f"lowerleg01.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_ankle": (f"foot.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_foot": tuple(f"toe{k}-1.{s}" for k in range(1, 6)) for side, s, _ in _SIDES},
    **{f"{side}_collar": (f"clavicle.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_shoulder": (f"upperarm01.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_elbow": (f"lowerarm01.{s}",) for side, s, _ in _SIDES},
    **{f"{side}_wrist": (f"wrist.{s}",) for side, s, _ in _SIDES},
    **{
        f"{side}_{finger}{k}": (f"finger{number}-{k}.{s}",)
        for side, s, _ in _SIDES
        for finger, number in _FINGERS.items()
        for k in (1, 2, 3)
    },
}

# SMPL-X's rest pose, to the degree: arms a little below and behind level, shins a little inward and back, feet
# turned out, thumbs half forward. Directions of the left side; the right side is their mirror image.
_UPPER_ARM = (0.973, -0.195, -0.122)
_FOREARM = (0.998, 0.035, -0.035)
_HAND = (1.0, 0.0, 0.0)
_THUMB = (0.72, -0.24, 0.65)
_THIGH = (0.040, -0.998, -0.030)
_SHIN = (-0.080, -0.994, -0.075)
# Twist bones: the joint whose twist they share, the share they follow, and the limb's direction on the left.
_TWISTED = {
    **{f"lowerarm02.{s}": (f"{side}_wrist", 0.5, _FOREARM) for side, s, _ in _SIDES},
    **{f"upperarm01.{s}": (f"{side}_shoulder", -0.5, _UPPER_ARM) for side, s, _ in _SIDES},
    **{f"upperleg01.{s}": (f"{side}_hip", -0.5, _THIGH) for side, s, _ in _SIDES},
}
_LEG_ROLL_DEG = 8.0
_FOOT_YAW_DEG = 17.0


class Rig:
    """Which joint each bone follows, and how bones turn for SMPL-X's rotations."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._index = {name: row for row, name in enumerate(source.bones)}
        self.joint_of_bone = _joints_of_bones(source)  # (B,)

    def weights(self) -> Array:
        """(V, 55): the package's weights, each bone's given to its joint."""
        merged = np.zeros((len(self._source.weights), len(SMPLX_JOINTS)))
        for bone, joint in enumerate(self.joint_of_bone):
            merged[:, joint] += self._source.weights[:, bone]
        return merged

    def joints(self, heads: Array) -> Array:
        """Heads of bones (B, 3) -> joints (55, 3)."""
        rows = [[self._index[bone] for bone in HEADS[name]] for name in SMPLX_JOINTS]
        return np.stack([heads[row].mean(0) for row in rows])

    def straightening(self, rest: Rest) -> Array:
        """(B, 3, 3): world rotations that take the package's rest pose to SMPL-X's."""
        turned: dict[str, Array] = {}
        for _, side, sign in _SIDES:
            self._straighten_arm(rest, side, np.array((sign, 1, 1)), turned)
            self._straighten_leg(rest, side, np.array((sign, 1, 1)), turned)
        rotations = np.empty((len(self._source.bones), 3, 3))
        for bone, (name, parent) in enumerate(zip(self._source.bones, self._source.parents, strict=True)):
            inherited = rotations[parent] if parent >= 0 else np.eye(3)
            rotations[bone] = turned.get(name, inherited)
        return rotations

    def rotations(self, straightening: Array, local: Array) -> Array:
        """World rotations (B, 3, 3) of the bones away from the package's rest pose, for SMPL-X's local (55, 3, 3).

        Twist bones share the twist of the joint they surround, as a forearm does.
        """
        world = local.copy()
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                world[joint] = world[parent] @ local[joint]
        turned = world[self.joint_of_bone]
        for name, (joint_name, share, left_axis) in _TWISTED.items():
            bone, joint = self._index[name], SMPLX_JOINTS.index(joint_name)
            axis = unit(np.array(left_axis) * (-1 if name.endswith("R") else 1, 1, 1))
            turned[bone] = turned[bone] @ twist(local[joint], axis, share)
        return np.asarray(turned @ straightening)

    def _straighten_arm(self, rest: Rest, side: str, mirror: Array, turned: dict[str, Array]) -> None:
        head = self._heads(rest, side)
        elbow, wrist = head("lowerarm01"), head("wrist")
        upper, fore = elbow - head("upperarm01"), wrist - elbow
        # A mirrored hinge is a mirrored axial vector: its sign turns with the side.
        handed = mirror[0]
        hinge = np.cross(upper, fore) * handed
        arm = turn((upper, hinge), (_UPPER_ARM * mirror, (0, -1, 0)))
        forearm = turn((fore, hinge), (_FOREARM * mirror, (0, -1, 0)))
        across = np.cross(head("finger2-1") - wrist, head("finger5-1") - wrist) * handed
        hand = turn((head("finger3-1") - wrist, across), (_HAND * mirror, (0, 1, 0)))
        turned |= {f"upperarm01.{side}": arm, f"upperarm02.{side}": arm, f"lowerarm01.{side}": forearm}
        axis = unit(_FOREARM * mirror)
        turned[f"lowerarm02.{side}"] = twist(hand @ forearm.T, axis, 0.5) @ forearm
        turned[f"wrist.{side}"] = hand
        for number in _FINGERS.values():
            tails = rest.tails[self._index[f"finger{number}-3.{side}"]]
            knuckles = [*(head(f"finger{number}-{k}") for k in (1, 2, 3)), tails]
            first = hand @ (knuckles[1] - knuckles[0])
            straight = _THUMB * mirror if number == 1 else first * (1, 0, 1)
            for k in (1, 2, 3):
                bone = hand @ (knuckles[k] - knuckles[k - 1])
                turned[f"finger{number}-{k}.{side}"] = shortest(bone, straight) @ hand

    def _straighten_leg(self, rest: Rest, side: str, mirror: Array, turned: dict[str, Array]) -> None:
        head = self._heads(rest, side)
        knee, ankle, toe = head("lowerleg01"), head("foot"), head("toe2-1")
        ahead = (toe - ankle) * (1, 0, 1)
        forward = about_y(_LEG_ROLL_DEG * mirror[0]) @ (0, 0, 1)
        for bone, direction, target in (
            ("upperleg", knee - head("upperleg01"), _THIGH),
            ("lowerleg", ankle - knee, _SHIN),
        ):
            leg = turn((direction, ahead), (target * mirror, forward))
            turned |= {f"{bone}01.{side}": leg, f"{bone}02.{side}": leg}
        yaw = np.degrees(np.arctan2(ahead[0], ahead[2]))
        turned[f"foot.{side}"] = about_y(_FOOT_YAW_DEG * mirror[0] - yaw)

    def _heads(self, rest: Rest, side: str) -> Callable[[str], Array]:
        return lambda name: np.asarray(rest.heads[self._index[f"{name}.{side}"]])


def _joints_of_bones(source: Source) -> NDArray[np.int64]:
    """(B,): the joint that each bone follows, its own or its parent's."""
    own = {bone: SMPLX_JOINTS.index(name) for name, bones in HEADS.items() for bone in bones}
    # These come before the bone that names the joint of their chain, or lie beside it.
    own |= dict.fromkeys(("root", "spine05", "spine04", "pelvis.L", "pelvis.R"), SMPLX_JOINTS.index("pelvis"))
    joints = np.zeros(len(source.bones), np.int64)
    for bone, (name, parent) in enumerate(zip(source.bones, source.parents, strict=True)):
        joints[bone] = own.get(name, joints[parent] if parent >= 0 else 0)
    return joints
