"""Model packages on disk: finding them, reading their cards and making sure that the weights are the card's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
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
        """Compare the weights with the card's digest, and the libraries here with those that the package was made with.

        Raises PackageError where the weights differ or cannot be read, and where a library is too old.
        """
        self._check_libraries(self.card.libraries)
        try:
            actual = file_digest(self.weights)
        except OSError as error:
            raise PackageError(f"model {self.key}: {WEIGHTS} cannot be read ({error.strerror})") from error
        if actual != self.card.digest:
            raise PackageError(f"model {self.key}: {WEIGHTS} is not the one its card describes (digest differs)")

    def _check_libraries(self, made_with: Mapping[str, str]) -> None:
        distributions = packages_distributions() if made_with else {}
        for library, theirs in made_with.items():
            ours = version(distributions[library][0]) if library in distributions else None
            if ours is None or _major(ours) < _major(theirs):
                here = f"this service has {ours}" if ours else "this service has none"
                raise PackageError(f"model {self.key}: it was made with {library} {theirs}, and {here}")


def _major(release: str) -> int:
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
    """Return the packages below `models_dir`, newest first, and a sentence for each that cannot be read."""
    packages, complaints = [], []
    for card in sorted(models_dir.glob(f"*/*/{CARD}")):
        try:
            packages.append(read_package(card.parent.resolve()))
        except PackageError as error:
            complaints.append(str(error))
    return sorted(packages, key=lambda package: package.card.created_at, reverse=True), complaints


def find_candidates(models_dir: Path, wanted: str) -> tuple[list[ModelPackage], list[str]]:
    """Return the packages that `wanted`, `<name>` or `<name>/<version>` or empty for any, names, as `find_packages`.

    Where there is none, the sentences say so.
    """
    packages, complaints = find_packages(models_dir)
    named = [package for package in packages if wanted in ("", package.card.name, package.key)]
    if not named:
        missing = f"no model package '{wanted}'" if wanted else "no model package"
        complaints.insert(0, f"{missing} in the models folder")
    return named, complaints
