"""Compares replays with fresh runs of the model: `python -m benchmarks.replay FOLDER --count 10`.

Each picture is inspected once into a folder of its own; then it is judged at several thresholds twice over: from the
stored maps, as `GET /v1/inspections/<id>?threshold=` and its curve do, and by the model run anew. What differs is
counted.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from defect_api.images import FILE_SUFFIXES, decode
from defect_api.inspection import Inspector, Upload
from defect_api.judgement import Terms, judge
from defect_api.loading import load_model
from defect_api.media import MediaVolume
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings

THRESHOLDS = (1 / 255, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0, "otsu")


def disagreements(inspector: Inspector, model: ServedModel, upload: Upload) -> tuple[int, int]:
    """Return at how many thresholds replay or curve and fresh run differ, and how many defects were compared."""
    record, _ = inspector.inspect(upload)
    maps = model.maps(decode(upload.data).grey)
    different = compared = 0
    for threshold in THRESHOLDS:
        terms = Terms(threshold=threshold)
        replayed = inspector.replay(record, terms)
        fresh = judge(maps.q, maps.classes, model.package.card, terms, maps.observed)
        said = (replayed.verdict, replayed.reasons, replayed.defect_probability, replayed.threshold, replayed.defects)
        due = (fresh.verdict, fresh.reasons, fresh.defect_probability, fresh.threshold, fresh.regions.defects)
        different += said != due or replayed.defect_area_fraction != fresh.regions.area_fraction
        compared += len(replayed.defects)
    for threshold, count, area in inspector.curve(record)[::10]:
        fresh = judge(maps.q, maps.classes, model.package.card, Terms(threshold=threshold), maps.observed)
        areas = [defect.area_px for defect in fresh.regions.defects]
        different += (count, area) != (len(areas), sum(areas))
    return different, compared


def pictures(folder: Path) -> Iterable[Path]:
    """Return the pictures in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in FILE_SUFFIXES)


def main() -> None:
    """Compare and print the sums."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10, help="of pictures, by name (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as volume:
        settings = Settings().model_copy(update={"media_dir": Path(volume)})
        model = load_model(settings)
        slot = ModelSlot(lambda: model)
        slot.wait(timeout_s=60)
        inspector = Inspector(MediaVolume(settings.media_dir), slot, settings)
        chosen = list(pictures(options.folder))[: options.count]
        found = [disagreements(inspector, model, Upload(path.read_bytes(), path.name)) for path in chosen]
    different, defects = (sum(column) for column in zip(*found, strict=True))
    sys.stdout.write(
        f"{len(chosen)} pictures at {len(THRESHOLDS)} thresholds each: {different} replays or points of the curve "
        f"differ from fresh runs; {defects} defects compared\n"
    )


if __name__ == "__main__":
    main()
