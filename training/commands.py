"""The commands of `python -m training`, each a thin call of a function that can be used from Python as well."""

import argparse
import sys
from pathlib import Path

from training import keras2
from training.examples import DataError

RECIPE = Path(__file__).parent / "configs" / "steel-unet.toml"
MODELS = Path("defect_api/models")
RESAMPLES = 1000
Options = argparse.Namespace


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code. A known mistake ends with one sentence."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (DataError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make_sheets(options: Options) -> None:
    """Write generated sheets with their masks."""
    from training import sheets

    sheets.write(options.out, options.count, options.seed, options.height, options.width)


def train(options: Options) -> None:
    """Train the folds asked for, and the network that ships; what is finished already is not done again."""
    from training import datasets
    from training.runs import Run

    run = Run(options.run_folder, datasets.find(options.data), options.recipe)
    start = run.pretrain(datasets.find(options.pretraining_data) if options.pretraining_data else None)
    for number in range(run.recipe.folds) if options.fold is None else options.fold:
        run.train_fold(number, start)
    if options.final:
        run.train_final(start)


def evaluate(options: Options) -> None:
    """Print the figures of the folds trained so far, and the operating point chosen on them."""
    from training import report

    point, figures, bound = report.evaluate_run(report.open_run(options.run_folder, options.data), options.resamples)
    print(report.table(figures))
    print(f"threshold {point.rule.value} ± {point.rule.uncertainty}, smallest region {point.rule.min_region_px} px")
    print(f"threshold at which at most 10 % of the defect area is expected to be missed: {bound}")


def neu_seg_score(options: Options) -> None:
    """Print the pre-trained network's mean IoU on NEU-Seg's published test split."""
    from training import report

    print(f"mean IoU, 4 classes with background: {report.neu_seg_miou(options.run_folder, options.data):.4f}")


def package(options: Options) -> None:
    """Write the model package of a run."""
    from training import report

    run = report.open_run(options.run_folder, options.data)
    written = report.package_run(run, options.models, options.name, options.version, options.resamples)
    print(f"{written.path} is ready to be served")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="From labelled pictures to a package.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _sheets_parser(commands.add_parser("sheets", help="write generated sheets with their masks"))
    _train_parser(commands.add_parser("train", help="train by cross-validation, then on everything; resumes"))
    keras2.add_arguments(commands.add_parser("import-keras2", help="turn a model of Keras 2 into a package"), MODELS)
    scored = commands.add_parser("evaluate", help="print the figures of the folds trained so far")
    scored.add_argument("--run", dest="run_folder", type=Path, required=True)
    scored.add_argument("--data", type=Path, required=True, help="the data set that the run was trained on")
    scored.add_argument("--resamples", type=int, default=RESAMPLES, help="of the bootstrap (default: %(default)s)")
    scored.set_defaults(run=evaluate)
    neu = commands.add_parser("neu-seg", help="print the pre-trained network's score on NEU-Seg's test split")
    neu.add_argument("--run", dest="run_folder", type=Path, required=True)
    neu.add_argument("--data", type=Path, required=True, help="the unpacked neu_seg folder")
    neu.set_defaults(run=neu_seg_score)
    packed = commands.add_parser("package", help="write the model package of a run")
    packed.add_argument("--run", dest="run_folder", type=Path, required=True)
    packed.add_argument("--data", type=Path, required=True, help="the data set that the run was trained on")
    packed.add_argument("--models", type=Path, default=MODELS)
    packed.add_argument("--name", default="steel-unet")
    packed.add_argument("--version", default="1")
    packed.add_argument("--resamples", type=int, default=RESAMPLES, help="of the bootstrap (default: %(default)s)")
    packed.set_defaults(run=package)
    return parser


def _sheets_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=make_sheets)


def _train_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="images/ with masks/, or train_images/ with train.csv")
    parser.add_argument("--pretraining-data", type=Path, help="such as the unpacked neu_seg; none: start from the kept network")
    parser.add_argument("--run", dest="run_folder", type=Path, required=True, help="folder of checkpoints and results")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--fold", type=int, action="append", help="train this fold only (can be repeated); else all")
    parser.add_argument("--final", action=argparse.BooleanOptionalAction, default=True, help="train on everything too")
    parser.set_defaults(run=train)
