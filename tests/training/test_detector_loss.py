"""The detector's loss: GIoU and targets by hand-made examples, and a toy that is learnt in seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from models.networks.config import DetectorConfig, ResNetConfig
from models.networks.detector import Detector, DetectorMaps
from training.detector_loss import giou, loss, targets

NOBODY = torch.zeros(0, 4)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 4, 4), (0, 0, 4, 4), 1.0),
        ((0, 0, 4, 4), (0, 0, 4, 2), 0.5),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 2, 2), (1, 1, 3, 3), 1 / 7 - 2 / 9),  # the hull has corners of neither
        ((0, 0, 1, 1), (1, 0, 2, 1), 0.0),  # side by side
        ((0, 0, 1, 1), (3, 0, 4, 1), -0.5),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0.0),  # no area at all
    ],
)
def test_giou(a: tuple[float, ...], b: tuple[float, ...], expected: float) -> None:
    first, second = torch.tensor(a, dtype=torch.float32), torch.tensor(b, dtype=torch.float32)
    assert giou(first, second).item() == pytest.approx(expected)
    assert giou(second, first).item() == pytest.approx(expected)


# Targets


def test_heat_is_one_in_the_cell_of_the_centre_and_falls() -> None:
    heat, boxes = targets([torch.tensor([[10.0, 4.0, 74.0, 52.0]])], 8, 12)  # centre 42, 28: cell 5, 3
    assert heat[0, 3, 5] == 1.0
    assert (heat == 1.0).sum() == 1
    assert heat[0, 3, 5:].diff().max() <= 0
    assert heat[0, 3, 6] > heat[0, 4, 5] > 0  # the box is wider than high
    assert boxes[0, 3, 5].tolist() == [10.0, 4.0, 74.0, 52.0]


def test_image_without_people_has_no_heat() -> None:
    heat, _ = targets([NOBODY, torch.tensor([[0.0, 0.0, 16.0, 16.0]])], 8, 12)
    assert not heat[0].any()
    assert heat[1].any()


def test_each_centre_has_its_own_box() -> None:
    people = torch.tensor([[0.0, 0.0, 30.0, 60.0], [60.0, 0.0, 96.0, 64.0]])
    heat, boxes = targets([people], 8, 12)
    assert [heat[0, 3, 1], heat[0, 4, 9]] == [1.0, 1.0]
    assert boxes[0, 3, 1].tolist() == people[0].tolist()
    assert boxes[0, 4, 9].tolist() == people[1].tolist()


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_two_in_one_cell_the_smaller_is_to_be_found(order: list[int]) -> None:
    people = torch.tensor([[0.0, 0.0, 96.0, 64.0], [40.0, 24.0, 56.0, 40.0]])[order]
    _, boxes = targets([people], 8, 12)
    assert boxes[0, 4, 6].tolist() == [40.0, 24.0, 56.0, 40.0]


def test_centre_past_the_border_counts_in_the_nearest_cell() -> None:
    heat, _ = targets([torch.tensor([[80.0, 40.0, 140.0, 100.0]])], 8, 12)
    assert heat[0, 7, 11] == 1.0


# Loss


def maps_like(people: list[Tensor], sure: float) -> DetectorMaps:
    """The maps of a detector that is right, and sure of it."""
    heat, boxes = targets(people, 8, 12)
    return DetectorMaps(torch.where(heat == 1, sure, -sure), boxes)


def test_right_answer_costs_nothing() -> None:
    people = [torch.tensor([[10.0, 4.0, 74.0, 52.0]]), NOBODY]
    found = loss(maps_like(people, 20.0), people)
    assert found.centres.item() == pytest.approx(0.0, abs=1e-4)
    assert found.boxes.item() == pytest.approx(0.0, abs=1e-5)


def test_missed_invented_and_misplaced_people_cost() -> None:
    people = [torch.tensor([[10.0, 4.0, 74.0, 52.0]])]
    logits, boxes = maps_like(people, 4.0)
    right = loss(DetectorMaps(logits, boxes), people)
    missed, invented = logits.clone(), logits.clone()
    missed[0, 3, 5], invented[0, 0, 0] = -4.0, 4.0
    assert loss(DetectorMaps(missed, boxes), people).centres > right.centres + 1
    assert loss(DetectorMaps(invented, boxes), people).centres > right.centres + 1
    assert loss(DetectorMaps(logits, boxes + 8), people).boxes > right.boxes + 0.2


def test_gradient_is_finite_with_nobody_and_from_absurd_outputs() -> None:
    logits = torch.tensor([200.0, -200.0]).repeat(1, 8, 6).requires_grad_()
    boxes = torch.zeros(1, 8, 12, 4, requires_grad=True)
    for people in ([NOBODY], [torch.tensor([[0.0, 0.0, 16.0, 16.0]])]):
        loss(DetectorMaps(logits, boxes), people).total.backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()
        assert boxes.grad is None or torch.isfinite(boxes.grad).all()


# Learning


class Toy:
    """Rectangles of one colour on noise, none to two an image."""

    height, width = 64, 96

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def batch(self, count: int) -> tuple[Tensor, list[Tensor]]:
        image = torch.randint(0, 256, (count, self.height, self.width, 3), generator=self.generator, dtype=torch.uint8)
        return image, [self._draw(one) for one in image]

    def _draw(self, image: Tensor) -> Tensor:
        boxes = []
        for half in (0, 48):
            if self._between(0, 2) == 0:
                continue
            width, height = self._between(14, 40), self._between(20, 60)
            x, y = self._between(half, half + 48 - width), self._between(0, self.height - height)
            colour = [self._between(0, 255) for _ in range(3)]
            image[y : y + height, x : x + width] = torch.tensor(colour, dtype=torch.uint8)
            boxes.append([x, y, x + width, y + height])
        return torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)

    def _between(self, low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (1,), generator=self.generator))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """A network this small only loses time by sharing it out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_boxes_on_noise_are_learnt() -> None:
    torch.manual_seed(0)
    backbone = ResNetConfig((1, 1, 1, 1), bottleneck=False, width=8)
    detector = Detector(DetectorConfig((Toy.height, Toy.width), backbone, channels=16, people=4))
    optimizer = torch.optim.AdamW(detector.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=300)
    toy = Toy(seed=0)
    for _ in range(300):
        image, people = toy.batch(8)
        loss(detector(image), people).total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()

    image, people = toy.batch(128)
    with torch.inference_mode():
        boxes, scores = detector.eval().detect(image)
    found = [boxes[k][scores[k] > 0.4] for k in range(len(image))]
    best = [
        giou(true[:, None], near[None]).max(1).values if len(near) else torch.full((len(true),), -1.0)
        for true, near in zip(people, found, strict=True)
    ]
    hits = int((torch.cat(best) > 0.5).sum())
    assert hits / sum(map(len, people)) > 0.85
    assert hits / sum(map(len, found)) > 0.85
