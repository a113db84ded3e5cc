"""What tests of the shipped package are made on: a copy of it, and a few small generated sheets."""

import shutil
from pathlib import Path

from training import datasets, sheets, trained_on
from training.datasets import Dataset

SHIPPED = max(Path("defect_api/models/steel-unet").glob("*"), key=lambda path: int(path.name))


def drawn(count: int) -> Dataset:
    """Return so many sheets with scratches and patches."""
    made = [sheets.generate(seed, height=256, width=640, defects=[3, 4]) for seed in range(count)]
    examples = [sheets.example(str(seed), sheet) for seed, sheet in enumerate(made)]
    return Dataset("drawn", ("1", "2", "3", "4"), examples, "MIT", "drawn here")


def drawn_folder(place: Path, count: int) -> Dataset:
    """Write so many sheets into a folder as a person would; return it as a set."""
    sheets.write(place / "images", count, seed=1, height=128, width=800)
    (place / "images" / "masks").rename(place / "masks")
    (place / "classes.txt").write_text("a\nb\nc\nd\n")
    return datasets.find(place)


def shipped_for(dataset: Dataset, models: Path) -> Path:
    """Copy the shipped package; the copy says that it was trained on these pictures."""
    copy = shutil.copytree(SHIPPED, models / SHIPPED.parent.name / SHIPPED.name)
    (copy / trained_on.FILE).write_text("\n".join(datasets.digests(dataset.examples)))
    return copy
