"""Writes the package of an imported model: its card says what is not known of it, its golden sheets what it answers."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from defect_api.card import PixelThreshold, Platt
from defect_api.model_package import PackageError, file_digest
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from training import packaging
from training.examples import DataError
from training.golden import GoldenError
from training.keras2 import Choices
from training.keras2_architecture import Network
from training.keras2_contract import Surroundings
from training.operating_point import OperatingPoint
from training.packaging import GOLDEN_SIZE

PIXELS = 256  # largest values that the uncalibrated probability averages; about the size of a small defect
UNCERTAINTY = 0.05  # of a threshold that nobody measured


@dataclass(frozen=True)
class Facts:
    """What was found in the files, and the stride of the wrapped network."""

    architecture: Path
    weights: Path
    network: Network
    around: Surroundings
    classes: int
    stride: int

    def size(self) -> tuple[int, int]:
        """Return the height and width (px) of the sheets that the network was made for."""
        height, width = ((side or 0) * self.around.shrink for side in self.network.size)
        return height or GOLDEN_SIZE[0], width or GOLDEN_SIZE[1]


def write(exported: Path, facts: Facts, choices: Choices, folder: Path) -> Path:
    """Write the package aside, prove it as the service does, and move it to `folder`.

    Raises DataError where the choices fit no card or no golden sheet can be made.
    """
    models = folder.parents[1]
    models.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".importing-", dir=models) as fresh:
            made = packaging.write(exported, _point(choices), [], _description(facts, choices), Path(fresh))
            ServedModel(made, KerasSegmenter(made.weights)).prove()
            folder.parent.mkdir(exist_ok=True)
            return made.path.rename(folder)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"no card can say {'.'.join(map(str, first['loc']))} = {first['input']}: {first['msg']}"
        ) from error
    except (GoldenError, PackageError) as error:
        raise DataError(f"{facts.weights} makes no model that could be served: {error}") from error


def _point(choices: Choices) -> OperatingPoint:
    """Return the rule as chosen, and a calibration that leaves the map's probabilities as they are."""
    rule = PixelThreshold(value=choices.threshold, uncertainty=UNCERTAINTY, min_region_px=choices.min_region_px)
    return OperatingPoint(rule, Platt(method="platt", feature="mean_of_largest", pixels=PIXELS, slope=1, intercept=0))


def _description(facts: Facts, choices: Choices) -> packaging.Description:
    height, width = facts.size()
    return packaging.Description(
        name=choices.name,
        version=choices.version,
        text=f"A model of Keras {facts.network.keras_version}, imported; made for sheets of {width} x {height} px.",
        classes=_classes(facts, choices),
        data=(),
        weights_licence="unknown: as whoever trained them says",
        training={
            "imported": True,
            "keras_version": facts.network.keras_version,
            "architecture": file_digest(facts.architecture),
            "weights": file_digest(facts.weights),
            "parameters": facts.network.model.count_params(),
            "last_activation": facts.network.activation,
            "grey_values_multiplied_by": facts.around.scale,
            "sheets_shrunk_by": facts.around.shrink,
        },
        known_weaknesses=_weaknesses(facts),
        heights=packaging.size_range(height, height, GOLDEN_SIZE[0]),
        widths=packaging.size_range(width, width, GOLDEN_SIZE[1], shrunk=1 / 4),
        stride=facts.stride,
    )


def _classes(facts: Facts, choices: Choices) -> tuple[str, ...]:
    count = facts.classes
    if choices.classes and len(choices.classes) != count:
        raise DataError(
            f"{facts.architecture} tells {count} classes apart, {len(choices.classes)} are named; name {count}"
        )
    return choices.classes or (("defect",) if count == 1 else tuple(f"class {n}" for n in range(1, count + 1)))


def _weaknesses(facts: Facts) -> tuple[str, ...]:
    network, shrink, (height, width) = facts.network, facts.around.shrink, facts.size()
    found = [
        "Nothing was measured here: neither how many defects this model finds nor how often it is wrong.",
        "Not calibrated: defect_probability is the mean of the map's largest values as the network gave them.",
        "The pixel threshold and the smallest region are choices, not measurements.",
        f"Grey values are multiplied by {facts.around.scale:.6g}; how training scaled them is not in the files.",
        f"Which pictures it was trained on is not known; by its input, sheets of {width} x {height} px are assumed.",
    ]
    if shrink > 1:
        found.append(
            f"Sheets are shrunk {shrink} times by averaging before, and the map is enlarged bilinearly after: defects "
            f"narrower than {shrink} px may vanish, and outlines are that coarse."
        )
    if network.activation == "sigmoid" and facts.classes > 1:
        found.append(
            "Its classes are independent sigmoids: 'any defect' is computed as if they were independent of each other."
        )
    return tuple(found)
