"""What the viewer of a sheet is told beside the record: the model's rule, its operating points, the sheets next to it.

The page is right without any of it, only poorer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask_app import context
from flask_app.access_log import logger
from flask_app.client import NotFound, ServiceError
from flask_app.filters import Wanted
from flask_app.record import Model, Neighbours, OperatingPoint, OperatingPoints, Record
from flask_app.wording import media_url, version

Found = TypeVar("Found")

# a page of more rows is slow to open and nobody reads it; the record has them all
MOST_ROWS = 200
# of the slider's length: the names of two marks take about as much
APART = 0.36
RULE = {"value", "min_peak", "min_region_px", "join_px"}


@dataclass(frozen=True)
class Surroundings:
    """What is known of a record's model and list, as far as the service says it.

    `told` is whether it said which models it has: without a model, then, that model is gone.
    """

    model: Model | None
    told: bool
    points: OperatingPoints | None
    neighbours: Neighbours


def surroundings(record: Record, want: Wanted) -> Surroundings:
    """Ask the service for what stands around a record; what cannot be had is logged and left out."""
    client = context.client()
    models = _try(client.models)
    # how often it errs was measured on sheets that it can judge
    measured = record.verdict != "no_verdict"
    points = _try(lambda: client.operating_points(record.model)) if measured else None
    return Surroundings(
        model=_model_of(record, models or []),
        told=models is not None,
        # another version of the model misses other sheets
        points=points if points and points.digest == record.model.digest else None,
        neighbours=_try(lambda: client.neighbours(record.id, want.query)) or Neighbours(previous=None, next=None),
    )


def _model_of(record: Record, models: list[Model]) -> Model | None:
    """Return the model that a record was judged by, or else one of the same weights, as the REST service does."""
    used = record.model
    alike = [model for model in models if model.digest == used.digest]
    judged = (used.name, used.version)
    return max(alike, key=lambda model: ((model.name, model.version) == judged, model.active), default=None)


def facts(record: Record, around: Surroundings) -> dict[str, Any] | None:
    """Return what the viewer's script needs, or None where the threshold cannot be moved."""
    files, threshold = record.files, around.model and around.model.card.threshold
    if not (around.model and threshold and threshold.min_region_px and files.probability_map and files.class_map):
        return None
    return {
        "width": record.image.width,
        "height": record.image.height,
        "version": version(record),
        "threshold": record.threshold.value,
        "rule": threshold.model_dump(include=RULE),
        "class_names": around.model.card.classes,
        "scale": record.scale and record.scale.model_dump(),
        "files": {
            "picture": media_url(files.view or files.original),
            "probability": media_url(files.probability_map),
            "classes": media_url(files.class_map),
        },
        "replay": f"/api/v1/inspections/{record.id}",
        "points": [point.model_dump() for point in around.points.points] if around.points else [],
        "defects": [defect.model_dump() for defect in record.defects[:MOST_ROWS]],
        "most_rows": MOST_ROWS,
    }


def unmovable(around: Surroundings) -> str:
    """Say why the threshold cannot be moved, where `facts` has nothing to say: the end of a sentence."""
    if not around.told:
        return "the inspection service does not say right now which models it has. Load the page again in a moment."
    if around.model is None:
        return "the model that judged this sheet is not here any more."
    return "what that needs was not kept with this sheet."


def marks(record: Record, around: Surroundings) -> list[tuple[str, float]]:
    """Return the thresholds that the slider marks, each with its name."""
    card = around.model.card.threshold if around.model else None
    marked = [("Calibrated", card.value)] if card else []
    if record.threshold.method == "requested":
        marked.append(("As judged", record.threshold.value))
    if record.threshold.otsu and record.threshold.otsu.value is not None:
        marked.append(("Otsu's", record.threshold.otsu.value))
    return marked


def are_apart(marked: list[tuple[str, float]]) -> bool:
    """Tell whether the marks' names fit side by side on a wide screen: two, and far from each other."""
    values = [value for _, value in marked]
    return len(values) == 1 or (len(values) == 2 and max(values) - min(values) >= APART)


def expected(record: Record, around: Surroundings) -> OperatingPoint | None:
    """Return the operating point nearest to the record's threshold."""
    points = around.points.points if around.points else []
    return min(points, key=lambda point: abs(point.threshold - record.threshold.value), default=None)


def _try(ask: Callable[[], Found]) -> Found | None:
    try:
        return ask()
    except NotFound:
        return None
    except ServiceError as error:
        logger.warning("a sheet is shown with less beside it: %s", error)
        return None
