"""Mix the weights of trainings into one checkpoint: `python -m training.mix OUT --folder F --share 0.3`.

Weights of a training and those it began from lie in one valley, and between them is often a better place than either
end (Wortsman et al. 2022, Model soups; 2022, Robust fine-tuning). HandNet and FaceNet may come from trainings of their
own; FaceNet, which nothing else depends on, is then taken as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from models.networks.config import NetworkConfig
from models.networks.hand4whole import Hand4Whole
from training import checkpoints
from training.command import run
from training.kept import KEPT, grown
from training.train import FACE_NET, HAND_NET

_FACE_SIZES = ("face_px", "face_backbone")


def mixed(new: Mapping[str, Tensor], old: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """So great a share of the old weights and the rest of the new ones, by names; what only counts is the new's."""
    if new.keys() != old.keys():
        raise ValueError("weights to mix are of different networks")
    return {
        name: (share * old[name].float() + (1 - share) * value.float()).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in new.items()
    }


def with_part(weights: Mapping[str, Tensor], part: tuple[str, ...], other: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """With other weights of HAND_NET or FACE_NET."""
    return {name: other[name] if name.startswith(part) else value for name, value in weights.items()}


def main() -> None:
    """Write the checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m training.mix", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the new checkpoint; the detector's comes along")
    parser.add_argument("--folder", type=Path, default=Path("training-run"), help="what was trained")
    parser.add_argument("--kept", type=Path, default=KEPT / "network.pth", help="what it is mixed with")
    parser.add_argument("--share", type=_share, default=0.3, help="of that, 0 to 1; default: 0.3")
    parser.add_argument("--hands", type=Path, metavar="FOLDER", help="where training.train_hands kept HandNet")
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="where training.train_faces kept FaceNet")
    options = parser.parse_args()
    if not options.kept.is_file():
        raise FileNotFoundError(f"no weights at {options.kept}; name a file that training.kept wrote as --kept")
    state = checkpoints.load(options.folder / "network")
    new: Mapping[str, Tensor] = state["average"]
    network = Hand4Whole(NetworkConfig.from_dict(state["architecture"]))
    if options.hands is not None:
        other = checkpoints.load(options.hands / "network")
        _expect_alike(other, state, f"the hands in {options.hands}")
        new = with_part(new, HAND_NET, other["average"])
    state["average"] = mixed(new, grown(network, state["architecture"], options.kept), options.share)
    if options.faces is not None:
        other = checkpoints.load(options.faces / "network")
        _expect_alike(other, state, f"the faces in {options.faces}")
        state["average"] = with_part(state["average"], FACE_NET, other["average"])
        state["architecture"] = other["architecture"]
    checkpoints.save(options.out / "network", state)
    if checkpoints.exists(options.folder / "detector"):
        checkpoints.save(options.out / "detector", checkpoints.load(options.folder / "detector"))


def _expect_alike(other: Mapping[str, Any], state: Mapping[str, Any], what: str) -> None:
    """But for FaceNet's sizes: nothing else looks at what it finds."""
    ours, theirs = (
        {name: value for name, value in each["architecture"].items() if name not in _FACE_SIZES}
        for each in (state, other)
    )
    if ours != theirs:
        raise ValueError(f"{what} are of another architecture; train them anew")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share, expected 0 to 1")
    return share


if __name__ == "__main__":
    run(main)
