"""Make the open bundle, `models/open/bundle`, from what was trained: `python -m training.publish`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch

from exporter.export import export
from models.body_file import OPEN_BODY
from training import checkpoints
from training.make_body import SHAPE_SPACE

OPEN_BUNDLE = OPEN_BODY.with_name("bundle")
LICENCE = "CC0 1.0: the open weights of wb-track, trained on synthetic people only"


def main() -> None:
    """Write the bundle."""
    parser = argparse.ArgumentParser(prog="python -m training.publish", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("training-run"), help="where the checkpoints are")
    parser.add_argument("--out", type=Path, default=OPEN_BUNDLE)
    options = parser.parse_args()
    trained = checkpoints.load(options.folder / "network")
    content = {
        "network": trained["average"],
        "architecture": trained["architecture"],
        "shape_space": SHAPE_SPACE,
        "licence": LICENCE,
    }
    if checkpoints.exists(options.folder / "detector"):
        detector = checkpoints.load(options.folder / "detector")
        content["detector"] = {"network": detector["average"], "architecture": detector["architecture"]}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "open.pth.tar"
        torch.save(content, checkpoint)
        export(checkpoint, options.out, report=print)


if __name__ == "__main__":
    main()
