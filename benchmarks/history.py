"""Times pages of the history over many inspections: `python -m benchmarks.history --inspections 100000`.

A page is what `GET /v1/inspections` does: 50 entries found in the index, their records read from disk, and the counts
by verdict. `index` is the part of it that depends on how many inspections there are. `statistics` is what
`GET /v1/statistics` counts. Beside them stands a bare `SELECT count(*)` of the same table in the same run, as a
measure of the machine.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from benchmarks.timing import alternate
from defect_api.history.history import History
from defect_api.history.index import Index
from defect_api.history.schema import Entry
from defect_api.history.search import Filters, position
from defect_api.listing import record_page
from defect_api.media import MediaVolume, StoredRecord
from defect_api.record import Condition, Defect, Record, Similarity, Statistic, rfc3339
from defect_api.schemas import RecordQuery
from defect_api.settings import Settings
from defect_api.statistics import statistics

START = datetime(2026, 1, 1, tzinfo=UTC)
ID = "coil-0123456789abcdef"
DEFECTS = 5
RUNS = 15
QUERIES: dict[str, dict[str, object]] = {
    "newest first": {},
    "page 1000": {"page": 1000},
    "by probability": {"sort": "defect_probability"},
    "by area": {"sort": "defect_area_px"},
    "verdict (1 in 100)": {"verdict": "no_verdict", "sort": "defect_area_px"},
    "defect type (1 in 500)": {"type": "class 2", "sort": "defect_probability"},
    "area and probability": {"area_min": 49_000, "probability_max": 0.5},
    "text (11 in 100,000)": {"text": "COIL 9999", "sort": "defect_area_px"},
    "text (111 in 100,000)": {"text": "COIL 999", "sort": "defect_area_px"},
    "text of one verdict": {"text": "COIL 9999", "verdict": "clean", "sort": "defect_area_px"},
    "exact file name": {"filename": "coil 77.png"},
    "a year, by probability": {
        "created_from": START,
        "created_to": START + timedelta(days=365),
        "sort": "defect_probability",
    },
    "a day": {"created_from": START + timedelta(days=1), "created_to": START + timedelta(days=2)},
}

FIGURES: dict[str, dict[str, object]] = {
    "all": {},
    "of one verdict": {"verdict": "defect"},
    "of a day, with the day before": {
        "created_from": START + timedelta(days=1),
        "created_to": START + timedelta(days=2),
    },
}


def records(count: int, seed: int) -> Iterator[Record]:
    """Yield `count` synthetic records, a second or so apart."""
    chance = random.Random(seed)  # noqa: S311  # synthetic rows
    base = _base()
    for number in range(count):
        verdict = chance.choices(["defect", "clean", "no_verdict"], [50, 49, 1])[0]
        kind = "class 2" if chance.random() < 1 / 250 else "class 3"
        area = chance.randrange(100, 10_000)
        found = [base.defects[0].model_copy(update={"type": kind, "area_px": area})] * DEFECTS
        moment = START + timedelta(seconds=number, milliseconds=chance.randrange(500))
        yield base.model_copy(
            update={
                "id": f"coil_{number}-{chance.getrandbits(64):016x}",
                "created_at": rfc3339(moment),
                "image": base.image.model_copy(update={"filename": f"coil {number}.png"}),
                "verdict": verdict,
                "defect_probability": round(chance.random(), 4),
                "defects": found if verdict == "defect" else [],
                "similarity": Similarity(score=round(chance.gauss(1, 0.2), 3), limit=1.6),
                "conditions": [_condition(chance, name) for name in get_args(Statistic)],
            }
        )


def fill(media: MediaVolume, index: Index, count: int, seed: int) -> None:
    """Enter synthetic records into `index`; on the volume all have the same content but for their names."""
    batch: list[StoredRecord] = []
    text = _base().model_dump_json()
    for record in records(count, seed):
        path = media.folder / f"{record.id}.json"
        path.write_text(text.replace(ID, record.id))
        batch.append(StoredRecord(record, path.stat().st_mtime_ns, 500_000))
    index.put(batch)


def milliseconds(work: Callable[[], object]) -> str:
    """Return the medians of `work` over some runs: on the clock and, whatever else the machine does, of the CPU."""
    times = alternate({"work": work}, RUNS)["work"]
    return f"{times.ms:.1f} ({times.cpu_ms:.1f})"


def report(history: History, index: Index) -> Iterator[str]:
    """Yield the lines of a table of medians."""
    yield "| page of 50 | index, ms (CPU) | whole page, ms (CPU) |"
    yield "| --- | --- | --- |"
    for name, options in QUERIES.items():
        query = _query(history, dict(options))
        found = milliseconds(partial(_search, index, query))
        whole = milliseconds(partial(record_page, history, query))
        yield f"| {name} | {found} | {whole} |"
    for name, options in FIGURES.items():
        yield f"| statistics, {name} | {milliseconds(partial(_figures, history, Filters.model_validate(options)))} | |"
    with index.engine.connect() as connection:
        bare = milliseconds(lambda: connection.execute(select(func.count()).select_from(Entry)).scalar_one())
    yield f"| bare `SELECT count(*)` | {bare} | |"


def main() -> None:
    """Fill an index and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--inspections", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(media_dir=Path(folder) / "media", state_dir=Path(folder) / "state")
        media = MediaVolume(settings.media_dir)
        history = History(settings, media)
        history.prepare()
        fill(media, history.index, options.inspections, options.seed)
        lines = [f"{options.inspections} inspections, {DEFECTS} defects each, median of {RUNS} runs", ""]
        sys.stdout.write("\n".join([*lines, *report(history, history.index)]) + "\n")
        history.close()


