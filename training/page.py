"""The report of a run: one HTML page that needs nothing beside it, with figures, curves and what they mean."""

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markdown_it import MarkdownIt

from defect_api.card import Metric
from training import curves, history, plots
from training.examples import DataError, naming
from training.history import Row
from training.report import GUARANTEE, Findings
from training.runs import RECIPE, Run

# in a run's folder, as `python -m benchmarks.engines` and `python -m benchmarks.tradeoff` write them
SPEED, TRADEOFF = "speed.json", "tradeoff.json"
KEY = (
    "pooled Dice",
    "first system's Dice",
    "picture ROC AUC",
    "misses per 100 defective pictures",
    "false calls per 100 clean pictures",
    "pixel calibration error",
)


def write(run: Run, found: Findings, path: Path, notes: Path | None = None) -> None:
    """Write the page, whole or not at all; `notes` is a Markdown file of what was tried.

    Raises OSError, with the page's path, where it cannot be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"shown": _shown, "without": _without, "capitalize_first": lambda s: s[:1].upper() + s[1:]}
    page = environment.get_template("page.html.j2").render(_content(run, found, notes))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as room:
        fresh = Path(room) / path.name
        with naming(path):
            fresh.write_text(page)
            fresh.replace(path)


def _content(run: Run, found: Findings, notes: Path | None) -> dict[str, Any]:
    judged, counts = found.judged, found.counts
    defective = int(counts.defective.sum())
    by_name = {figure.name: figure for figure in found.figures}
    choices = sorted({f"{point.rule.value:g}" for point in judged.points})
    return {
        "title": run.dataset.name,
        "made_at": datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC"),
        "data": run.dataset,
        "counts": {"pictures": len(counts.true), "defective": defective, "clean": len(counts.true) - defective},
        "key": [by_name[name] for name in KEY],
        "figures": [figure for figure in found.figures if not figure.name.startswith("Dice, ")],
        "classes": _classes(run, found, by_name),
        "how": found.how,
        "own_choice": not judged.nested,
        "calibration": judged.chosen.calibration,
        "rule": judged.chosen.rule,
        "nested": choices if len(choices) > 1 else [],
        "bound": judged.bound,
        "guarantee": GUARANTEE,
        "plots": _plots(run, found, by_name),
        "speed": _rows(run.folder / SPEED),
        "notes": _notes(notes),
        "recipe": (run.folder / RECIPE).read_text(),
    }


def _plots(run: Run, found: Findings, by_name: Mapping[str, Metric]) -> dict[str, str]:
    judged, counts = found.judged, found.counts
    defective, rule = counts.defective, judged.chosen.rule
    by_threshold = curves.by_threshold(judged.predictions, judged.rules_for_any_threshold)
    histories, networks = _histories(run.folder), _rows(run.folder / TRADEOFF)
    pictures = {
        "before calibration": curves.picture_reliability(counts.before, defective),
        "after": curves.picture_reliability(counts.probability, defective),
    }
    return {
        "roc": plots.roc(curves.roc(counts.probability, defective), by_name["picture ROC AUC"].value),
        "precision_recall": plots.precision_recall(
            curves.precision_recall(counts.probability, defective),
            by_name["picture average precision"].value,
            float(defective.mean()),
        ),
        "reliability": plots.reliability(pictures, "of a picture"),
        "pixels": plots.reliability({"pixels": curves.pixel_reliability(counts.histogram)}, "of a pixel"),
        "thresholds": plots.thresholds(by_threshold, rule.value, rule.uncertainty),
        "training": plots.training(histories) if histories else "",
        "tradeoff": plots.tradeoff(networks) if networks else "",
    }


def _histories(folder: Path) -> dict[str, list[Row]]:
    """Return the rows of each network of a run, its stages' after each other, steps counted through."""
    found: dict[str, list[Row]] = {}
    for file in sorted(folder.rglob(history.FILE)):
        rows = found.setdefault(file.relative_to(folder).parts[0], [])
        before = rows[-1].step if rows else 0
        rows += [row._replace(step=before + row.step) for row in history.read(file.parent)]
    return found


def _classes(run: Run, found: Findings, by_name: Mapping[str, Metric]) -> list[dict[str, Any]]:
    area = found.counts.true[:, 1:]
    return [
        {
            "name": name,
            "figure": by_name.get(f"Dice, {name}"),
            "pictures": int((area[:, channel] > 0).sum()),
            "share": 100 * area[:, channel].sum() / max(area.sum(), 1),
        }
        for channel, name in enumerate(run.dataset.classes)
    ]


def _rows(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    try:
        rows: list[dict[str, Any]] = json.loads(file.read_text())
    except ValueError as error:
        raise DataError(f"{file} cannot be read ({error}); remove it, or measure again") from error
    return rows


def _notes(file: Path | None) -> str:
    try:
        return MarkdownIt("commonmark").enable("table").render(file.read_text("utf-8")) if file else ""
    except UnicodeDecodeError as error:
        raise DataError(f"{file} cannot be read ({error}); save it as UTF-8") from error


def _shown(value: float) -> str:
    """Return a number with three significant digits; a number that is none as a dash."""
    if not np.isfinite(value):
        return "none"
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}"


def _without(method: str, how_got: str) -> str:
    """Leave out of a figure's method what the page says once for all."""
    return method.removesuffix(f"; {how_got}")
