"""What tests of a further precision are made on: the shipped package, and a few small generated sheets."""

from pathlib import Path

from training import sheets
from training.datasets import Dataset

SHIPPED = max(Path("defect_api/models/steel-unet").glob("*"), key=lambda path: int(path.name))


def drawn(count: int) -> Dataset:
    """Return so many sheets with scratches and patches."""
    made = [sheets.generate(seed, height=256, width=640, defects=[3, 4]) for seed in range(count)]
    examples = [sheets.example(str(seed), sheet) for seed, sheet in enumerate(made)]
    return Dataset("drawn", ("1", "2", "3", "4"), examples, "MIT", "drawn here")
