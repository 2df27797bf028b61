"""The types of the command line's values: each takes the text and gives the value, or one sentence against it."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from app.errors import InputError
from app.frame import Box
from app.recording.outputs import SUFFIXES
from app.sources.camera_address import CameraAddress

LIST_CAMERAS = "list"
MOST_PEOPLE = 8
_RATES_FPS = (1, 240)
_HEIGHTS_CM = (50, 250)


def camera_name(text: str) -> str:
    if text != LIST_CAMERAS and not (text.isdecimal() or text.startswith("/dev/") or "://" in text):
        message = f"{text} is no camera; expected a number, /dev/videoN, an address such as rtsp://HOST/PATH, or list"
        raise argparse.ArgumentTypeError(message)
    try:
        CameraAddress(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def out_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text} has no suffix wb-track writes; expected {', '.join(SUFFIXES)}")
    return path


def box(text: str) -> Box:
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        message = f"{text} is not a box; expected X,Y,W,H in pixels, as 300,160,190,490"
        raise argparse.ArgumentTypeError(message) from None
    if not (all(map(math.isfinite, (x, y, width, height))) and width > 0 and height > 0):
        raise argparse.ArgumentTypeError(f"{text} is an empty box; expected a width and a height above zero")
    return Box((x, y, x + width, y + height), 1.0)


def people_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PEOPLE):
        raise argparse.ArgumentTypeError(f"{text} people cannot be tracked; expected a number from 1 to {MOST_PEOPLE}")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def positive(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def not_negative(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return value


def frame_rate(text: str) -> float:
    return _within(text, _RATES_FPS, "a frame rate to hold")


def height_cm(text: str) -> float:
    return _within(text, _HEIGHTS_CM, "a height in centimetres")


def _within(text: str, limits: tuple[int, int], what: str) -> float:
    value = positive(text)
    lowest, highest = limits
    if not lowest <= value <= highest:
        raise argparse.ArgumentTypeError(f"{text} is not {what}; expected {lowest} to {highest}")
    return value


def fov_deg(text: str) -> float:
    value = positive(text)
    if value >= 180:
        raise argparse.ArgumentTypeError(f"{text} is no field of view; expected degrees below 180")
    return value
