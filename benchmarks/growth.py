"""How time grows: with the size of a picture, the number of defects on it, and the records in the history.

`python -m benchmarks.growth`. `benchmarks.history` times more kinds of lists.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import served
from benchmarks.history import fill
from benchmarks.results import Section
from benchmarks.timing import Times, alternate, progress
from defect_api.history.history import History
from defect_api.history.search import Filters
from defect_api.images import decode
from defect_api.judgement import judge
from defect_api.listing import record_page
from defect_api.media import MediaVolume
from defect_api.overlay import encode_overlay
from defect_api.png import encode_png
from defect_api.schemas import RecordQuery
from defect_api.served_model import ServedModel

SIZES = ((128, 800), (256, 1600), (512, 2048), (1024, 4096), (2048, 4096), (4096, 4096))
COUNTS = (1, 10, 50, 100, 200)
RECORDS = (10, 1_000, 100_000)
HEIGHT, WIDTH = 256, 1600
Map = NDArray[np.uint8]


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    given = served.settings()
    cv2.setNumThreads(given.cpu_threads)
    progress("loading the model")
    model = served.load(given)
    section = Section("growth", "Growth")
    section.say(f"{given.cpu_threads} CPU thread(s), as each worker has.", "")
    with_size(section, model, rounds)
    with_defects(section, model, 4 * rounds)
    with_records(section, 4 * rounds)
    section.publish(served.described(model))


def with_size(section: Section, model: ServedModel, rounds: int) -> None:
    """Time decoding, the model and the rest on larger and larger sheets."""
    rows = []
    for height, width in SIZES:
        progress(f"{width}x{height} px")
        picture = served.jpeg(served.SEED + 1, height, width)
        times = pipeline(model, picture, max(2, rounds * 256 * 1600 // (height * width)))
        whole = sum(one.ms for one in times.values())
        rows.append(
            [f"{width}x{height}", *(f"{one.ms:.1f}" for one in times.values()), f"{1e6 * whole / height / width:.0f}"]
        )
    section.table(["picture, px", "decode ms", "model ms", "regions, overlay, files ms", "ns a pixel"], rows)


def pipeline(model: ServedModel, picture: bytes, rounds: int) -> dict[str, Times]:
    """Time the parts of one inspection in turn; without the disk."""
    grey = decode(picture).grey
    maps = model.maps(grey)
    card = model.package.card
    works: dict[str, Callable[[], object]] = {
        "decode": partial(decode, picture),
        "model": partial(model.maps, grey),
        "rest": lambda: _rest(grey, maps.q, maps.classes, model),
    }
    judge(maps.q, maps.classes, card)
    return alternate(works, rounds, warm_up=1)


def with_defects(section: Section, model: ServedModel, rounds: int) -> None:
    """Time what follows the network on sheets with more and more defects."""
    progress("defects")
    grey = decode(served.pictures()[0]).grey
    rule = model.package.card.threshold
    works = {}
    for count in COUNTS:
        q, classes = blobs(count, max(rule.min_region_px, 700)), np.zeros((HEIGHT, WIDTH), np.uint8)
        found = len(judge(q, classes, model.package.card).regions.defects)
        if found != count:
            raise RuntimeError(f"{found} defects were found of {count}")
        works[str(count)] = partial(_rest, grey, q, classes, model)
    times = alternate(works, rounds)
    rows = [[count, f"{one.ms:.1f}", f"{one.ms / times['1'].ms:.2f}"] for count, one in times.items()]
    section.table(["defects on a sheet", "regions, overlay, files ms", "of those with one"], rows)


def blobs(count: int, area: int) -> Map:
    """Draw a probability map of 1600x256 px with that many defects, each a little larger than `area` px."""
    rows = 1 if count == 1 else 5
    columns = -(-count // rows)
    axes = (int(np.sqrt(area / np.pi * WIDTH / columns * rows / HEIGHT)) + 2, int(np.sqrt(area / np.pi)) + 2)
    axes = (min(axes[0], WIDTH // columns // 2 - 2), min(axes[1], HEIGHT // rows // 2 - 2))
    q = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number in range(count):
        centre = ((2 * (number // rows) + 1) * WIDTH // columns // 2, (2 * (number % rows) + 1) * HEIGHT // rows // 2)
        cv2.ellipse(q, centre, axes, 0, 0, 360, 250, -1)
    return q


def with_records(section: Section, rounds: int) -> None:
    """Time a page of the history and entering one more inspection, over more and more records."""
    rows = []
    for count in RECORDS:
        progress(f"{count} records")
        with tempfile.TemporaryDirectory() as folder:
            settings = served.settings().model_copy(
                update={"media_dir": Path(folder) / "media", "state_dir": Path(folder) / "state"}
            )
            media = MediaVolume(settings.media_dir)
            history = History(settings, media)
            history.prepare()
            fill(media, history.index, count, seed=1)
            newest = next(iter(record_page(history, RecordQuery()).items))
            works: dict[str, Callable[[], object]] = {
                "page": partial(record_page, history, RecordQuery()),
                "filtered": partial(record_page, history, RecordQuery(verdict="no_verdict", sort="defect_area_px")),
                "counts": partial(history.counts, Filters()),
                "entered": partial(history.published, newest),
            }
            times = alternate(works, rounds)
            history.close()
        rows.append([f"{count:,}", *(f"{one.ms:.1f}" for one in times.values())])
    section.table(
        ["records", "newest page ms", "page by verdict and area ms", "counts ms", "entering one more ms"], rows
    )


def _rest(grey: Map, q: Map, classes: Map, model: ServedModel) -> None:
    judgement = judge(q, classes, model.package.card)
    encode_overlay(grey, judgement.regions.mask)
    encode_png(q)
    encode_png(classes)


if __name__ == "__main__":
    main()
