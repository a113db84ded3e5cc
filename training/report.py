"""From a run's folder to its figures and its model package."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from defect_api.card import DataSet, Metric, OperatingPoints
from defect_api.model_package import ModelPackage
from training import datasets, packaging, predictions, reference, sheets
from training.consequences import operating_points
from training.datasets import Dataset
from training.evaluation import WILSON, Judged, figures
from training.examples import DataError
from training.metrics import Counts, decided, wilson_per_100
from training.operating_point import OperatingPoint
from training.packaging import Description
from training.runs import EXPORTED, Run

GENERATED_LICENCE, GENERATED_CITATION = "MIT", "drawn by this project's own generator"
GENERATED_COUNT, GENERATED_SEED = 40, 2_000_000  # of the sheets that a package is tried on
GUARANTEE = (
    "Conformal risk control (Angelopoulos et al. 2022). The guarantee holds on average over new defective pictures and "
    "over the choice of the judged ones, not for each picture; it assumes that new pictures come as these did (same "
    "line, camera and labelling), and that the shipped network and rule for regions err as the judged ones of the "
    "same recipe do."
)
RESEARCH = "research use only, as the owners of the data sets allow"
AS_OWNERS_SAY = "as the owner of the pictures and the owners of the data sets listed allow"


@dataclass(frozen=True)
class Findings:
    """What is known of a run by the folds trained so far; `how` says how the figures were got."""

    judged: Judged
    counts: Counts
    figures: Sequence[Metric]
    data: str
    how: str

    def for_card(self) -> list[Metric]:
        """Return the figures, and the bound on what is missed."""
        return [*self.figures, *bound(self.judged, self.data)]

    @property
    def consequences(self) -> OperatingPoints | None:
        """Return what each threshold costs on the judged folds."""
        judged, own = self.judged, self.judged.chosen.rule.value
        return operating_points(judged.predictions, judged.rules_for_any_threshold, own, self.data, self.how)


def find(run: Run, resamples: int) -> Findings:
    """Judge a run's folds. Raises DataError where it has none."""
    classes, data = run.dataset.classes, run.dataset.name
    judged, how_got = Judged.of(run.judged()), how(run)
    counts = judged.counts(len(classes))
    return Findings(judged, counts, figures(counts, classes, data, how_got, resamples), data, how_got)


def bound(judged: Judged, data: str) -> list[Metric]:
    """Return the conformal threshold as a card's figure, nothing where none can be promised."""
    value = judged.bound
    name = "highest threshold that is expected to miss at most 10 % of a sheet's defective area, on average over sheets"
    return [Metric(name=name, value=value, interval=None, data=data, method=GUARANTEE)] if value else []


def table(figures: Sequence[Metric]) -> str:
    """Return the figures as lines: value, 95 % interval if any, name and method."""
    lines = []
    for figure in figures:
        interval = "[{:7.3f}, {:7.3f}]".format(*figure.interval) if figure.interval else "none".center(18)
        lines.append(f"{figure.value:8.3f}  {interval}  {figure.name}: {figure.method}")
    return "\n".join(lines)


def package_run(run: Run, models_dir: Path, name: str, version: str, resamples: int) -> ModelPackage:
    """Write the model package of a run: the final network, or the first fold's where there is no final one yet.

    Raises DataError where there is neither, or that version is there already or no package's name.
    """
    packaging.target(models_dir, name, version)
    final = run.folder / "final" / EXPORTED
    weights = final if final.exists() else run.folder / "fold-0" / EXPORTED
    if not weights.exists():
        raise DataError(f"{run.folder} has no network to package; train the final one: train without --no-final")
    found = find(run, resamples)
    measured = found.for_card()
    if run.dataset.is_severstal:
        measured += evaluate_generated(weights, found.judged.chosen, run.stride)
    trained_on = "all pictures" if final.exists() else "the first fold's training pictures"
    heights, widths = _sizes(run.dataset)
    description = Description(
        name=name,
        version=version,
        text=f"U-Net with the encoder {run.recipe.network.encoder} for flat steel sheet, trained on {trained_on}.",
        classes=run.dataset.classes,
        data=_facts(run),
        weights_licence=licence(run.dataset),
        training=run.described,
        known_weaknesses=[*run.recipe.known_weaknesses, _weakest_class(measured)],
        heights=heights,
        widths=widths,
    )
    return write_gated(run, weights, found, measured, description, models_dir)