def _condition(chance: random.Random, name: Statistic) -> Condition:
    return Condition(name=name, value=round(chance.gauss(80, 10), 3), low=40, high=120)


def _query(history: History, options: dict[str, object]) -> RecordQuery:
    before = int(str(options.pop("page", 1))) - 1
    query = RecordQuery.model_validate(options)
    if before:
        last = history.index.page(query, query, before * query.limit, None)[-1]
        query = query.model_copy(update={"cursor": last.place.cursor(query)})
    return query


def _search(index: Index, query: RecordQuery) -> None:
    index.page(query, query, query.limit + 1, position(query.cursor, query) if query.cursor else None)
    index.counts(query)


def _figures(history: History, filters: Filters) -> None:
    statistics(history, filters, ZoneInfo("Europe/Berlin"), START + timedelta(days=2))


def _base() -> Record:
    ring = [(float(x), float(x % 7)) for x in range(60)]
    defect = {
        "type": "class 3", "type_probability": 0.9, "mean_probability": 0.8, "max_probability": 0.99, "area_px": 2000,
        "area_px_range": [1900, 2100], "box": [10, 10, 60, 40], "length_px": 60, "length_px_range": [58, 62],
        "width_px": 40, "orientation_deg": 3, "area_mm2": None, "length_mm": None,
        "width_mm": None, "edge_distance_px": 10, "polygons": [[ring]],
    }  # fmt: skip
    return Record.model_validate(
        {
            "id": ID,
            "created_at": rfc3339(START),
            "image": {"filename": "coil.png", "sha256": "0" * 64, "width": 1600, "height": 256, "bytes": 300_000},
            "model": {"name": "m", "version": "1", "digest": "sha256:0", "engine": "keras", "precision": "f32"},
            "verdict": "defect",
            "reasons": [],
            "defect_probability": 0.9,
            "max_probability": 0.99,
            "threshold": {"value": 0.5, "method": "calibrated", "otsu": {"value": 0.4, "separability": 0.9}},
            "similarity": None,
            "defects": [Defect.model_validate(defect)] * DEFECTS,
            "defect_area_fraction": 0.01,
            "scale": None,
            "files": {
                "original": f"{ID}.png",
                "view": None,
                "overlay": f"{ID}_overlay.png",
                "probability_map": f"{ID}_prob.png",
                "class_map": f"{ID}_class.png",
            },
            "timings_ms": dict.fromkeys(["decode", "predict", "regions", "overlay", "store", "total"], 1),
        }
    )


if __name__ == "__main__":
    main()
