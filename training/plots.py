"""The plots of a report, each drawn by matplotlib as an SVG that needs nothing beside it."""

import base64
import io
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.curves import ByThreshold, Curve
from training.history import Row

INK, MUTED, GRID = "#1c2733", "#5d6b7a", "#e3e8ee"
BLUE, ORANGE, RED, GREEN = "#1f6fb2", "#d9822b", "#c23b3b", "#2b8a57"
WIDTH, HEIGHT, ROW = 5.2, 4.0, 0.22  # inches, of a plot and of a row of its legend; wider ones can't be read on a phone
ACROSS = 4  # networks in a row of a legend
BELOW: Final = "outside lower center"  # where legends are
STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.size": 10.5,
    "grid.color": GRID,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


@mpl.rc_context(STYLE)
def training(histories: Mapping[str, Sequence[Row]]) -> str:
    """Draw the loss of each network against its steps, one line each."""
    figure, axes = _figure(ceil(len(histories) / ACROSS))
    colours = mpl.colormaps["viridis"](np.linspace(0.05, 0.85, max(len(histories), 1)))
    for colour, (name, rows) in zip(colours, histories.items(), strict=True):
        axes.plot([row.step for row in rows], [row.loss for row in rows], color=colour, lw=1.4, label=name)
    axes.set(xlabel="step, all stages of a network after each other", ylabel="training loss")
    axes.set_ylim(bottom=0)
    figure.legend(loc=BELOW, ncols=ACROSS)
    return _source(figure)


@mpl.rc_context(STYLE)
def roc(curve: Curve, area: float) -> str:
    """Draw a ROC curve."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":")
    axes.plot(curve.x, curve.y, color=BLUE, lw=2, drawstyle="steps-post")
    axes.text(0.97, 0.06, f"area {area:.3f}", ha="right", fontsize=12, color=BLUE)
    _shares(axes, "clean pictures called defective", "defective pictures found")
    return _source(figure)


@mpl.rc_context(STYLE)
def precision_recall(curve: Curve, average: float, base: float) -> str:
    """Draw precision against recall; `base` is the share of defective pictures, which guessing reaches."""
    figure, axes = _figure()
    axes.axhline(base, color=MUTED, lw=1, ls=":")
    axes.plot(curve.x, curve.y, color=BLUE, lw=2)
    axes.text(0.03, 0.06, f"average precision {average:.3f}", fontsize=12, color=BLUE)
    _shares(axes, "recall: defective pictures found", "precision: called pictures that are defective")
    return _source(figure)


@mpl.rc_context(STYLE)
def reliability(lines: Mapping[str, Curve], what: str) -> str:
    """Draw what came true against what was said, one line each."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=":")
    for (name, curve), colour, style in zip(lines.items(), (BLUE, ORANGE), ("o-", "s--"), strict=False):
        axes.plot(curve.x, curve.y, style, color=colour, lw=1.6, ms=5, label=name)
    if len(lines) > 1:
        axes.legend(loc="upper left")
    _shares(axes, f"probability that was said, {what}", "share that was defective")
    return _source(figure)


@mpl.rc_context(STYLE)
def thresholds(found: ByThreshold, chosen: float, uncertainty: float) -> str:
    """Draw overlap, misses and false calls against the pixel threshold, with the chosen one and its uncertainty."""
    figure, axes = _figure(3)
    axes.axvspan(chosen - uncertainty, chosen + uncertainty, color=GREEN, alpha=0.14, lw=0)
    axes.axvline(chosen, color=GREEN, lw=1.4)
    axes.text(chosen, 103, f" shipped {chosen:g}", color=GREEN, va="bottom", ha="center")
    for values, name, colour in (
        (100 * found.dice, "pooled Dice x 100", BLUE),
        (found.misses, "misses per 100 defective pictures", RED),
        (found.false_calls, "false calls per 100 clean pictures", ORANGE),
    ):
        axes.plot(found.thresholds, values, color=colour, lw=2, label=name)
    axes.set(xlabel="pixel threshold", xlim=(0, 1), ylim=(-2, 102))
    figure.legend(loc=BELOW)
    return _source(figure)


@mpl.rc_context(STYLE)
def tradeoff(networks: Sequence[Mapping[str, Any]]) -> str:
    """Draw pooled Dice of networks, with its interval, against the ms that each takes for a sheet."""
    figure, axes = _figure(len(networks))
    ordered = sorted(networks, key=lambda row: row["median_ms"])
    for colour, row in zip(mpl.colormaps["viridis"](np.linspace(0.05, 0.85, len(ordered))), ordered, strict=True):
        ends = np.abs(np.array(row["interval"]) - row["dice"])[:, None]
        axes.errorbar(
            row["median_ms"], row["dice"], yerr=ends, fmt="o", ms=8, color=colour, elinewidth=1.2, capsize=3,
            label=f"{row['network']}: {row['median_ms']:.0f} ms, {row['dice']:.2f}",
        )  # fmt: skip
    axes.set(xlabel="ms for a sheet", ylabel="pooled Dice", xlim=(0, 1.1 * ordered[-1]["median_ms"]), ylim=(0, 1))
    figure.legend(loc=BELOW)
    return _source(figure)


def _figure(rows: int = 0) -> tuple[Figure, Axes]:
    """Return an empty plot with room for the rows of a legend below it."""
    figure = Figure(figsize=(WIDTH, HEIGHT + ROW * rows))
    return figure, figure.add_subplot()


def _shares(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.03))


def _source(figure: Figure) -> str:
    """Return the figure as the address of an image, its data within."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
