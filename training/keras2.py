"""Turns a model of Keras 2 (architecture and weights in two files) into a model package that the service serves."""

import argparse
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from training.examples import DataError, naming

HALF_HEIGHT = 128  # px; networks of this height were made for 1600 x 256 sheets at half their size
INPUT_SCALES = {"1": 1, "0.5": 2, "0.25": 4}


@dataclass(frozen=True)
class Choices:
    """What a person knows of a model and its files don't say.

    `scale` multiplies grey values (0 to 255); `shrink` is how many times smaller than the sheet the network's input
    is, None to tell by the architecture's height; `background` says which channel of a softmax is no defect.
    """

    name: str = "imported"
    version: str = "1"
    classes: tuple[str, ...] = ()
    scale: float = 1 / 255
    shrink: int | None = None
    background: Literal["first", "last"] = "first"
    threshold: float = 0.5
    min_region_px: int = 100


def add_arguments(parser: argparse.ArgumentParser, models: Path) -> None:
    """Describe the command's arguments; `models` is where packages go by default."""
    usual = Choices()
    parser.add_argument("architecture", type=Path, help="the JSON file that model.to_json() wrote")
    parser.add_argument("weights", type=Path, help="the h5 file that model.save_weights() or model.save() wrote")
    parser.add_argument("--models", type=Path, default=models)
    parser.add_argument("--name", default=usual.name)
    parser.add_argument("--version", default=usual.version)
    parser.add_argument("--classes", nargs="+", default=(), help="names of the defect classes, in the output's order")
    parser.add_argument("--scale", type=_number, default=usual.scale, help="what grey values are multiplied by (1/255)")
    parser.add_argument(
        "--input-scale", choices=INPUT_SCALES, help="size at which the network sees sheets; 128 px high: 0.5, else 1"
    )
    parser.add_argument("--background", choices=("first", "last"), default=usual.background, help="of a softmax")
    parser.add_argument("--threshold", type=_number, default=usual.threshold, help="of a pixel's probability")
    parser.add_argument("--min-region", type=int, default=usual.min_region_px, help="smallest region kept, px")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Import a model as the command line says."""
    choices = Choices(
        name=options.name,
        version=options.version,
        classes=tuple(options.classes),
        scale=options.scale,
        shrink=INPUT_SCALES[options.input_scale] if options.input_scale else None,
        background=options.background,
        threshold=options.threshold,
        min_region_px=options.min_region,
    )
    written = import_model(options.architecture, options.weights, options.models, choices)
    print(f"{written} is ready to be served")


def import_model(architecture: Path, weights: Path, models: Path, choices: Choices) -> Path:
    """Write `<models>/<name>/<version>/`, whole or not at all, and return it.

    Raises DataError where a file cannot be used, the target is there already, or the result cannot be served.
    """
    from training import keras2_architecture, keras2_contract, keras2_package, keras2_weights, packaging

    target = packaging.target(models, choices.name, choices.version)
    network = keras2_architecture.read(architecture)
    try:
        shrink = choices.shrink or (2 if network.size[0] == HALF_HEIGHT else 1)
        around = keras2_contract.Surroundings(choices.scale, shrink, choices.background)
        served = keras2_contract.wrap(network, around)
        facts = keras2_package.Facts(
            architecture, weights, network, around, keras2_contract.classes(network), keras2_contract.stride(served)
        )
    except DataError as error:
        raise DataError(f"{architecture} {error}") from error
    keras2_weights.load(network, weights)
    with tempfile.TemporaryDirectory() as place:
        exported = Path(place) / "exported.keras"
        with naming(exported):
            served.save(exported)
        return keras2_package.write(exported, facts, choices, target)


def _number(text: str) -> float:
    """Read a number that may be a fraction, such as 1/255."""
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number nor a fraction such as 1/255") from error
