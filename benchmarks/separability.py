"""Prints how separable the maps of clean and of defective sheets are: `python -m benchmarks.separability [--data DIR]`.

From it the least separability is set at which Otsu's threshold is used (`thresholds.LEAST_SEPARABILITY`). The sheets
are generated ones that no training has seen and, if given, a labelled data set in any form that `training` reads.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.served import newest
from defect_api.model_package import ModelPackage, read_package
from defect_api.thresholds import LEAST_SEPARABILITY, histogram, otsu
from training import datasets, predictions, sheets
from training.examples import Example

GENERATED, SEED = 24, 2_000_000
SHARES = (0, 25, 50, 75, 100)


def rows(name: str, package: ModelPackage, examples: Iterable[Example]) -> Iterator[str]:
    """Yield a row each for the clean and the defective ones of some sheets."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for prediction in predictions.predict(package.weights, examples, package.card.input.stride):
        found[prediction.defective].append(otsu(histogram(prediction.q)).separability)
    for kind, values in zip(("clean", "defective"), found.values(), strict=True):
        if values:
            quartiles = " | ".join(f"{value:.2f}" for value in np.percentile(values, SHARES))
            reaching = np.count_nonzero(np.array(values) >= LEAST_SEPARABILITY)
            yield f"| {name}, {kind} | {len(values)} | {quartiles} | {reaching} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.separability", description=__doc__)
    parser.add_argument("--model", type=Path, default=newest(), help="folder of a model package (default: the newest)")
    parser.add_argument("--data", type=Path, help="a labelled data set")
    options = parser.parse_args()
    package = read_package(options.model)
    lines = [
        f"| sheets | number | least | 25 % | median | 75 % | most | reach {LEAST_SEPARABILITY} |",
        "| --- " * 8 + "|",
    ]
    lines += rows("generated", package, sheets.examples(GENERATED, SEED))
    if options.data:
        lines += rows(options.data.name, package, datasets.find(options.data).examples)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
