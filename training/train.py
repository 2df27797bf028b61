"""Train the open weights on people that are drawn meanwhile: `python -m training.train --minutes M --resume`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from models.body_file import OPEN_BODY, read_body_file
from models.networks.config import NetworkConfig
from models.networks.hand4whole import Hand4Whole
from models.networks.resnet import BasicBlock
from training.batches import People, collated
from training.command import run
from training.dense import BODY, HAND, DenseHead, dense_losses
from training.dense import WEIGHTS as DENSE_WEIGHTS
from training.forward import FaceOutputs, HandOutputs, faces_forward, forward, hands_forward
from training.landmarks import WEIGHTS as LANDMARK_WEIGHTS
from training.landmarks import LandmarkHead, landmark_losses
from training.loaders import batches
from training.losses import WEIGHTS, Losses
from training.muon import muon_and_adamw
from training.session import asked, ready, train
from training.sizes import NETWORK
from training.trainer import Plan, Trainer, placed

Batch = dict[str, Tensor]

# What the names of their weights begin with.
HAND_NET = ("hand_roi_net.", "hand_position_net.", "hand_rotation_net.")
FACE_NET = ("face_roi_net.", "face_regressor.")

_FACE = "face"  # the landmark head
_WEIGHTS = {**WEIGHTS, **DENSE_WEIGHTS, **LANDMARK_WEIGHTS}
_WARM_UP_STEPS = 300
_CLIP = 3.0
_DECAY = 0.999
_WEIGHT_DECAY = 0.02
_LARGEST_RMS = 0.1  # of weights that give rotations: a step at the highest rate turns by a hundredth
_OUTER = re.compile(r"backbone\.conv1\.|position_net\.|bbox_center\.")  # what sees pixels or gives heatmaps
_SHOWN = (
    *("total", "body joints", "body depth", "hand joints", "joints", "arms", "hand pose", "root", "jaw"),
    *("expression", "face points", "boxes", "body parts", "body surface", "hand parts", "hand surface"),
)


def network_trainer(
    folder: Path,
    device: str,
    rate: float,
    plan_minutes: float,
    config: NetworkConfig = NETWORK,
    *,
    alone: Literal["hands", "faces"] | None = None,
) -> Trainer[Batch]:
    """A new network to train, its checkpoint in a folder. alone: train HandNet of it on `batches.Hands`, or
    FaceNet on `batches.Faces`."""
    network = Hand4Whole(config)
    _begin_at_rest(network)
    network = placed(network, device)
    aside = heads_aside(config).to(device)
    losses = Losses(read_body_file(OPEN_BODY), config).to(device)

    def compared(batch: Batch) -> dict[str, Tensor]:
        batch = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
        if alone == "faces":
            faces = faces_forward(network, batch["face"])
            return weighted(losses.of_faces(faces, batch) | of_landmarks(aside, faces, batch))
        if alone == "hands":
            hands = hands_forward(network, batch["hands"])
            return weighted(losses.on_true_bodies(hands, batch) | of_hand_maps(aside, hands, batch))
        out = forward(network, batch["body"], batch["hands"], batch["face"])
        body = dense_losses(BODY, aside["body"](out.body_features), batch)
        parts = of_hand_maps(aside, out.hands, batch) | of_landmarks(aside, out.faces, batch)
        return weighted(losses(out, batch) | body | parts)

    plan = Plan(rate, plan_minutes, _WARM_UP_STEPS, _CLIP, _DECAY)
    optimizers = (
        torch.optim.AdamW(aside.parameters(), lr=rate, weight_decay=_WEIGHT_DECAY),
        *muon_and_adamw(network, _OUTER, rate, _WEIGHT_DECAY),
    )
    # After the last one's step, so before weights are averaged and kept: an average of long vectors and short ones
    # would follow the long ones.
    optimizers[-1].register_step_post_hook(lambda *_: shorten_rotations(network))
    path, architecture = folder / "network", config.to_dict()
    return Trainer(path, network, architecture, optimizers, losses=compared, plan=plan, aside=aside)


def heads_aside(config: NetworkConfig) -> nn.ModuleDict:
    """Those that are trained along with a network: by the names of `dense`, and the face's."""
    backbones = {BODY: config.body_backbone, HAND: config.hand_backbone}
    heads = {dense.name: DenseHead(dense, backbone.channels) for dense, backbone in backbones.items()}
    return nn.ModuleDict({**heads, _FACE: LandmarkHead(config.face_backbone.channels)})


