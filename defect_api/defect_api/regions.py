"""From the two stored maps to measured defects at a threshold."""

from dataclasses import dataclass

from defect_api.card import PixelThreshold
from defect_api.labelling import Labelled, Labels, Mask, areas_of, label, runs_within
from defect_api.measurement import Cuts, measure
from defect_api.record import Defect, Scale
from defect_api.thresholds import Map, cut


@dataclass(frozen=True)
class Regions:
    """The defects at one threshold, largest first: their pixels and what they measure."""

    found: Labelled
    defects: list[Defect]

    @property
    def labels(self) -> Labels:
        """Return the number of each pixel's defect from 1, int32, H x W, 0 for none."""
        return self.found.labels

    @property
    def mask(self) -> Mask:
        """Return the pixels of all defects, bool, H x W."""
        return self.found.covered

    @property
    def area_fraction(self) -> float:
        """Return the share of the picture that is defective."""
        return sum(defect.area_px for defect in self.defects) / self.found.mask.size


def find_regions(
    q: Map, classes: Map, names: list[str], rule: PixelThreshold, threshold: float, scale: Scale | None = None
) -> Regions:
    """Find and measure the defects of a sheet.

    `q` is the 8-bit probability map and `classes` the class map, both uint8, H x W; `names` are the classes' names.
    Defects are what `label` finds by the card's rule. With a `scale` they are measured
    in mm too.
    """
    found = label(q, rule, threshold)
    if not found.count:
        return Regions(found, [])
    core = runs_within(q >= cut(min(threshold + rule.uncertainty, 1.0)), found)
    # what has a defect in it is large and plain enough
    loose = label(q, rule.model_copy(update={"min_peak": 0}), max(threshold - rule.uncertainty, 1 / 255))
    return Regions(found, measure(Cuts(q, found, core, loose), classes, names, scale))


def count_regions(q: Map, rule: PixelThreshold, threshold: float) -> tuple[int, int]:
    """Return how many defects `find_regions` would find at `threshold`, and their area in px."""
    areas = areas_of(q, rule, threshold)
    return len(areas), int(areas.sum())
