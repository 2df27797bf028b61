"""`wb-track`, also as `python -m app`. Ctrl-C while the libraries load is an end like any other."""

from __future__ import annotations

import sys


def main() -> int:
    """See `app.main.main`."""
    try:
        from app.main import main as track

        return track()
    except ImportError as error:
        advice = "" if "lib" not in str(error) else "; on Debian: apt-get install libgl1 libglib2.0-0"
        print(f"wb-track: a library is missing: {error}{advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("wb-track: interrupted before tracking began; nothing was written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