def write_gated(
    run: Run,
    weights: Path,
    found: Findings,
    figures: Sequence[Metric],
    description: Description,
    models_dir: Path,
) -> ModelPackage:
    """Write a package that refuses what is unlike the pictures of its run, and says how many of those it would.

    It has the run's stride, the consequences of each threshold, and lists the pictures behind the network.
    """
    gated = reference.gate(run, weights, run.stride)
    whole = replace(
        description,
        stride=run.stride,
        operating_points=found.consequences,
        conditions=gated.conditions,
        pictures=sorted({*datasets.digests(run.dataset.examples), *run.start.pictures}),
    )
    chosen = found.judged.chosen
    return packaging.write(gated.weights, chosen, [*figures, gated.figure], whole, models_dir, run.dataset)


def evaluate_generated(weights: Path, point: OperatingPoint, stride: int) -> list[Metric]:
    """Return misses and false calls on generated sheets that no training has seen."""
    made = sheets.examples(GENERATED_COUNT, GENERATED_SEED)
    found = [(p.defective, bool(decided(p.q, point.rule).any())) for p in predictions.predict(weights, made, stride)]
    shares = {
        "misses per 100 defective generated sheets": [not called for defective, called in found if defective],
        "false calls per 100 clean generated sheets": [called for defective, called in found if not defective],
    }
    method = f"none of them in training, {WILSON}; python -m training package"
    return [
        Metric(
            name=name,
            value=round(100 * sum(wrong) / len(wrong), 2),
            interval=wilson_per_100(sum(wrong), len(wrong), 2),
            data=f"{len(wrong)} generated sheets",
            method=method,
        )
        for name, wrong in shares.items()
    ]


def licence(dataset: Dataset) -> str:
    """Say for what weights that were trained on these pictures may be used."""
    return RESEARCH if dataset.is_severstal else AS_OWNERS_SAY


def _sizes(dataset: Dataset) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the heights and widths to allow, px; Severstal's recipe covers more scales than its pictures show."""
    if dataset.is_severstal:
        return packaging.HEIGHTS, packaging.WIDTHS
    return packaging.size_ranges(dataset.examples)


def _weakest_class(figures: Sequence[Metric]) -> str:
    by_class = [figure for figure in figures if figure.name.startswith("Dice, ")]
    weakest = min(by_class, key=lambda figure: figure.value)
    return f"On pictures kept aside, {weakest.name.removeprefix('Dice, ')} overlaps least: Dice {weakest.value:.2f}."


def how(run: Run) -> str:
    """Say how the figures were got: on which folds, by networks how far trained, at whose threshold."""
    folds, planned, stages_planned = len(run.judged()), run.recipe.folds, len(run.recipe.finetuning)
    how = f"out of fold, {folds} of {planned} folds by scene"
    if folds == 1:
        how += ", whose pictures also chose the threshold and the calibration, so it flatters"
    else:
        how += ", threshold and calibration chosen on the other folds"
    if run.judged_stages() < stages_planned:
        how += f"; the judged network had {run.judged_stages()} of {stages_planned} stages of fine-tuning"
    return f"{how}; {_independence(run)}; python -m training evaluate"


def _independence(run: Run) -> str:
    """Say what intervals assume of the judged pictures, which may be fewer scenes."""
    judged = [run.scenes[p.name] for fold in run.judged() for p in fold]
    return f"intervals take the {len(judged)} pictures, of {len(set(judged))} scenes, as independent"


def _facts(run: Run) -> list[DataSet]:
    facts = [run.dataset.facts, *run.start.data]
    count = max(stage.generated_sheets for stage in run.recipe.finetuning)
    if count:
        facts.append(
            DataSet(name="generated sheets", pictures=count, licence=GENERATED_LICENCE, citation=GENERATED_CITATION)
        )
    return facts
