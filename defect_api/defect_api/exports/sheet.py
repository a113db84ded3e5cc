"""An inspection as the exports see it: its record, and pixel by pixel what its stored maps say."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.labelling import Labels, Mask
from defect_api.media import MediaVolume
from defect_api.overlay import draw_overlay
from defect_api.problems import Conflict, NotFound
from defect_api.record import Defect, Record, Ring
from defect_api.room import Room
from defect_api.stored import stored_file, stored_map, stored_original
from defect_api.thresholds import cut

log = logging.getLogger(__name__)
Rendered = TypeVar("Rendered")


@dataclass(frozen=True)
class Sheet:
    """A record, stored or replayed on other terms, with the volume that its files lie on and room to read them."""

    record: Record
    media: MediaVolume
    room: Room
    replayed: bool = False

    @property
    def picture(self) -> str:
        """Return the name of the original, unique and the same everywhere; never the client's."""
        return self.record.files.original

    @property
    def numbered(self) -> Iterator[tuple[int, Defect]]:
        """Return the defects with their numbers in `labels`."""
        return enumerate(self.record.defects, 1)

    @cached_property
    def labels(self) -> Labels:
        """Return the number of the defect that each pixel belongs to, int32, H x W, 0 where the sheet is sound.

        A defect has one region or several of the stored map at the record's threshold; of each it has a polygon, and a
        vertex of that tells the region.
        Raises NotFound where the inspection was deleted, and Conflict where the map is gone, damaged, or not the one
        that the record was made from.
        """
        q = stored_map(self.media, self.record, self.record.files.probability_map)
        above = (q >= cut(self.record.threshold.value)).view(np.uint8)
        count, regions = cv2.connectedComponents(above, connectivity=8, ltype=cv2.CV_32S)
        numbers = np.zeros(count, np.int32)
        for number, defect in self.numbered:
            vertices = [polygon[0][0] for polygon in defect.polygons]
            numbers[[regions[int(y), int(x)] for x, y in vertices]] = number
        labels = np.asarray(numbers[regions], np.int32)
        areas = np.bincount(labels.ravel(), minlength=len(self.record.defects) + 1)[1:]
        if areas.tolist() != [defect.area_px for defect in self.record.defects]:
            raise Conflict(f"The stored map of '{self.record.id}' is not the one that its record was made from.")
        return labels

    def window(self, number: int) -> Mask:
        """Return the pixels of a defect, bool, within its box."""
        x, y, width, height = self.record.defects[number - 1].box
        return np.asarray(self.labels[y : y + height, x : x + width] == number, bool)

    def overlay(self) -> NDArray[np.uint8]:
        """Return the picture with the defects' outline, uint8, H x W x 3, BGR. Raises as `labels` and `ground`."""
        ground = self.ground()
        return draw_overlay(ground, self.labels > 0) if self.replayed else ground

    def ground(self) -> NDArray[np.uint8]:
        """Return the stored picture that `overlay` begins with: the overlay itself, or the original where replayed.

        The original is grey, uint8, H x W. Raises NotFound where the inspection was deleted, and Conflict where the
        picture is gone or damaged.
        """
        if self.replayed:
            return stored_original(self.media, self.record)
        stored = stored_file(self.media, self.record.id, self.record.files.overlay)
        overlay = cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_COLOR) if stored else None
        if overlay is None:
            raise Conflict(f"The stored overlay of '{self.record.id}' is damaged.")
        return np.asarray(overlay, np.uint8)


def only_ring(defect: Defect) -> Ring | None:
    """Return the outline of a defect of one part without holes, not closed; None for every other."""
    match defect.polygons:
        case [[ring]]:
            return ring[:-1]
    return None


def rendered(sheets: Iterable[Sheet], render: Callable[[Sheet], Rendered]) -> Iterator[tuple[Sheet, Rendered]]:
    """Yield what `render` makes of each sheet, leaving out those whose files are deleted meanwhile."""
    for sheet in sheets:
        try:
            with sheet.room.of(sheet.record.image.pixels):
                # what the copy keeps of the pixels goes with it, however slowly the answer is read
                made = render(replace(sheet))
        except NotFound as gone:
            log.warning("%s is not exported: %s", sheet.record.id, gone.detail)
        else:
            yield sheet, made
