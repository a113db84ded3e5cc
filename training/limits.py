"""Gives a finished package new limits for what gets no verdict; its maps, its rule and its figures stay.

What it says of bf16 and int8 does not: run those commands again.
"""

import tempfile
from pathlib import Path

import keras

from defect_api.model_package import ModelPackage, read_package
from training import engines, folds, gates, network, packaging, reference, trained_on
from training.datasets import Dataset
from training.examples import DataError, naming
from training.operating_point import OperatingPoint
from training.packaging import Description
from training.runs import EXPORTED

FOLDS, SEED = 5, 1


def renew(package: Path, dataset: Dataset, version: str, models: Path) -> ModelPackage:
    """Write a further version of a package whose limits are set on `dataset`, which it was trained on.

    Raises PackageError where the package cannot be read, and DataError where the version is there already, the
    network was not trained here or not on these pictures, or the pictures are too few.
    """
    old = read_package(package.resolve())
    old.verify()
    packaging.target(models, old.card.name, version)
    trained_on.check(old, dataset)
    with tempfile.TemporaryDirectory() as room:
        plain = Path(room) / EXPORTED
        model = keras.saving.load_model(old.weights, compile=False)
        if not network.architecture_of(model).widths:
            raise DataError(
                f"{package} holds a network of another kind; only those trained here tell how novel they see a sheet"
            )
        with naming(plain):
            keras.Model(model.input, model.outputs[0], name=model.name).save(plain)
        count = folds.fold_count(dataset.examples, FOLDS, SEED)
        gated = reference.gate_again(dataset, plain, old.card.input.stride, count, SEED)
        renewed = (gates.NAME, engines.NAME)
        kept = [figure for figure in old.card.metrics if not figure.name.startswith(renewed)]
        point = OperatingPoint(old.card.threshold, old.card.calibration)
        described = _described(old, version, gated)
        return packaging.write(gated.weights, point, [*kept, gated.figure], described, models, dataset)


def _described(old: ModelPackage, version: str, gated: reference.Gated) -> Description:
    card = old.card
    return Description(
        name=card.name,
        version=version,
        text=card.description,
        classes=card.classes,
        data=card.data,
        weights_licence=card.licence.weights,
        training=card.training,
        known_weaknesses=card.known_weaknesses,
        operating_points=card.operating_points,
        conditions=gated.conditions,
        heights=card.input.height,
        widths=card.input.width,
        stride=card.input.stride,
        pictures=sorted(trained_on.listed(old.path)),
    )
