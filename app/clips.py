"""The clips that a name means, one or many, and the files that each of them is tracked to."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.clashes import Named, clash
from app.errors import InputError
from app.options import Options
from app.recording.outputs import mesh_folder
from app.sources.images import natural_order_of

CLIP = "{clip}"  # in the names of files: the clip's own name


def is_pattern(path: Path) -> bool:
    """Whether a name means many clips: one with `*`, `?` or `[`, unless a file is called so."""
    return glob.has_magic(str(path)) and not path.exists()


def each_clip(options: Options) -> list[Options]:
    """The options for every clip that `--video` means, in natural order.

    Raises InputError where there is none, and where what is written of one clip would replace another's, or a clip.
    """
    assert options.video is not None
    clips = _matching(options.video) if is_pattern(options.video) else [options.video]
    if options.window:
        raise InputError(f"{options.video} matches {len(clips)} clips, a window plays one; name it, or give --out")
    each = [_of_clip(options, clip) for clip in clips]
    writes = [named for one in each for named in _writes(one)]
    if same := clash([], writes):
        raise InputError(f"{same}; put {CLIP} into the name of what is written, for the clip's own")
    if lost := clash([Named("--video", clip) for clip in clips], writes):
        raise InputError(lost)
    return each


def _matching(pattern: Path) -> list[Path]:
    root = Path(pattern.anchor)
    try:
        clips = natural_order_of(root.glob(str(pattern.relative_to(root))))
    except ValueError as error:  # ** within a name
        raise InputError(f"{pattern} is no pattern: {error}; correct it") from error
    if not clips:
        raise InputError(f"no clip matches {pattern}; correct the pattern, and put it in quotes")
    return clips


def _of_clip(options: Options, clip: Path) -> Options:
    name = clip.name if clip.is_dir() else clip.stem

    def named(path: Path) -> Path:
        return Path(str(path).replace(CLIP, name))

    stats = None if options.stats is None else named(options.stats)
    return replace(options, video=clip, out=tuple(map(named, options.out)), stats=stats)


def _writes(options: Options) -> Iterator[Named]:
    yield from (Named("--out", mesh_folder(path)) for path in options.out)
    if options.stats is not None:
        yield Named("--stats", options.stats)
