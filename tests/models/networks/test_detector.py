"""The person detector: what its maps mean, and how people are picked from them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.networks.config import DetectorConfig, ResNetConfig
from models.networks.detector import Detector, DetectorMaps, _boxes, _kinds_in
from tests.conftest import TINY_DETECTOR, tiny_detector


def pictures(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, *TINY_DETECTOR.input_hw, 3), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return tiny_detector()


class Fixed(Detector):
    """Sees in every image the same logits (8, 12), and boxes that name their cell: (column, row, column, row)."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__(TINY_DETECTOR)
        self.logits = logits

    def features(self, image: Tensor) -> Tensor:
        return torch.zeros(len(image), TINY_DETECTOR.channels, 8, 12)

    def maps(self, features: Tensor) -> DetectorMaps:
        row, column = torch.meshgrid(torch.arange(8.0), torch.arange(12.0), indexing="ij")
        boxes = torch.stack((column, row, column, row), -1)
        return DetectorMaps(self.logits.expand(len(features), 8, 12), boxes.expand(len(features), 8, 12, 4))


# Sizes


@pytest.mark.parametrize("config", [DetectorConfig(), TINY_DETECTOR], ids=["default", "tiny"])
def test_sizes_survive_json(config: DetectorConfig) -> None:
    assert DetectorConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"input_hw": (250, 320)}, "multiples of 32 px from 64 on"),
        ({"input_hw": (32, 320)}, "multiples of 32 px from 64 on"),
        ({"input_hw": (64, 64, 64)}, "multiples of 32 px from 64 on"),
        ({"people": 0}, "between 1 and 1280 people, not 0"),
        ({"kinds": -1}, "kinds from 0 on and three numbers to weigh them with"),
        ({"weighing": (1.0, 2.0)}, "kinds from 0 on and three numbers to weigh them with"),
        ({"people": 2000}, "between 1 and 1280 people, not 2000"),
        ({"channels": 0}, "at least one channel"),
        ({"backbone": {"blocks": (1, 1, 1, 1), "bottleneck": False, "stride": 16}}, "backbone of stride 32"),
        ({"anchors": 9}, "unknown network sizes anchors; known are backbone"),
    ],
)
def test_impossible_sizes_are_refused(sizes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DetectorConfig.from_dict(sizes)


def test_default_is_small() -> None:
    assert sum(parameter.numel() for parameter in Detector().parameters()) < 1_000_000


# Maps


def test_maps_have_a_cell_for_eight_pixels(detector: Detector) -> None:
    logits, boxes = detector(pictures(2))
    assert (logits.shape, boxes.shape) == ((2, 8, 12), (2, 8, 12, 4))


@pytest.mark.parametrize("bottleneck", [True, False])
def test_either_kind_of_block_serves(bottleneck: bool) -> None:
    config = DetectorConfig((64, 96), ResNetConfig((1, 1, 1, 1), bottleneck=bottleneck, width=8), channels=8)
    assert Detector(config)(pictures(2)).logits.shape == (2, 8, 12)


def test_everyone_is_unlikely_before_training() -> None:
    scores = Detector(TINY_DETECTOR).eval()(pictures(1)).logits.sigmoid()
    assert 0.005 < scores.mean().item() < 0.02


def test_box_is_around_the_middle_of_its_cell() -> None:
    boxes = _boxes(torch.tensor([1.0, 2.0, 3.0, 4.0]).log().expand(1, 2, 3, 4))
    assert boxes[0, 0, 0].tolist() == pytest.approx([-4.0, -12.0, 28.0, 36.0])
    assert boxes[0, 1, 2].tolist() == pytest.approx([12.0, -4.0, 44.0, 44.0])  # 16 to the right, 8 down


def test_cells_cover_the_image_from_edge_to_edge() -> None:
    boxes = _boxes(torch.full((1, 8, 12, 4), 0.5).log())
    assert boxes[0, 0, 0].tolist() == pytest.approx([0.0, 0.0, 8.0, 8.0])
    assert boxes[0, -1, -1].tolist() == pytest.approx([88.0, 56.0, 96.0, 64.0])


def test_box_of_an_absurd_output_is_finite() -> None:
    assert torch.isfinite(_boxes(torch.full((1, 1, 1, 4), 1e6))).all()


# People


def test_highest_cells_are_people_surest_first() -> None:
    logits = torch.full((8, 12), -5.0)
    logits[2, 3], logits[6, 9], logits[0, 11] = 1.0, 2.0, 0.0
    boxes, scores = Fixed(logits).detect(pictures(1))
    assert boxes[0, :3].tolist() == [[9, 6, 9, 6], [3, 2, 3, 2], [11, 0, 11, 0]]
    torch.testing.assert_close(scores[0, :3], torch.tensor([2.0, 1.0, 0.0]).sigmoid())


def test_lower_neighbours_are_nobody() -> None:
    logits = 3.0 - (torch.arange(8.0)[:, None] - 4).abs() - (torch.arange(12.0) - 5).abs()
    boxes, scores = Fixed(logits).detect(pictures(1))
    assert boxes[0, 0].tolist() == [5, 4, 5, 4]
    assert scores[0, 0] > 0.9
    assert not scores[0, 1:].any()


def test_neighbours_two_cells_apart_are_two() -> None:
    logits = torch.full((8, 12), -5.0)
    logits[4, 4] = logits[4, 6] = 1.0
    assert (Fixed(logits).detect(pictures(1)).scores > 0.5).sum() == 2


def test_only_the_likeliest_are_kept() -> None:
    logits = torch.full((8, 12), -5.0)
    logits[::2, ::2] = torch.arange(24.0).reshape(4, 6)
    scores = Fixed(logits).detect(pictures(1)).scores[0]
    torch.testing.assert_close(scores, torch.tensor([23.0, 22.0, 21.0, 20.0]).sigmoid())


def test_image_is_judged_by_itself(detector: Detector) -> None:
    together = detector.detect(pictures(3))
    for k in range(3):
        alone = detector.detect(pictures(3)[k : k + 1])
        torch.testing.assert_close(alone.boxes[0], together.boxes[k], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(alone.scores[0], together.scores[k], rtol=1e-4, atol=1e-5)


# Parts


def _parted(weighing: tuple[float, float, float]) -> Detector:
    config = replace(TINY_DETECTOR, kinds=3, weighing=weighing)
    torch.manual_seed(0)
    return Detector(config).eval()


def test_parts_are_of_cells_of_four_pixels() -> None:
    detector = _parted((1.0, 0.0, 0.0))
    logits = detector.kinds(detector.features(pictures(2)))
    assert logits.shape == (2, 4, 16, 24)
    assert not logits[:, :, 0, 0].std(0).any()  # before training the same everywhere


def test_a_kind_counts_as_surely_as_where_it_shows_best_in_the_box() -> None:
    logits = torch.full((1, 3, 4, 6), -30.0)  # two kinds and none, in cells of 4 pixels
    logits[:, 2] = 0.0
    logits[0, 0, 1, 1] = 40.0  # in the 8 pixels about (4, 4)
    logits[0, 1, 2, 4] = 0.0  # about (20, 12), as likely as none
    boxes = torch.tensor([[[3.0, 3, 5, 5], [0, 0, 24, 16], [8, 8, 24, 16], [12, 0, 20, 8], [5, 5, 11, 11]]])
    torch.testing.assert_close(_kinds_in(boxes, logits), torch.tensor([[1.0, 1.5, 0.5, 0.0, 0.0]]))


def test_scores_weigh_parts_and_are_sorted_anew() -> None:
    plain, weighed = (_parted(weighing) for weighing in ((1.0, 0.0, 0.0), (-0.5, 4.0, -1.0)))
    nn.init.normal_(plain.parts.weight, std=2.0)
    weighed.load_state_dict(plain.state_dict())
    before, after = (detector.detect(pictures(2)) for detector in (plain, weighed))
    features = plain.features(pictures(2))
    evidence = _kinds_in(before.boxes, plain.kinds(features))
    expected = -0.5 * before.scores.logit() + 4.0 * evidence - 1.0
    order = expected.argsort(1, descending=True)
    assert (order != torch.arange(order.shape[1])).any()
    torch.testing.assert_close(after.scores.logit(), expected.gather(1, order), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(after.boxes, before.boxes.gather(1, order[..., None].expand(-1, -1, 4)))
