"""`wb-track`: from the command line to a file."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial

from app.clips import each_clip, is_pattern
from app.errors import InputError, TrackingError
from app.interrupt import Interrupts
from app.live.report import held_overall, introduction, write_stats
from app.load import Loaded, loaded, take_of
from app.options import Options, parse
from app.pipeline import Pipeline, Stage
from app.recording.outputs import Outputs, names, open_outputs, recover, rescue
from app.rendering.renderer import check_renderer
from app.sources.camera_address import cameras
from app.sources.source import Source, open_source
from app.stats import Stats
from engines.bundle import BundleError
from engines.engine import EngineError
from models.body_file import BodyFileError

_log = logging.getLogger(__name__)

_SIGNALLED = 128  # exit codes from here on are of Ctrl-C and the like
_BAD_INPUT = (InputError, BundleError, BodyFileError, EngineError, FileNotFoundError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed while running (what was recorded is kept), 2 bad arguments or inputs, 130 Ctrl-C."""
    options = parse(arguments)
    level = logging.DEBUG if options.verbose else logging.ERROR if options.quiet else logging.WARNING
    logging.basicConfig(level=level, format="wb-track: %(message)s", stream=sys.stderr)
    for library in ("libav", "PIL"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    return _code_of(partial(_run_command, options))


def _code_of(command: Callable[[], int]) -> int:
    try:
        return command()
    except _BAD_INPUT as error:
        return _failed(2, error)
    except (TrackingError, OSError) as error:
        return _failed(1, error)


def _run_command(options: Options) -> int:
    if options.recover:
        return _recover(options)
    if options.list_cameras:
        return _list_cameras()
    check_renderer(options.renderer)
    if options.window and not (options.video and is_pattern(options.video)):
        from app.window.main import run_window

        return run_window(options, partial(_say, options))
    if options.address:
        from app.live.headless import track_camera

        return track_camera(options, partial(_say, options))
    return _track_videos(options)


def _list_cameras() -> int:
    found = cameras()
    print("\n".join(f"{number}  {name}" for number, name in found) if found else "no camera was found")
    return 0


def _recover(options: Options) -> int:
    assert options.recover is not None
    written = recover(options.recover, next(iter(options.out), None))
    _say(options, f"recovered {names(written)}" if written else f"{options.recover} held no frames")
    return 0


def _track_videos(options: Options) -> int:
    """Every clip that is meant; of many, one that fails is told of, and the next one is tracked."""
    each = each_clip(options)
    if len(each) == 1:
        return _track_video(each[0])
    whole = 0
    for number, one in enumerate(each, 1):
        assert one.video is not None
        _say(options, f"{one.video.name}, clip {number} of {len(each)}")
        code = _code_of(partial(_track_video, one))
        if code >= _SIGNALLED:
            return code
        whole += code == 0
    if whole < len(each):
        return _failed(1, f"{whole} of {len(each)} clips were tracked; what was wrong with the others is said above")
    _say(options, f"tracked {whole} clips")
    return 0


def _track_video(options: Options) -> int:
    assert options.video is not None
    with open_source(options.video, options.start_s, options.duration_s) as source, loaded(options) as parts:
        take = take_of(options, parts, source.fps, source.size_wh)
        rescue(options.out, partial(_say, options))
        clip = options.video if options.video.is_file() else None
        with open_outputs(options.out, take, renderer=options.renderer, clip=clip) as outputs:
            for line in introduction(parts):
                _say(options, line)
            return _run(options, source, parts, outputs)


def _run(options: Options, source: Source, parts: Loaded, outputs: Outputs) -> int:
    """Track to the end, an interrupt or an error; whichever it is, what was recorded becomes files."""
    groups: list[Sequence[Stage]] = [*parts.tracker.groups(device=parts.device), *outputs.groups]
    pipeline = Pipeline(source, groups)
    stats = Stats()
    problems: list[Exception] = []
    with Interrupts(pipeline.stop) as interrupts:
        try:
            with pipeline:
                _consume(pipeline, stats, source.frame_count, show=not options.quiet)
        except Exception as problem:  # noqa: BLE001 - reported below, after the files are made
            _log.debug("tracking stopped", exc_info=problem)
            problems.append(problem)
        finally:
            written, unwritten = outputs.finish()
    problems += unwritten
    if options.stats:
        about = {"source": source.name, "size": source.size_wh, "dropped": pipeline.dropped}
        try:
            write_stats(options.stats, stats, parts, **about)
        except TrackingError as problem:
            problems.append(problem)
    if problems:
        kept = f"; {outputs.frames} frames are in {names(written)}" if written else ""
        everything = "; ".join(map(str, problems)) + kept
        if interrupts.exit_code:  # no next clip is begun, whatever else is wrong
            return _failed(interrupts.exit_code, everything)
        raise TrackingError(everything) from problems[0]
    done = f"{stats.frames} frames at {stats.fps:.1f} fps"
    interrupted = "interrupted; " if interrupts.exit_code else ""
    if not stats.tracked:
        shown = f"{names(written)} shows nobody" if written else "nothing was written"
        return _failed(interrupts.exit_code or 1, f"{interrupted}no person was found in {done}; {shown}")
    if interrupts.exit_code:
        return _failed(interrupts.exit_code, f"interrupted; {names(written)} has what was tracked, {done}")
    _say(options, f"wrote {names(written)}: {done}{held_overall(parts)}")
    return 0


def _consume(pipeline: Pipeline, stats: Stats, frame_count: int | None, *, show: bool) -> None:
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread of its own
    with tqdm(total=frame_count, unit=" frames", disable=None if show else True, leave=False) as bar:
        for result in pipeline:
            stats.add(result)
            bar.update()


def _say(options: Options, message: str) -> None:
    if not options.quiet:
        print(f"wb-track: {message}", file=sys.stderr)


def _failed(code: int, problem: object) -> int:
    print(f"wb-track: {' '.join(str(problem).split())}", file=sys.stderr)
    return code
