"""Model packages on disk: finding them, reading their cards and making sure that the weights are the card's."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from defect_api.card import Card

CARD = "model.json"
WEIGHTS = "model.keras"


class PackageError(Exception):
    """A model package that must not be served; the message says why and names it."""


@dataclass(frozen=True)
class ModelPackage:
    """A folder `<name>/<version>/` with `model.keras`, its card and its golden sheets."""

    path: Path
    card: Card

    @property
    def key(self) -> str:
        """Return `<name>/<version>`."""
        return f"{self.card.name}/{self.card.version}"

    @property
    def weights(self) -> Path:
        """Return the path of the Keras file, the source of truth."""
        return self.path / WEIGHTS

    def verify(self) -> None:
        """Compare the weights with the card's digest.

        Raises PackageError where they differ or cannot be read.
        """
        try:
            actual = file_digest(self.weights)
        except OSError as error:
            raise PackageError(f"model {self.key}: {WEIGHTS} cannot be read ({error.strerror})") from error
        if actual != self.card.digest:
            raise PackageError(f"model {self.key}: {WEIGHTS} is not the one its card describes (digest differs)")


def file_digest(path: Path) -> str:
    """Return `sha256:<hex>` of the file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def read_package(path: Path) -> ModelPackage:
    """Read the card of the package at `path`; the weights are not touched.

    Raises PackageError where the card is missing, not of the card's form, or names another folder.
    """
    label = "/".join(path.parts[-2:])
    try:
        card = Card.model_validate_json((path / CARD).read_bytes())
    except OSError as error:
        raise PackageError(f"model {label}: {CARD} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PackageError(f"model {label}: {CARD} is not a valid card: {where}: {first['msg']}") from error
    if (card.name, card.version) != path.parts[-2:]:
        raise PackageError(f"model {label}: {CARD} says it is {card.name}/{card.version}")
    return ModelPackage(path, card)


def find_packages(models_dir: Path) -> tuple[list[ModelPackage], list[str]]:
    """Return the packages below `models_dir`, newest first, and a sentence for each that cannot be read."""
    packages, complaints = [], []
    for card in sorted(models_dir.glob(f"*/*/{CARD}")):
        try:
            packages.append(read_package(card.parent.resolve()))
        except PackageError as error:
            complaints.append(str(error))
    return sorted(packages, key=lambda package: package.card.created_at, reverse=True), complaints


def choose_package(models_dir: Path, wanted: str) -> ModelPackage:
    """Return the package `wanted`, `<name>` or `<name>/<version>`; of several, or with an empty name, the newest.

    Raises PackageError where there is none.
    """
    packages, complaints = find_packages(models_dir)
    for package in packages:
        if wanted in ("", package.card.name, package.key):
            return package
    missing = f"no model package '{wanted}'" if wanted else "no model package"
    raise PackageError("; ".join([f"{missing} in the models folder", *complaints]))
