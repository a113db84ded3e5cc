"""What a run's networks start from: kept in its folder, told in the card, and refused where it saw what is judged."""

from functools import lru_cache
from pathlib import Path

import keras
from pydantic import ValidationError

from defect_api.card import DataSet
from defect_api.model_package import ModelPackage, PackageError, read_package
from defect_api.record import Part
from training import datasets, encoder, network, pretrained, stages, trained_on
from training.datasets import NEU_SEG, Dataset
from training.examples import DataError, write_text
from training.network import Architecture
from training.recipe import Recipe

ALONG, IMAGENET = "the network that comes along", "imagenet"
FILE = "start.json"  # in a run's folder


class Start(Part):
    """A start's name, the data behind it, and the digests of its pictures and of its weights where they are known."""

    name: str
    data: tuple[DataSet, ...]
    pictures: tuple[str, ...] = ()
    digest: str | None = None


def chosen(start: str) -> Start:
    """Return what a person chose: nothing (the network that comes along), IMAGENET, or a model package's folder.

    Raises DataError where that is none.
    """
    if start == IMAGENET:
        return Start(name=IMAGENET, data=())
    if not start:
        licence, citation = NEU_SEG
        neu = DataSet(name="NEU-Seg, training split", pictures=3630, licence=licence, citation=citation)
        return Start(name=ALONG, data=(neu,))
    package = started_package(start)
    listed = tuple(sorted(trained_on.listed(package.path)))
    return Start(name=str(Path(start)), data=tuple(package.card.data), pictures=listed, digest=package.card.digest)


def pretrained_on(source: Dataset) -> Start:
    """Return the start that a run pre-trains on `source`."""
    pictures = tuple(sorted(datasets.digests(source.examples)))
    return Start(name=f"the network pre-trained on {source.name}", data=(source.facts,), pictures=pictures)


def started_package(start: str) -> ModelPackage:
    """Return the package in a folder. Raises DataError where it is none, or not whole."""
    try:
        package = read_package(Path(start).resolve())
        package.verify()
    except PackageError as error:
        raise DataError(f"{start} is no start: {error}; name a package's folder, or {IMAGENET}") from error
    return package


def usual(recipe: Recipe, folder: Path) -> str:
    """Return the start of a run for which nobody chose one: the one it has, or what comes along for its encoder."""
    if (folder / FILE).exists() and ((before := kept(folder)).digest or before.name == IMAGENET):
        return before.name
    return "" if recipe.network.encoder == network.DEFAULT.encoder else IMAGENET


def architecture(start: Start) -> Architecture | None:
    """Return how a package's network is built, None for other starts. Raises DataError where it was not made here."""
    if not start.digest:
        return None
    built = network.architecture_of(_package_network(start.name, start.digest))
    if not built.widths:
        raise DataError(
            f"{start.name} is no start: its network is of another kind than those trained here, so that none of its "
            f"weights would be taken over; leave it out, or choose {IMAGENET}"
        )
    return built


def network_of(start: Start, recipe: Recipe, classes: int) -> keras.Model:
    """Return the network of a start that `chosen` gave; its head is for `classes`, or for others.

    Raises DataError where a package is not there any more, or not whole.
    """
    if start.name == ALONG:
        return pretrained.load()
    if start.name == IMAGENET:
        return stages.from_imagenet(recipe, classes)
    return _package_network(start.name, start.digest)


@lru_cache(maxsize=1)
def _package_network(folder: str, _digest: str | None) -> keras.Model:
    """Load a package's network, once for its architecture and its weights, which are only read."""
    return keras.saving.load_model(started_package(folder).weights, compile=False)


def check(start: Start, dataset: Dataset, recipe: Recipe, built: Architecture | None) -> None:
    """Raise DataError where a start, a package `built` so, saw pictures of the set or has no weights for the recipe."""
    wanted = recipe.network.encoder
    having = {ALONG: (network.DEFAULT.encoder,), IMAGENET: tuple(encoder.VARIANTS)}.get(start.name)
    if having and wanted not in having:
        other = IMAGENET if wanted in encoder.VARIANTS else "a package of that encoder"
        raise DataError(
            f"{start.name} has no weights for the encoder {wanted}; choose {' or '.join(having)} in the recipe, or "
            f"start from {other}"
        )
    if built and built.encoder != wanted:
        raise DataError(
            f"{start.name} is no start: its encoder is {built.encoder} and the recipe's {wanted}, so that none of its "
            f'weights would be taken over; leave it out, choose {IMAGENET}, write encoder = "{built.encoder}" under '
            "[network] in the recipe, or take [network] out"
        )
    check_unseen(start, dataset)


def check_unseen(start: Start, dataset: Dataset) -> None:
    """Refuse a start that was trained on pictures of the set: no fold would be judged on new ones.

    Pictures are known by their digests, public sets by what is cited as well, and one's own by their set's name where
    no digests are listed. Raises DataError.
    """
    seen = not set(start.pictures).isdisjoint(datasets.digests(dataset.examples))
    if dataset.citation != datasets.OWN[1]:
        seen |= any(part.citation == dataset.citation for part in start.data)
    elif not start.pictures:
        seen |= any(part.name == dataset.name for part in start.data)
    if seen:
        raise DataError(
            f"{start.name} was trained on pictures of {dataset.name}, so the folds would be judged on what it has "
            f"seen; choose another start, such as {IMAGENET}, or give pictures of new scenes only"
        )


def check_kept(start: Start, folder: Path) -> None:
    """Raise DataError where a run's folder keeps another start."""
    # one that was begun by an earlier version tells no digest
    if (folder / FILE).exists() and (before := kept(folder)) not in (start, start.model_copy(update={"digest": None})):
        which = f"{start.name} with other weights" if before.name == start.name else before.name
        raise DataError(
            f"{folder} was trained from another start, {which}; choose that, or another folder for this run"
        )


def keep(start: Start, folder: Path) -> None:
    """Write a start into a run's folder."""
    write_text(folder / FILE, start.model_dump_json(indent=2) + "\n")


def kept(folder: Path) -> Start:
    """Return the start that a run's folder keeps; one that was begun by an earlier version tells none.

    Raises DataError where it cannot be read.
    """
    file = folder / FILE
    if not file.exists():
        return chosen("")
    try:
        return Start.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise DataError(f"{file} cannot be read ({error.error_count()} errors); choose another folder") from error