def of_hand_maps(heads: nn.ModuleDict, hands: HandOutputs, batch: Batch) -> dict[str, Tensor]:
    """Losses of HandNet's dense head."""
    names = ("hand_parts", "hand_depths")
    as_right = {name: batch[name].transpose(0, 1).flatten(0, 1) for name in names}
    return dense_losses(HAND, heads["hand"](hands.features), as_right, batch["hand_valid"].T.flatten())


def of_landmarks(heads: nn.ModuleDict, faces: FaceOutputs, batch: Batch) -> dict[str, Tensor]:
    """Losses of FaceNet's landmark head."""
    return landmark_losses(heads[_FACE](faces.features), batch)


def weighted(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Losses with their weighted sum, "total"."""
    return found | {"total": torch.stack([_WEIGHTS[name] * value for name, value in found.items()]).sum()}


def _begin_at_rest(network: Hand4Whole) -> None:
    """Rotations begin as those of somebody standing before the camera, residual blocks as the identity.

    From six numbers near zero, whose directions mean nothing, turns of half a circle are found and kept. Blocks that
    begin with a residual (Goyal et al. 2017 begin without) can be pushed below zero by the first large gradients,
    FaceNet's were, and a ReLU that is zero everywhere stays so.
    """
    for block in network.modules():
        if isinstance(block, BasicBlock):
            nn.init.zeros_(block.bn2.weight)
    rest = torch.tensor((1.0, 0.0, 0.0, 1.0, 0.0, 0.0))
    upright = torch.tensor((1.0, 0.0, 0.0, -1.0, 0.0, 0.0))  # camera axes: y down
    firsts = (upright, rest, rest, rest)
    for linear, first in zip(_rotation_layers(network), firsts, strict=True):
        nn.init.normal_(linear.weight, std=0.003)
        with torch.no_grad():
            linear.bias.copy_(first.repeat(linear.out_features // 6))


@torch.no_grad()
def shorten_rotations(network: Hand4Whole, largest_rms: float = _LARGEST_RMS) -> None:
    """Keep the weights small that give a rotation's two vectors. What they give stays as it is: only the directions of
    the vectors count, so their three rows may be multiplied by anything. The longer a vector, the less a step turns it;
    left alone, those of knees and elbows grew to thousands and hardly learnt any more."""
    for linear in _rotation_layers(network):
        rows = linear.weight.view(-1, 3, 2, linear.in_features)  # rotation, coordinate, vector
        size = rows.square().mean((1, 3), keepdim=True).sqrt()  # (R, 1, 2, 1)
        factor = (largest_rms / size).clamp(max=1.0)
        rows.mul_(factor)
        linear.bias.view(-1, 3, 2).mul_(factor[..., 0])


def _rotation_layers(network: Hand4Whole) -> tuple[nn.Linear, ...]:
    """What gives six numbers a rotation: root, body, fingers, jaw."""
    rotation = network.body_rotation_net
    heads = (
        *(rotation.root_pose_out, rotation.body_pose_out),
        *(network.hand_rotation_net.hand_pose_out, network.face_regressor.jaw_pose_out),
    )
    return tuple(layer for head in heads for layer in head if isinstance(layer, nn.Linear))


def main() -> None:
    """Train."""
    options = asked("training.train", __doc__, batch=32, rate=1.5e-3)
    trainer = network_trainer(options.folder, options.device, options.rate, options.plan_minutes)
    ready(trainer, options)
    people = People(options.store, NETWORK, trainer.step, options.places)
    loaded: Iterator[Batch] = batches(people, options.batch, options.loaders, collated)
    train(trainer, loaded, options.minutes, options.folder / "curves.png", _SHOWN)


if __name__ == "__main__":
    run(main)
