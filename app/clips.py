"""The clips that a name means, one or many, and the files that each of them is tracked to."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.clashes import Named, clash, unwritable
from app.errors import InputError
from app.options import CLIP, Options
from app.recording.outputs import mesh_folder
from app.sources.images import natural_order_of


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
    if problem := next(filter(None, map(unwritable, _places(each))), ""):
        raise InputError(problem)
    if same := clash([], writes):
        raise InputError(f"{same}; {_other_names(options)}")
    several = options.people > 1 or options.detector is not None  # one after the other, in one place
    if several and (mixed := _mixed_up([path for one in each for path in one.out])):
        raise InputError(mixed)
    if lost := clash([Named("--video", clip) for clip in clips], writes):
        raise InputError(lost)
    return each


def _places(each: Sequence[Options]) -> list[Path]:
    """All that is written, as it was named."""
    return [path for one in each for path in (*one.out, one.stats) if path is not None]


def _other_names(options: Options) -> str:
    if all(CLIP in str(path) for path in _places([options])):
        return f"clips of one name have one file for {CLIP}; track them one by one"
    return f"put {CLIP} into the name of what is written, for the clip's own"


def _mixed_up(out: Sequence[Path]) -> str:
    """Where one file has the name of somebody's out of another (`recording.partial.numbered`); empty where none has."""
    paths = set(out)
    for path in out:
        whole = path.with_name(path.with_suffix("").stem + path.suffix)
        if path.with_suffix("").suffix[1:].isdecimal() and whole in paths:
            return f"{path} may be one clip's, or of one person in {whole}; rename one of the clips"
    return ""


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
