"""The command line: `python -m defect_api.history rebuild` makes the index again from the records."""

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from defect_api.history.history import History
from defect_api.media import MediaVolume
from defect_api.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m defect_api.history", description=__doc__)
    parser.add_argument("command", choices=["rebuild"], help="forget every entry and enter each record anew")
    parser.parse_args(arguments)
    settings = Settings()
    history = History(settings, MediaVolume(settings.media_dir))
    try:
        repairs = history.prepare(anew=True)
    except (SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"The index could not be rebuilt: {error}\n")
        return 1
    finally:
        history.close()
    sys.stdout.write(f"inspections entered: {repairs.entered}, files that are no record: {repairs.unreadable}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
