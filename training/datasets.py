"""Data sets behind one interface: `find` tells by its files what kind of set a folder holds."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from defect_api.card import DataSet
from training import coco, folder, kaggle, neu_seg
from training.examples import DataError, Example

SEVERSTAL_CLASSES = ("class 1", "class 2", "class 3", "class 4")
SEVERSTAL = ("research use", "Severstal: Steel Defect Detection, Kaggle, 2019")
OWN = ("the owner's", "own pictures")
LAYOUTS = "images/ and masks/, a COCO file beside images/, or train_images/ and train.csv"
NEU_SEG = (
    "academic use",
    "H. Dong et al., PGA-Net, IEEE Trans. Industrial Informatics 16 (2020)",
)


@dataclass(frozen=True)
class Dataset:
    """Labelled pictures with their classes' names and what a card says of them."""

    name: str
    classes: tuple[str, ...]
    examples: Sequence[Example]
    licence: str
    citation: str

    @property
    def is_severstal(self) -> bool:
        """Tell whether its classes are Severstal's, which generated sheets show too; one's own are of other kinds."""
        return self.citation == SEVERSTAL[1]

    @property
    def facts(self) -> DataSet:
        """Return the set as a card lists it."""
        return DataSet(name=self.name, pictures=len(self.examples), licence=self.licence, citation=self.citation)


def digests(examples: Iterable[Example]) -> list[str]:
    """Return the SHA-256 of each picture's pixels, in hex: the same whatever the file's name and format."""
    pictures = (example.load()[0] for example in examples)
    return [hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest() for picture in pictures]


def find(path: Path) -> Dataset:
    """Return the set in a folder: Kaggle's layout, NEU-Seg's, COCO's, or pictures with `masks/`.

    Its `scenes.csv`, where it has one, tells the scenes; NEU-Seg has a list of its own. Raises DataError where the
    folder has none of them, or what it has cannot be used.
    """
    if (path / kaggle.TABLE).exists():
        return _severstal(path)
    if (path / neu_seg.SCENES).exists():
        return Dataset("NEU-Seg, training split", neu_seg.CLASSES, neu_seg.load(path, "training"), *NEU_SEG)
    if (path / "rle_without_images.csv.gz").exists():
        examples = folder.load(path, len(SEVERSTAL_CLASSES))
        return Dataset("Severstal (sample)", SEVERSTAL_CLASSES, examples, *SEVERSTAL)
    labels = None if (path / "masks").is_dir() else coco.find(path)
    if labels:
        names, examples = coco.load(labels)
        return Dataset(_name(path), names, folder.with_scenes(coco.folder(labels), examples), *OWN)
    if (path / "images").is_dir() or (path / "masks").is_dir():
        classes = folder.class_names(path)
        return Dataset(path.resolve().name, classes, folder.load(path, len(classes)), *OWN)
    raise DataError(f"{path} holds no data set: it needs {LAYOUTS}")


def _severstal(path: Path) -> Dataset:
    if (path / folder.CLASSES).exists() and folder.class_names(path) != SEVERSTAL_CLASSES:
        raise DataError(
            f"{path / folder.CLASSES} names other classes than Severstal's, whose layout {kaggle.TABLE} is; give your "
            "own labels as PNG masks or COCO"
        )
    examples = folder.with_scenes(path, kaggle.load(path, len(SEVERSTAL_CLASSES)))
    return Dataset("Severstal", SEVERSTAL_CLASSES, examples, *SEVERSTAL)


def _name(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem
