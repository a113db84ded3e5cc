"""The commands of `python -m training`, each a thin call of a function that can be used from Python as well."""

import argparse
import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from defect_api.model_package import ModelPackage, PackageError, read_package
from training import keras2
from training.examples import DataError

if TYPE_CHECKING:
    from training.runs import Run

RECIPE = Path(__file__).parent / "configs" / "steel-unet.toml"
OWN_RECIPE = RECIPE.with_name("own.toml")
RUNS = Path("var/runs")
MODELS = Path("defect_api/models")
RESAMPLES = 1000
SMALLEST_SHEET = 16  # px along a side
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
START = "'imagenet', or a model package's folder; default: pre-trained on NEU-Seg"
INTERRUPTED = 130  # the exit code that shells know, 128 + SIGINT
Options = argparse.Namespace


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code. A known mistake, or Ctrl-C, ends with one sentence."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (DataError, PackageError, OSError) as error:
        print(_sentence(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the command again, what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    return 0


def _sentence(error: Exception) -> str:
    """Say of the system's own errors which file it was and what to do; ours say it themselves."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    advice = "free some space" if error.errno in DISK_FULL else "mend that"
    # of two files, the second is the one that is written
    where = f"{file}: " if (file := error.filename2 or error.filename) else ""
    return f"{where}{error.strerror}; {advice} and run the command again, what was finished is kept"


def make_own(options: Options) -> None:
    """Make a model package of a person's own pictures."""
    from training import own

    folder = options.run_folder or RUNS / f"{options.name}-{options.version}"
    choices = own.Choices(
        name=options.name,
        version=options.version,
        models=options.models,
        run=folder,
        recipe=options.recipe,
        start=options.start,
        resamples=options.resamples,
    )
    package = own.make(options.data, choices)
    print(f"{package.path} is ready, and {folder / 'report.html'} says how good it is; serve it by")
    elsewhere = "" if options.models == MODELS else f" MODELS_DIR={options.models}"
    print(f"make run MODEL={package.key}{elsewhere}")


def make_sheets(options: Options) -> None:
    """Write generated sheets with their masks."""
    from training import sheets

    sheets.write(options.out, options.count, options.seed, options.height, options.width)


def train(options: Options) -> None:
    """Train the folds asked for, and the network that ships; what is finished already is not done again."""
    from training import datasets, recipe, runs, stages, starts

    kept = options.run_folder / runs.RECIPE
    file = options.recipe or (kept if kept.exists() else RECIPE)
    planned = recipe.load(file)
    chosen = starts.usual(planned, options.run_folder) if options.start is None else options.start
    source = datasets.find(options.pretraining_data) if options.pretraining_data else None
    if source:
        stages.check(planned.pretraining, source)  # before there is a run
    begin = starts.pretrained_on(source) if source else starts.chosen(chosen)
    run = runs.Run(options.run_folder, datasets.find(options.data), file, start=begin)
    start = run.pretrain(source) if source else run.starting_network()
    for number in range(run.recipe.folds) if options.fold is None else options.fold:
        run.train_fold(number, start)
    if options.final:
        run.train_final(start)


def _opened(options: Options) -> "Run":
    from training import datasets, runs

    if not (options.run_folder / runs.RECIPE).exists():
        raise DataError(f"{options.run_folder} holds no run; train one first, or name another folder")
    return runs.Run(options.run_folder, datasets.find(options.data))


def evaluate(options: Options) -> None:
    """Print the figures of the folds trained so far, and the operating point chosen on them."""
    from training import report

    found = report.find(_opened(options), options.resamples)
    print(report.table(found.for_card()))
    rule = found.judged.chosen.rule
    print(
        f"threshold {rule.value} ± {rule.uncertainty}, highest pixel at least {rule.min_peak}, "
        f"smallest region {rule.min_region_px} px, joined over {rule.join_px} px"
    )


def write_report(options: Options) -> None:
    """Write a run's HTML report, and its best and worst pictures where a folder for them is given."""
    from training import page, report, showcase

    run = _opened(options)
    found = report.find(run, options.resamples)
    page.write(run, found, options.out, options.notes)
    print(f"{options.out} can be opened in a browser")
    if options.pictures:
        written = showcase.write(found.judged, run.dataset.examples, options.pictures)
        print(f"{options.pictures} shows {len(written)} pictures; git ignores that folder")


def neu_seg_score(options: Options) -> None:
    """Print a pre-trained network's mean IoU on NEU-Seg's test pictures, and on those of scenes it never saw."""
    from training import neu_seg_scores

    for line in neu_seg_scores.scores(options.run_folder, options.data, RESAMPLES):
        print(line)


def package(options: Options) -> None:
    """Write the model package of a run."""
    from training import report

    run = _opened(options)
    written = report.package_run(run, options.models, options.name, options.version, options.resamples)
    print(f"{written.path} is ready to be served")


def renew_limits(options: Options) -> None:
    """Write a further version of a package, with new limits for what gets no verdict."""
    from training import limits

    print(f"{_further(options, limits.renew).path} is ready to be served")


def add_bf16(options: Options) -> None:
    """Write a further version of a package that may compute in bf16."""
    from training import bf16

    _add_precision(options, bf16.add)


def add_int8(options: Options) -> None:
    """Write a further version of a package that can compute in 8-bit integers."""
    from training import int8

    _add_precision(options, int8.add)


def _add_precision(options: Options, add: Callable[..., ModelPackage]) -> None:
    written = _further(options, add)
    print(f"{written.path} is ready to be served: {written.card.metrics[-1].method}")


def _further(options: Options, write: Callable[..., ModelPackage]) -> ModelPackage:
    """Write a further version of a package beside it, or where it is wanted."""
    from training import datasets

    models = options.models or options.package.resolve().parents[1]
    return write(options.package, datasets.find(options.data), options.version, models)


def count_refusals(options: Options) -> None:
    """Print how many real sheets and how many foreign pictures a package gives no verdict."""
    from training import refusals

    for line in refusals.count(options.package, options.data):
        print(line)


def compare_engines(options: Options) -> None:
    """Print how far the masks of each engine that serves a package overlap the labels."""
    from training import datasets, engines

    for figure in engines.compare(read_package(options.package.resolve()), datasets.find(options.data)):
        print(f"{figure.value:.4f}  {figure.name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="From labelled pictures to a package.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _sheets_parser(commands.add_parser("sheets", help="write generated sheets with their masks"))
    _own_parser(commands.add_parser("own", help="make a model package of your own labelled pictures, all in one"))
    _train_parser(commands.add_parser("train", help="train by cross-validation, then on everything; resumes"))
    keras2.add_arguments(commands.add_parser("import-keras2", help="turn a model of Keras 2 into a package"), MODELS)
    _scored(commands.add_parser("evaluate", help="print the figures of the folds trained so far"), evaluate)
    _report_parser(commands.add_parser("report", help="write the figures and curves of a run as an HTML page"))
    neu = commands.add_parser("neu-seg", help="print a pre-trained network's scores on NEU-Seg's test split")
    neu.add_argument("--run", dest="run_folder", type=Path, help="that has its pre-training; default: the kept network")
    neu.add_argument("--data", type=Path, required=True, help="the unpacked neu_seg folder")
    neu.set_defaults(run=neu_seg_score)
    packed = commands.add_parser("package", help="write the model package of a run")
    _scored(packed, package)
    packed.add_argument("--models", type=Path, default=MODELS)
    packed.add_argument("--name", default="steel-unet")
    packed.add_argument("--version", default="1")
    _further_parser(
        commands.add_parser("limits", help="write a package again with new limits for no verdict"), renew_limits
    )
    _further_parser(commands.add_parser("bf16", help="write a package again so that it may compute in bf16"), add_bf16)
    _further_parser(commands.add_parser("int8", help="write a package again with an int8 form beside it"), add_int8)
    refused = commands.add_parser("refusals", help="count the sheets and foreign pictures that get no verdict")
    _packaged(refused, count_refusals)
    _packaged(commands.add_parser("engines", help="compare the engines by overlap with the labels"), compare_engines)
    return parser


def _packaged(parser: argparse.ArgumentParser, run: Callable[[Options], None]) -> None:
    """Add what every command needs that looks at a package."""
    parser.add_argument("--package", type=Path, required=True, help="a model package's folder")
    parser.add_argument("--data", type=Path, required=True, help="the data set that it was trained on")
    parser.set_defaults(run=run)


def _further_parser(parser: argparse.ArgumentParser, run: Callable[[Options], None]) -> None:
    """Add what every command needs that writes a further version of a package."""
    _packaged(parser, run)
    parser.add_argument("--version", required=True, help="of the package to write")
    parser.add_argument("--models", type=Path, help="default: where the packages lie")


def _whole(least: int) -> Callable[[str], int]:
    """Return what reads an option's whole number, for argparse."""

    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return int(text)

    return number


def _sheets_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=_whole(1), default=12)
    parser.add_argument("--seed", type=_whole(0), default=1)
    parser.add_argument("--height", type=_whole(SMALLEST_SHEET), default=256, help="px")
    parser.add_argument("--width", type=_whole(SMALLEST_SHEET), default=1600, help="px")
    parser.add_argument("--out", type=Path, required=True)
    parser.set_defaults(run=make_sheets)


def _own_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder with images/ and masks/, or with a COCO file")
    parser.add_argument("--name", default="own")
    parser.add_argument("--version", default="1")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--run", dest="run_folder", type=Path, help="default: var/runs/NAME-VERSION")
    parser.add_argument("--recipe", type=Path, default=OWN_RECIPE)
    parser.add_argument("--start", default="", help=START)
    parser.add_argument("--resamples", type=_whole(1), default=RESAMPLES, help="of the bootstrap; default: %(default)s")
    parser.set_defaults(run=make_own)


def _scored(parser: argparse.ArgumentParser, run: Callable[[Options], None]) -> None:
    """Add what every command needs that looks at a run's folds."""
    parser.add_argument("--run", dest="run_folder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the data set that the run was trained on")
    parser.add_argument("--resamples", type=_whole(1), default=RESAMPLES, help="of the bootstrap; default: %(default)s")
    parser.set_defaults(run=run)


def _report_parser(parser: argparse.ArgumentParser) -> None:
    _scored(parser, write_report)
    parser.add_argument("--out", type=Path, required=True, help="the HTML file to write")
    parser.add_argument("--pictures", type=Path, help="folder for the best and worst pictures; git will ignore it")
    parser.add_argument("--notes", type=Path, help="a Markdown file to show, such as training/EXPERIMENTS.md")


def _train_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="images/ with masks/, or train_images/ with train.csv")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--pretraining-data", type=Path, help="such as neu_seg, unpacked; for [[pretraining]]")
    begin.add_argument("--start", help=f"{START}, or ImageNet for other encoders")
    parser.add_argument("--run", dest="run_folder", type=Path, required=True, help="folder of checkpoints and results")
    parser.add_argument("--recipe", type=Path, help=f"default: the one that the run began with, or {RECIPE.name}")
    parser.add_argument("--fold", type=int, action="append", help="train this fold only (can be repeated); else all")
    parser.add_argument("--final", action=argparse.BooleanOptionalAction, default=True, help="train on everything too")
    parser.set_defaults(run=train)
