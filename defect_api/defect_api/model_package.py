"""Model packages on disk: finding them, reading their cards and making sure that the weights are the card's."""

import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path

from pydantic import ValidationError

from defect_api.card import Card, Tolerance
from defect_api.png import decode_png
from defect_api.thresholds import Map

CARD = "model.json"
WEIGHTS = "model.keras"


class PackageError(Exception):
    """A model package that must not be served; the message says why and names it."""


class Unrunnable(PackageError):
    """A model package that no engine can run."""


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

    def golden_map(self, name: str) -> Map:
        """Return a golden sheet or map (uint8, H x W) by its path in the package. Raises PackageError."""
        try:
            return decode_png((self.path / name).read_bytes())
        except (OSError, ValueError) as error:
            raise PackageError(f"model {self.key}: golden file {name} cannot be read") from error

    def tolerance(self, precision: str) -> Tolerance:
        """Return how far maps in `precision` may be from the card's. Raises PackageError where it does not say."""
        if precision not in self.card.tolerance:
            raise PackageError(f"model {self.key}: its card has no tolerance for {precision}")
        return self.card.tolerance[precision]

    def verify(self) -> None:
        """Compare the weights with the card's digest. Raises PackageError where they differ or cannot be read."""
        try:
            actual = file_digest(self.weights)
        except OSError as error:
            raise PackageError(f"model {self.key}: {WEIGHTS} cannot be read ({error.strerror})") from error
        if actual != self.card.digest:
            raise PackageError(f"model {self.key}: {WEIGHTS} is not the one its card describes (digest differs)")

    def check_libraries(self) -> None:
        """Compare the libraries here with those that the weights were made with; whoever loads them needs these.

        Raises PackageError where one is missing or too old.
        """
        made_with = self.card.libraries
        distributions = packages_distributions() if made_with else {}
        for library, theirs in made_with.items():
            ours = version(distributions[library][0]) if library in distributions else None
            if ours is None or major(ours) < major(theirs):
                here = f"this service has {ours}" if ours else "this service has none"
                raise PackageError(f"model {self.key}: it was made with {library} {theirs}, and {here}")


def major(release: str) -> int:
    """Return the first number of a release."""
    return int(release.partition(".")[0])


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
    """Return the packages below `models_dir`, newest first, and a sentence for each that cannot be read.

    So have folders that the service may not look into.
    """
    packages, complaints = [], _closed_folders(models_dir)
    for card in sorted(models_dir.glob(f"*/*/{CARD}")):
        try:
            packages.append(read_package(card.parent.resolve()))
        except PackageError as error:
            complaints.append(str(error))
    return sorted(packages, key=lambda package: package.card.created_at, reverse=True), complaints


def _closed_folders(models_dir: Path) -> list[str]:
    # patterns pass over these in silence; a disk of its own has a lost+found that is root's
    folders = [models_dir, *models_dir.glob("[!.]*/"), *models_dir.glob("[!.]*/[!.]*/")]
    closed = [folder for folder in folders if folder.exists() and not os.access(folder, os.R_OK | os.X_OK)]
    names = ["/".join(["the models folder", *folder.relative_to(models_dir).parts]) for folder in closed]
    return [f"the service may not look into {name}" for name in names if not name.endswith("/lost+found")]


def known_cards(models_dir: Path, served: Card | None) -> list[Card]:
    """Return the cards of the packages below `models_dir` and of the one in service, newest first.

    The service keeps its own copy of that one, whatever has become of its package.
    """
    packages, _ = find_packages(models_dir)
    cards = [package.card for package in packages]
    if served and served not in cards:
        cards.append(served)
    return sorted(cards, key=lambda card: card.created_at, reverse=True)


def find_candidates(models_dir: Path, wanted: str) -> tuple[list[ModelPackage], list[str]]:
    """Return the packages that `wanted`, `<name>` or `<name>/<version>` or empty for any, names, as `find_packages`.

    Where there is none, the sentences say so.
    """
    packages, complaints = find_packages(models_dir)
    # of a version that was retired the card alone may be kept, for what it judged
    whole = [package for package in packages if package.weights.exists()]
    named = [package for package in whole if wanted in ("", package.card.name, package.key)]
    if not named:
        missing = f"no model package '{wanted}'" if wanted else "no model package"
        complaints.insert(0, f"{missing} in the models folder")
    return named, complaints
