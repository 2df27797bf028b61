"""Random poses of the whole body: stances, arms by inverse kinematics, hands, face. SMPL-X rotations, metres, degrees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from models.joints import SMPLX_JOINTS
from training.hands import random_hand

Array = np.ndarray
Rng = np.random.Generator

_INDEX = {name: row for row, name in enumerate(SMPLX_JOINTS)}
_SIDES = (("left", 1.0), ("right", -1.0))
_TRIES = 8


def turn(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    """(3, 3) rotation by an axis-angle in degrees."""
    return np.asarray(Rotation.from_rotvec(np.radians((x, y, z))).as_matrix())


def mirrored(rotation: Array) -> Array:
    """The other side's rotation."""
    signs = np.array((-1.0, 1.0, 1.0))
    return np.asarray(rotation * np.outer(signs, signs))


class PoseSampler:
    """Draws poses of a body with these joints at rest (55, 3)."""

    def __init__(self, joints: Array, parents: Array) -> None:
        self._rest = joints
        self._parents = parents

    def __call__(self, rng: Rng) -> Array:
        """(55, 3, 3) local rotations; the root upright, facing +z."""
        pose = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))
        _choice(rng, _STANCES)(rng, pose)
        self._spine(rng, pose)
        self._arms(rng, pose)
        both = random_hand(rng) if rng.random() < 0.3 else None
        for side, sign in _SIDES:
            hand = both if both is not None else random_hand(rng)
            first = _INDEX[f"{side}_index1"]
            for row in range(15):
                pose[first + row] = hand[row] if sign > 0 else mirrored(hand[row])
        return pose

    def _spine(self, rng: Rng, pose: Array) -> None:
        bend = rng.normal(0, (9, 12, 7)) + (5, 0, 0)
        if rng.random() < 0.15:
            bend += (rng.uniform(10, 45), rng.normal(0, 15), rng.normal(0, 8))
        for name, share in (("spine1", 0.35), ("spine2", 0.4), ("spine3", 0.25)):
            pose[_INDEX[name]] = turn(*(share * bend)) @ pose[_INDEX[name]]
        look = rng.normal(0, (14, 22, 9))
        if rng.random() < 0.15:
            look = rng.uniform((-35, -70, -25), (45, 70, 25))
        pose[_INDEX["neck"]] = turn(*(0.45 * look))
        pose[_INDEX["head"]] = turn(*(0.55 * look))

    def _arms(self, rng: Rng, pose: Array) -> None:
        """Both arms, by one plan for the two or each by its own; again where a hand or elbow ends inside the body."""
        together = rng.random() < 0.35
        plan = _choice(rng, _ARM_PLANS)
        for side, sign in _SIDES:
            own = plan if together else _choice(rng, _ARM_PLANS)
            for _ in range(_TRIES):
                own(self, rng, pose, side, sign)
                if not self._inside(pose, side):
                    break
            else:
                hang(self, rng, pose, side, sign)

    def chest(self, pose: Array) -> tuple[Array, Array]:
        """World rotation (3, 3) and place (3,) of spine3, the root at rest."""
        world, place = self.place(pose, "spine3")
        return world, place

    def place(self, pose: Array, name: str) -> tuple[Array, Array]:
        """World rotation and place of a joint."""
        chain = [_INDEX[name]]
        while chain[-1] > 0:
            chain.append(int(self._parents[chain[-1]]))
        world, place = pose[0], self._rest[0]
        for joint in chain[-2::-1]:
            place = place + world @ (self._rest[joint] - self._rest[self._parents[joint]])
            world = world @ pose[joint]
        return world, place

    def reach(self, rng: Rng, pose: Array, side: str, target: Array, swivel_deg: float) -> None:
        """Turn collar, shoulder and elbow so that the wrist comes to a target (3,) in the world, root at rest."""
        sign = 1.0 if side == "left" else -1.0
        shoulder, elbow, wrist, collar = (_INDEX[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist", "collar"))
        pose[collar] = np.eye(3)
        _, at = self.place(pose, f"{side}_shoulder")
        aim = target - at
        raised = float(np.clip(aim[1] / 0.5, -0.3, 1.0))
        ahead = float(np.clip(aim[2] / 0.5, -0.5, 1.0))
        pose[collar] = turn(0, -sign * 12 * ahead + rng.normal(0, 4), sign * (16 * raised + rng.normal(0, 4)))
        parent, at = self.place(pose, f"{side}_shoulder")
        parent = parent @ pose[shoulder].T
        upper = self._rest[elbow] - self._rest[shoulder]
        fore = self._rest[wrist] - self._rest[elbow]
        a, b = np.linalg.norm(upper), np.linalg.norm(fore)
        distance = np.clip(np.linalg.norm(target - at), 0.25 * (a + b), 0.995 * (a + b))
        inner = np.degrees(np.arccos(np.clip((a * a + b * b - distance * distance) / (2 * a * b), -1, 1)))
        pose[elbow] = turn(0, -sign * (180 - inner), 0)
        straight = upper + pose[elbow] @ fore
        aim = _unit(target - at)
        local = parent.T @ aim
        base = _shortest(straight, local)
        # The elbow hangs, somewhat outwards and back, then swivels about the line from shoulder to hand.
        hang_to = parent.T @ _unit(np.array((sign * 0.45, -1.0, -0.25)))
        elbow_now = base @ upper
        across = elbow_now - local * (local @ elbow_now)
        wanted = hang_to - local * (local @ hang_to)
        angle = np.arctan2(np.cross(across, wanted) @ local, across @ wanted)
        swivelled = Rotation.from_rotvec(local * (angle + np.radians(sign * swivel_deg))).as_matrix()
        pose[shoulder] = swivelled @ base
        forearm_twist = float(np.clip(rng.normal(-10, 35), -85, 85))
        pose[wrist] = turn(forearm_twist, 0, 0) @ turn(
            rng.normal(0, 4), sign * rng.normal(0, 12), -sign * float(np.clip(rng.normal(0, 26), -70, 70))
        )

    def _inside(self, pose: Array, side: str) -> bool:
        """Whether the hand or the elbow is in the trunk or the head."""
        points = [self.place(pose, f"{side}_{name}")[1] for name in ("elbow", "wrist", "middle1", "index3")]
        for name, up, radii in (("spine2", 0.02, (0.165, 0.2, 0.125)), ("head", 0.07, (0.085, 0.14, 0.105))):
            world, at = self.place(pose, name)
            centre = at + world @ np.array((0.0, up, 0.02))
            local = (np.stack(points) - centre) @ world / radii
            if (np.linalg.norm(local, axis=1) < 1.0).any():
                return True
        return False


def _unit(v: Array) -> Array:
    return np.asarray(v / np.linalg.norm(v))


def _shortest(source: Array, target: Array) -> Array:
    a, b = _unit(source), _unit(target)
    axis = np.cross(a, b)
    length = np.linalg.norm(axis)
    if length < 1e-9:
        return np.eye(3)
    return np.asarray(Rotation.from_rotvec(axis / length * np.arctan2(length, a @ b)).as_matrix())


def _choice(rng: Rng, table: tuple[tuple[float, Callable], ...]) -> Callable:  # type: ignore[type-arg]
    shares = np.array([share for share, _ in table])
    return table[int(rng.choice(len(table), p=shares / shares.sum()))][1]


# Stances: legs and root.


def _leg(pose: Array, side: str, hip: Array, knee_deg: float, ankle: Array) -> None:
    sign = 1.0 if side == "left" else -1.0
    flip = np.array((1.0, sign, sign))
    pose[_INDEX[f"{side}_hip"]] = turn(*(hip * flip))
    pose[_INDEX[f"{side}_knee"]] = turn(max(knee_deg, 0.0))
    pose[_INDEX[f"{side}_ankle"]] = turn(*(ankle * flip))


def _stand(rng: Rng, pose: Array) -> None:
    apart = rng.normal(2, 6)
    for side, _ in _SIDES:
        knee = abs(rng.normal(4, 6))
        _leg(pose, side, rng.normal(0, (5, 8, 4)) + (-knee / 2, 0, apart), knee, rng.normal(0, (5, 5, 4)))
    if rng.random() < 0.3:  # weight on one leg
        side = ("left", "right")[rng.integers(2)]
        _leg(pose, side, rng.normal((-18, 15, 8), (8, 10, 6)), rng.uniform(15, 45), rng.normal(0, (10, 6, 5)))


def _walk(rng: Rng, pose: Array) -> None:
    phase, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.9)
    for side, sign in _SIDES:
        p = phase + (0 if sign > 0 else np.pi)
        hip = -22 * speed * np.sin(p) - 6 * speed
        knee = 8 + 34 * speed * max(0.0, np.cos(p)) ** 1.5 + rng.uniform(0, 8)
        _leg(pose, side, np.array((hip, 0, 0)) + rng.normal(0, (5, 6, 4)), knee, rng.normal(0, (10, 5, 4)))
    pose[_INDEX["spine2"]] = turn(0, 8 * speed * np.sin(phase), 0)


def _sit(rng: Rng, pose: Array) -> None:
    recline = rng.normal(0, 10)
    for side, _ in _SIDES:
        hip = np.array((-88 + recline, rng.normal(0, 10), abs(rng.normal(6, 10))))
        _leg(pose, side, hip + rng.normal(0, (8, 0, 0)), rng.normal(85, 18), rng.normal(0, (12, 8, 6)))
    if rng.random() < 0.15:  # legs crossed
        _leg(pose, "left", np.array((-105.0, 10, -14)), rng.uniform(60, 100), rng.normal(0, 8, 3))


def _crouch(rng: Rng, pose: Array) -> None:
    depth = rng.uniform(0.3, 1.0)
    for side, _ in _SIDES:
        hip = np.array((-115 * depth, rng.normal(0, 10), rng.uniform(0, 30))) + rng.normal(0, (8, 5, 4))
        _leg(pose, side, hip, 125 * depth + rng.normal(0, 8), np.array((-25 * depth, 0, 0)) + rng.normal(0, 5, 3))
    pose[0] = turn(rng.uniform(0, 35) * depth)


def _lunge(rng: Rng, pose: Array) -> None:
    front, back = (("left", "right"), ("right", "left"))[rng.integers(2)]
    depth = rng.uniform(0.3, 1.1)
    spread = rng.uniform(0, 35)
    _leg(pose, front, np.array((-70 * depth, rng.normal(0, 15), spread)), 75 * depth, rng.normal(0, (10, 6, 6)))
    _leg(pose, back, np.array((22 * depth, rng.normal(0, 15), spread)), rng.uniform(5, 50), rng.normal(-8, (10, 6, 6)))
    pose[0] = turn(rng.uniform(-5, 30), rng.normal(0, 8), rng.normal(0, 8))


def _wild(rng: Rng, pose: Array) -> None:
    for side, _ in _SIDES:
        hip = rng.uniform((-110, -35, -15), (25, 35, 55))
        _leg(pose, side, hip, rng.uniform(0, 125), rng.uniform((-25, -20, -15), (35, 20, 15)))
    pose[0] = turn(*rng.normal(0, (20, 0, 15)))


_STANCES = ((0.34, _stand), (0.2, _walk), (0.2, _sit), (0.07, _crouch), (0.1, _lunge), (0.09, _wild))

# Arms.


def hang(body: PoseSampler, rng: Rng, pose: Array, side: str, sign: float) -> None:
    """An arm at the side."""
    pose[_INDEX[f"{side}_collar"]] = turn(*(rng.normal(0, 4, 3) * (1, sign, sign)))
    down = turn(0, 0, -sign * rng.normal(72, 8))
    pose[_INDEX[f"{side}_shoulder"]] = turn(rng.normal(0, 16), 0, 0) @ down @ turn(rng.normal(0, 22), 0, 0)
    pose[_INDEX[f"{side}_elbow"]] = turn(0, -sign * abs(rng.normal(16, 18)), 0)
    pose[_INDEX[f"{side}_wrist"]] = turn(rng.normal(0, 30), sign * rng.normal(0, 10), -sign * rng.normal(5, 15))


def _anywhere(body: PoseSampler, rng: Rng, pose: Array, side: str, sign: float) -> None:
    world, _ = body.chest(pose)
    _, at = body.place(pose, f"{side}_shoulder")
    direction = _unit(rng.normal(0, 1, 3) + (sign * 0.35, -0.1, 0.75))
    target = at + world @ (direction * rng.uniform(0.22, 0.56))
    body.reach(rng, pose, side, target, rng.normal(0, 30))


def _at(centre: tuple[float, float, float], spread: tuple[float, float, float], joint: str) -> Callable:  # type: ignore[type-arg]
    """A plan that brings the wrist near a point in a joint's axes; x away from the middle on the arm's own side."""

    def plan(body: PoseSampler, rng: Rng, pose: Array, side: str, sign: float) -> None:
        world, at = body.place(pose, joint)
        local = (np.array(centre) + rng.normal(0, spread)) * (sign, 1, 1)
        body.reach(rng, pose, side, at + world @ local, rng.normal(0, 22))

    return plan


def _swing(body: PoseSampler, rng: Rng, pose: Array, side: str, sign: float) -> None:
    pose[_INDEX[f"{side}_collar"]] = turn(*(rng.normal(0, (3, 8, 10)) * (1, sign, sign)))
    shoulder = rng.uniform((-70, -110, -85), (70, 35, 85))
    pose[_INDEX[f"{side}_shoulder"]] = turn(*(shoulder * (1, sign, sign)))
    pose[_INDEX[f"{side}_elbow"]] = turn(0, -sign * rng.uniform(0, 135), 0)
    pose[_INDEX[f"{side}_wrist"]] = turn(
        rng.uniform(-75, 75), sign * rng.uniform(-25, 25), -sign * rng.uniform(-65, 70)
    )


_ARM_PLANS: tuple[tuple[float, Callable], ...] = (  # type: ignore[type-arg]
    (0.2, hang),
    (0.24, _anywhere),
    (0.08, _swing),
    (0.07, _at((0.19, 0.02, 0.04), (0.03, 0.04, 0.05), "pelvis")),  # on the hips
    (0.08, _at((0.06, 0.02, 0.17), (0.07, 0.07, 0.04), "head")),  # at the face
    (0.04, _at((0.13, 0.06, 0.05), (0.03, 0.05, 0.04), "head")),  # at the ear
    (0.03, _at((0.05, 0.17, 0.0), (0.05, 0.04, 0.08), "head")),  # on the head
    (0.06, _at((-0.14, -0.05, 0.19), (0.06, 0.05, 0.03), "spine3")),  # crossed
    (0.06, _at((0.06, -0.02, 0.22), (0.08, 0.1, 0.06), "spine3")),  # before the chest
    (0.08, _at((0.12, 0.02, 0.42), (0.07, 0.08, 0.08), "spine2")),  # at a keyboard
    (0.04, _at((0.03, 0.0, 0.24), (0.05, 0.06, 0.06), "spine1")),  # before the belly
    (0.02, _at((0.05, 0.05, -0.18), (0.06, 0.08, 0.03), "spine1")),  # behind the back
)


def random_jaw(rng: Rng) -> Array:
    """(3, 3): mostly shut."""
    opened = abs(rng.normal(0, 2.0)) if rng.random() < 0.55 else rng.uniform(0, 22)
    return turn(opened, rng.normal(0, 1.5), rng.normal(0, 0.5))
