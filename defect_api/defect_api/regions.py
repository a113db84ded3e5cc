"""From the two stored maps to measured defects: connected regions, their type, extent, polygons and `±` figures."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.card import PixelThreshold
from defect_api.record import Defect, Ring, Scale
from defect_api.thresholds import Map, cut

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

# polygons are traced on a grid of half pixels and simplified by at most half a pixel
TRACE_SCALE = 2
SIMPLIFY_PX = 0.5


@dataclass(frozen=True)
class Regions:
    """The regions kept at one threshold: the mask of all (bool, H x W) and their measurements, largest first."""

    mask: Mask
    defects: list[Defect]

    @property
    def area_fraction(self) -> float:
        """Return the share of the picture that is defective."""
        return float(np.count_nonzero(self.mask)) / self.mask.size


@dataclass(frozen=True)
class _Cuts:
    """The map labelled at the threshold, and cut above and below it by the card's uncertainty."""

    q: Map
    labels: Labels
    strict: Mask
    scale: Scale | None
    loose_labels: Labels
    loose_boxes: NDArray[np.int64]
    loose_lengths: dict[int, float] = field(default_factory=dict)

    def loose_length(self, label: int) -> float:
        """Return the length of a region of the loose cut; many regions of the threshold may share one."""
        if label not in self.loose_lengths:
            region = self.loose_labels[_window(self.loose_boxes[label])] == label
            self.loose_lengths[label] = _extent(region)[0]
        return self.loose_lengths[label]


def find_regions(
    q: Map, classes: Map, names: list[str], rule: PixelThreshold, threshold: float, scale: Scale | None = None
) -> Regions:
    """Find and measure the defects of a sheet.

    `q` is the 8-bit probability map and `classes` the class map, both uint8, H x W; `names` are the classes' names.
    A defect is an 8-connected region of q >= ceil(255 x threshold) of at least `rule.min_region_px` pixels. With a
    `scale` it is measured in mm too.
    """
    labels, boxes = _label(q >= cut(threshold))
    kept = np.flatnonzero(boxes[:, cv2.CC_STAT_AREA] >= rule.min_region_px)
    kept = kept[kept != 0]
    kept = kept[np.argsort(-boxes[kept, cv2.CC_STAT_AREA], kind="stable")]
    if not kept.size:
        return Regions(np.zeros(q.shape, bool), [])
    loose_labels, loose_boxes = _label(q >= cut(max(threshold - rule.uncertainty, 1 / 255)))
    strict = q >= cut(min(threshold + rule.uncertainty, 1.0))
    cuts = _Cuts(q, labels, strict, scale, loose_labels, loose_boxes)
    shares = _class_shares(q, classes, labels, len(boxes), len(names))
    defects = [_measure(cuts, int(label), boxes[label], shares[label], names) for label in kept]
    wanted = np.zeros(len(boxes), bool)
    wanted[kept] = True
    return Regions(wanted[labels], defects)


def count_regions(q: Map, rule: PixelThreshold, threshold: float) -> tuple[int, int]:
    """Return how many defects `find_regions` would find at `threshold`, and their area in px."""
    _, boxes = _label(q >= cut(threshold))
    areas = boxes[1:, cv2.CC_STAT_AREA]
    kept = areas[areas >= rule.min_region_px]
    return len(kept), int(kept.sum())


def _label(mask: Mask) -> tuple[Labels, NDArray[np.int64]]:
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    return np.asarray(labels, np.int32), np.asarray(boxes, np.int64)


def _class_shares(q: Map, classes: Map, labels: Labels, regions: int, count: int) -> NDArray[np.float64]:
    """Return, for each region, the probability-weighted share of its pixels that each class has."""
    inside = np.flatnonzero(labels)
    flat = labels.ravel()[inside] * count + classes.ravel()[inside]
    sums = np.bincount(flat, weights=q.ravel()[inside], minlength=regions * count).reshape(regions, count)
    return np.asarray(sums / np.maximum(sums.sum(1, keepdims=True), 1), np.float64)


