"""`python -m defect_api.import_media URL`: adopts the pictures that the first system left on a media volume."""

import argparse
import sys
from collections.abc import Sequence

import requests

from defect_api.client import InspectionRefused, Inspector
from defect_api.images import FILE_SUFFIXES
from defect_api.listing import MediaEntry
from defect_api.settings import Settings

# what the first system drew itself
DRAWN = "_mask.png"


def main(arguments: Sequence[str] | None = None) -> int:
    """Have the running service inspect each picture that is no inspection's.

    Returns 0, 1 where pictures were refused, or 2 where the service was not there or Ctrl-C was pressed. The pictures
    stay where they are, so old clients find them; what was adopted before is known and costs nothing.
    """
    grammar = argparse.ArgumentParser("defect_api.import_media", description=__doc__)
    grammar.add_argument("url", help="the REST service, e.g. http://127.0.0.1:2020/api")
    options = grammar.parse_args(arguments)
    try:
        with Inspector(options.url, Settings().api_token) as inspector:
            adopted, refused = _adopt(inspector)
    except (requests.RequestException, InspectionRefused) as error:
        sys.stderr.write(f"The REST service does not answer at {options.url}; begin again once it does. {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the command again, what was adopted is kept\n")
        return 2
    sys.stdout.write(f"{adopted} pictures adopted, {refused} refused\n")
    return 1 if refused else 0


def _adopt(inspector: Inspector) -> tuple[int, int]:
    adopted = refused = 0
    # the list is read to its end first: inspecting adds to it
    for entry in [entry for entry in inspector.media() if is_foreign(entry)]:
        try:
            inspector.inspect_stored(entry.name)
            adopted += 1
        except InspectionRefused as refusal:
            refused += 1
            sys.stderr.write(f"{entry.name}: {refusal}\n")
    return adopted, refused


def is_foreign(entry: MediaEntry) -> bool:
    """Tell whether a file is a picture that a client put there, and neither ours nor one the first system drew."""
    name = entry.name.lower()
    return entry.inspection_id is None and name.endswith(FILE_SUFFIXES) and not name.endswith(DRAWN)


if __name__ == "__main__":
    sys.exit(main())
