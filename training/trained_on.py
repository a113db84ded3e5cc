"""Which pictures a package's network was trained on: their digests, in a file beside the card."""

from pathlib import Path

from defect_api.model_package import ModelPackage
from training import datasets
from training.datasets import Dataset
from training.examples import DataError

FILE = "trained-on.sha256"  # in a package: the digest of each picture, one a line


def listed(package: Path) -> set[str]:
    """Return the digests of the pictures that a package's network was trained on, none where it lists none."""
    file = package / FILE
    return set(file.read_text().split()) if file.exists() else set()


def check(package: ModelPackage, dataset: Dataset) -> None:
    """Refuse a set of which pictures are judged that the package's network was not trained on, where it lists any.

    Raises DataError.
    """
    known = listed(package.path)
    if not known:
        return
    judged = datasets.digests(example for example in dataset.examples if example.for_judging)
    unknown = sum(digest not in known for digest in judged)
    if unknown:
        raise DataError(
            f"{package.key} was not trained on {unknown} of the {len(judged)} pictures of {dataset.name}; give the "
            "data set that it was trained on"
        )
