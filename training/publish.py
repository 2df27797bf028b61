"""Make the open bundle, `models/open/bundle`, from what was trained: `python -m training.publish`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from app.load import OPEN_BUNDLE
from engines.bundle import FILE_NAME
from exporter.export import export
from models.networks.config import DetectorConfig, NetworkConfig
from models.networks.hand4whole import Hand4Whole
from training import checkpoints
from training.body.expressions import DIRECTIONS
from training.command import run
from training.make_body import SHAPE_SPACE
from training.sizes import SHARPNESS, WEIGHING
from training.targets import BODY_DEPTH_M
from training.train import shorten_rotations

_ROTATIONS_RMS = 0.01  # of the weights that give rotations: vectors about as long as one, as half precision likes them
# Expressions of which FaceNet explains hardly any variance on people it was not trained on. What it says of them is the
# mean of what is drawn, a little of everything, which on a face at rest is wrong; they stay at rest.
_NOT_FOUND = (
    *("frown", "brows up", "upper lip up", "lower lip down", "mouth to the left"),
    "left eye closed, right eye open",
)
NAME = "wb-track open"  # in files and on the command line; the folder's own name says nothing
LICENCE = "CC0 1.0: the open weights of wb-track, trained on synthetic people only"


def main() -> None:
    """Write the bundle."""
    parser = argparse.ArgumentParser(prog="python -m training.publish", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("training-run"), help="where the checkpoints are")
    parser.add_argument("--out", type=Path, default=OPEN_BUNDLE)
    parser.add_argument("--flip-test", action="store_true", help="as wb-export's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "open.pth.tar"
        torch.save(published(options.folder), checkpoint)
        export(checkpoint, options.out, report=print, flip_test=options.flip_test)
    description = options.out / FILE_NAME
    named = {**json.loads(description.read_text(encoding="utf-8")), "name": NAME}
    description.write_text(json.dumps(named, indent=2) + "\n", encoding="utf-8")


def published(folder: Path) -> dict[str, Any]:
    """What `models.checkpoint` reads, of the averaged weights of checkpoints in a folder; the detector's where it has
    one. Raises FileNotFoundError where there is no network."""
    trained = checkpoints.load(folder / "network")
    config = NetworkConfig.from_dict(trained["architecture"])
    network = Hand4Whole(config)
    network.load_state_dict(trained["average"])
    shorten_rotations(network, _ROTATIONS_RMS)
    _leave_at_rest(network, _NOT_FOUND)
    content: dict[str, Any] = {
        "network": network.state_dict(),
        "architecture": replace(config, sharpness=SHARPNESS).to_dict(),
        "shape_space": SHAPE_SPACE,
        "licence": LICENCE,
        "joint_depth_m": BODY_DEPTH_M,
    }
    if checkpoints.exists(folder / "detector"):
        detector = checkpoints.load(folder / "detector")
        sizes = replace(DetectorConfig.from_dict(detector["architecture"]), weighing=WEIGHING)
        content["detector"] = {"network": detector["average"], "architecture": sizes.to_dict()}
    return content


@torch.no_grad()
def _leave_at_rest(network: Hand4Whole, expressions: Sequence[str]) -> None:
    """Have FaceNet say zero of some, by their names."""
    linear = network.face_regressor.expr_out[0]
    rows = [list(DIRECTIONS).index(name) for name in expressions]
    for parameter in linear.parameters():
        parameter[rows] = 0.0


if __name__ == "__main__":
    run(main)