def _measure(cuts: _Cuts, label: int, box: NDArray[np.int64], shares: NDArray[np.float64], names: list[str]) -> Defect:
    x, y, width, height, area = (int(value) for value in box)
    window = _window(box)
    region = cuts.labels[window] == label
    values = cuts.q[window][region]
    core = region & cuts.strict[window]
    around = int(cuts.loose_labels[window][region][0])
    length, breadth, orientation = _extent(region)
    # a smaller region may have a longer rectangle
    lengths = (_extent(core)[0], length, cuts.loose_length(around))
    likeliest = int(np.argmax(shares))
    rows, columns = cuts.labels.shape
    return Defect(
        type=names[likeliest],
        type_probability=round(float(shares[likeliest]), 4),
        mean_probability=round(float(values.mean()) / 255, 4),
        max_probability=round(float(values.max()) / 255, 4),
        area_px=area,
        area_px_range=(int(np.count_nonzero(core)), int(cuts.loose_boxes[around, cv2.CC_STAT_AREA])),
        box=(x, y, width, height),
        length_px=length,
        length_px_range=(min(lengths), max(lengths)),
        width_px=breadth,
        orientation_deg=orientation,
        **_millimetres(region, area, cuts.scale),
        edge_distance_px=min(x, y, columns - x - width, rows - y - height),
        polygons=[_polygon(region, x, y)],
    )


def _window(box: NDArray[np.int64]) -> tuple[slice, slice]:
    x, y, width, height = (int(value) for value in box[:4])
    return slice(y, y + height), slice(x, x + width)


def _millimetres(region: Mask, area: int, scale: Scale | None) -> dict[str, float | None]:
    if scale is None:
        return {"area_mm2": None, "length_mm": None, "width_mm": None}
    length, width, _ = _extent(region, (scale.mm_per_px_x, scale.mm_per_px_y))
    return {"area_mm2": round(area * scale.mm_per_px_x * scale.mm_per_px_y, 3), "length_mm": length, "width_mm": width}


def _extent(region: Mask, step: tuple[float, float] = (1, 1)) -> tuple[float, float, float]:
    """Return length, width and orientation (degrees in [0, 180)) of the minimum-area rectangle of the pixels.

    `step` is what a pixel measures along x and y; length and width are in its unit.
    """
    rows, columns = np.nonzero(region)
    if not rows.size:
        return 0.0, 0.0, 0.0
    centres = cv2.convexHull(np.column_stack([columns, rows]).astype(np.int32)).reshape(-1, 2).astype(np.float32)
    # a pixel is a square, not its centre: its four corners take part
    steps = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], np.float32)
    corners = (centres[:, None, :] + steps).reshape(-1, 2) * np.array(step, np.float32)
    points = cv2.boxPoints(cv2.minAreaRect(corners))
    sides = np.diff(points[:3], axis=0)
    lengths = np.hypot(*sides.T)
    along = sides[int(np.argmax(lengths))]
    # y points down in the picture, and angles are read anticlockwise
    degrees = round(float(np.degrees(np.arctan2(-along[1], along[0]))) % 180, 1) % 180
    return round(float(lengths.max()), 1), round(float(lengths.min()), 1), degrees


def _polygon(region: Mask, x: int, y: int) -> list[Ring]:
    """Trace one region: its outer ring and its holes, closed, in the picture's px, a quarter pixel inside its edge."""
    size = (region.shape[1] * TRACE_SCALE, region.shape[0] * TRACE_SCALE)
    enlarged = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    outlines, hierarchy = cv2.findContours(enlarged, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    simplified = [cv2.approxPolyDP(outline, SIMPLIFY_PX * TRACE_SCALE, closed=True) for outline in outlines]
    outer = int(np.flatnonzero(hierarchy[0][:, 3] < 0)[0])
    # a region one pixel wide would be simplified to nothing
    outline = simplified[outer] if len(simplified[outer]) >= 3 else outlines[outer]
    holes = [hole for index, hole in enumerate(simplified) if index != outer and len(hole) >= 3]
    return [_ring(ring, x, y) for ring in (outline, *holes)]


def _ring(outline: cv2.typing.MatLike, x: int, y: int) -> Ring:
    points = (outline.reshape(-1, 2) + 0.5) / TRACE_SCALE + (x, y)
    ring = [(round(float(px), 2), round(float(py), 2)) for px, py in points]
    return [*ring, ring[0]]
