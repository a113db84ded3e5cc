"""What defects measure: class, probabilities, extent along their own axes, `±` figures and polygons."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.labelling import Labelled, Mask, Points, Runs
from defect_api.record import Defect, Ring, Scale
from defect_api.thresholds import Map

# polygons are traced on a grid of half pixels and simplified, by so little that no ring crosses itself: of 237,000
# outlines of noise, slanted lines and ellipses none did, and at 0.45 px 41
TRACE_SCALE = 2
SIMPLIFY_PX = 0.4


@dataclass(frozen=True)
class Cuts:
    """A probability map (uint8, H x W): its defects, and what the card's uncertainty makes of them.

    `core` has those pixels of each defect that are above the threshold raised by it; `loose` are the defects of the
    threshold lowered by it.
    """

    q: Map
    defects: Labelled
    core: Runs
    loose: Labelled


def measure(cuts: Cuts, classes: Map, names: list[str], scale: Scale | None) -> list[Defect]:
    """Measure all defects, in their order; with a `scale` in mm too.

    `classes` is the class map (uint8, H x W), `names` are the names of its values.
    """
    kinds = _kinds(cuts, classes, names)
    sizes = _sizes(cuts, scale)
    boxes = cuts.defects.runs.boxes.tolist()
    return [
        Defect(**kind, **size, **_place(cuts, number, box))
        for number, (kind, size, box) in enumerate(zip(kinds, sizes, boxes, strict=True), 1)
    ]


def _kinds(cuts: Cuts, classes: Map, names: list[str]) -> Iterator[dict[str, Any]]:
    """Yield each defect's class by the sums of its pixels' probabilities, their mean and the highest."""
    areas, pixels = cuts.defects.runs.areas, cuts.defects.pixels
    values, kinds, first = cuts.q.ravel()[pixels], classes.ravel()[pixels], np.cumsum(areas) - areas
    of_each = [np.add.reduceat(values * (kinds == kind), first, dtype=np.int64) for kind in range(len(names))]
    sums = np.column_stack(of_each)
    totals, likeliest = sums.sum(axis=1), sums.argmax(axis=1)
    highest = np.maximum.reduceat(values, first)
    for index, best in enumerate(likeliest.tolist()):
        yield {
            "type": names[best],
            "type_probability": round(float(sums[index, best] / totals[index]), 4),
            "mean_probability": round(float(totals[index] / areas[index]) / 255, 4),
            "max_probability": round(float(highest[index]) / 255, 4),
        }


def _sizes(cuts: Cuts, scale: Scale | None) -> Iterator[dict[str, Any]]:
    """Yield each defect's extent, and its range between the core and what the defect is part of at the loose cut."""
    found, loose = cuts.defects.runs, cuts.loose.runs
    first = found.offsets[:-1]
    around = (cuts.loose.numbers_at(found.rows[first], found.starts[first]) - 1).tolist()
    lengths = {part: _extent(loose.corners(part))[0] for part in set(around)}
    areas = zip(found.areas.tolist(), cuts.core.areas.tolist(), loose.areas[around].tolist(), strict=True)
    for index, (area, least_area, most_area) in enumerate(areas):
        corners = found.corners(index)
        length, width, orientation = _extent(corners)
        # a smaller region may have a longer rectangle
        candidates = (_extent(cuts.core.corners(index))[0], length, lengths[around[index]])
        yield {
            "area_px": area,
            "area_px_range": (least_area, most_area),
            "length_px": length,
            "length_px_range": (min(candidates), max(candidates)),
            "width_px": width,
            "orientation_deg": orientation,
            **_millimetres(corners, area, scale),
        }


def _place(cuts: Cuts, number: int, box: tuple[int, int, int, int]) -> dict[str, Any]:
    """Return where a defect is."""
    x, y, width, height = box
    rows, columns = cuts.q.shape
    return {
        "box": box,
        "edge_distance_px": min(x, y, columns - x - width, rows - y - height),
        "polygons": _polygons(cuts.defects.within(number, box), x, y),
    }


def _millimetres(corners: Points, area: int, scale: Scale | None) -> dict[str, float | None]:
    if scale is None:
        return {"area_mm2": None, "length_mm": None, "width_mm": None}
    on_sheet = np.multiply(corners, (scale.mm_per_px_x, scale.mm_per_px_y), dtype=np.float32)
    length, width, _ = _extent(on_sheet, scale.decimals)
    area_mm2 = round(area * scale.mm_per_px_x * scale.mm_per_px_y, 2 * scale.decimals + 1)
    return {"area_mm2": area_mm2, "length_mm": length, "width_mm": width}


def _extent(corners: Points | NDArray[np.float32], decimals: int = 1) -> tuple[float, float, float]:
    """Return length, width and orientation (degrees in [0, 180)) of the points' minimum-area rectangle.

    Lengths are rounded to `decimals`.
    """
    if not corners.size:
        return 0.0, 0.0, 0.0
    _, (side, other), turn = cv2.minAreaRect(corners)
    # `turn` is that of `side`, clockwise as seen since y points down; orientations are read anticlockwise
    degrees = -turn if side >= other else -turn - 90
    return round(max(side, other), decimals), round(min(side, other), decimals), round(degrees % 180, 1) % 180


def _polygons(region: Mask, x: int, y: int) -> list[list[Ring]]:
    """Trace the fragments of a defect, each its outer ring and its holes, in the picture's px.

    Rings are closed and lie a quarter pixel within the edge of the pixels.
    """
    # a pixel's byte twice in 16 bits is two pixels side by side, far faster than cv2.resize
    enlarged = np.repeat(np.multiply(region, 0x0101, dtype=np.uint16), TRACE_SCALE, axis=0).view(np.uint8)
    corner = (x * TRACE_SCALE, y * TRACE_SCALE)
    outlines, hierarchy = cv2.findContours(enlarged, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=corner)
    parents = hierarchy[0][:, 3].tolist()
    fragments: dict[int, list[Ring]] = {}
    # outer outlines first: they have no parent, which is told by -1
    for number in sorted(range(len(outlines)), key=parents.__getitem__):
        owner = number if parents[number] < 0 else parents[number]
        fragments.setdefault(owner, []).append(_ring(outlines[number]))
    return list(fragments.values())


def _ring(outline: cv2.typing.MatLike) -> Ring:
    simplified = cv2.approxPolyDP(outline, SIMPLIFY_PX * TRACE_SCALE, closed=True)
    # what is one pixel wide would be simplified to nothing
    kept = simplified if len(simplified) >= 3 else outline
    points = ((kept.reshape(-1, 2) + 0.5) / TRACE_SCALE).tolist()
    return [*points, points[0]]  # lists, of which the record makes its tuples
