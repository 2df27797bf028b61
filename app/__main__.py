"""`wb-track`, also as `python -m app`. Ctrl-C while the libraries load is an end like any other."""

from __future__ import annotations

import sys


def main() -> int:
    """See `app.main.main`."""
    try:
        from app.main import main as track

        return track()
    except KeyboardInterrupt:
        print("wb-track: interrupted before tracking began; nothing was written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
