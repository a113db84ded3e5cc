"""One inspection from bytes to published record. Knows nothing of HTTP."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from defect_api.card import Card
from defect_api.chosen_threshold import check
from defect_api.conditions import Observed
from defect_api.images import FORMATS, Picture, check_declared, decode, pixels_of
from defect_api.judgement import CARDS_OWN, Judgement, Terms, judge
from defect_api.media import MediaVolume
from defect_api.metrics import HELD, count_inspection
from defect_api.model_package import known_cards
from defect_api.names import bare_name, inspection_id
from defect_api.overlay import encode_overlay
from defect_api.places import Places, shared
from defect_api.png import encode_png
from defect_api.problems import Busy, Conflict, NotFound
from defect_api.record import Files, ImageFacts, Record, Scale, Timings, rfc3339
from defect_api.regions import count_regions
from defect_api.room import Room
from defect_api.served_model import ModelSlot, ServedModel, SheetMaps
from defect_api.settings import Settings
from defect_api.stored import stored_map
from defect_api.thresholds import Map

# every fifth of the 255 thresholds that an 8-bit map can tell apart
CURVE_STEP = 5
KEY_DIGITS = 15  # of a digest, hexadecimal: as many as a key of 63 bits holds


@dataclass(frozen=True)
class Upload:
    """A picture as a client sent it: its bytes, its bare file name, the content type it was declared to have."""

    data: bytes
    filename: str
    declared_type: str | None = None

    @cached_property
    def sha256(self) -> str:
        """Return the digest of the bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def id(self) -> str:
        """Return the id of the inspection of this picture."""
        return inspection_id(self.filename, self.sha256)

    @property
    def key(self) -> int:
        """Return a number of at most 63 bits that stands for the id."""
        return int(hashlib.sha256(self.id.encode()).hexdigest()[:KEY_DIGITS], 16)


@dataclass
class _Stopwatch:
    """Milliseconds by stage of one inspection."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.stages[name] = round((time.perf_counter() - begin) * 1000, 2)

    def timings(self) -> Timings:
        return Timings(**self.stages, total=round((time.perf_counter() - self.started) * 1000, 2))


class Inspector:
    """Inspects sheets, at most `queue` at a time in all processes; the segmenter bounds what is predicted at once."""

    def __init__(
        self,
        media: MediaVolume,
        slot: ModelSlot,
        settings: Settings,
        published: Callable[[Record], object] = lambda _record: None,
    ) -> None:
        """Write to `media` what the model in `slot` says, and tell `published` of each record that is there."""
        self._published = published
        self._media = media
        self._slot = slot
        self._models_dir = settings.models_dir
        self._scale = settings.scale
        self._places = Places(settings.queue, shared("inspections"))
        self.room = Room()

    def inspect(self, upload: Upload, terms: Terms = CARDS_OWN) -> tuple[Record, bool]:
        """Inspect a picture; return its record, and whether it is new.

        The stored record is always the one at the card's threshold: another is a question, answered as a replay of its
        maps. A scale is a fact about the picture: the record keeps the one that was sent last, and is made anew for it.
        Raises PictureRefused, Unprocessable, Conflict, Busy, NotReady, MediaFull and MediaReadOnly; with a threshold
        what `replay` raises.
        """
        model = self._slot.model
        check(terms.threshold, model.package.card)
        record, new = self._known(upload), False
        if record is None or not self._holds(record, model, terms.scale):
            record, new = self._renewed(model, upload, terms.scale)
        return (record if terms.threshold is None else self.replay(record, terms)), new

    def inspect_stored(self, name: str, terms: Terms = CARDS_OWN) -> tuple[Record, bool]:
        """Inspect a picture that lies on the media volume; an inspection's original is that inspection.

        Raises NotFound, FileUnreadable, and what `inspect` raises.
        """
        data = self._media.read(name)
        record = self._of_original(name)
        return self.inspect(Upload(data, record.image.filename if record else bare_name(name)), terms)

    def stored_maps(self, record: Record) -> tuple[Map, Map]:
        """Return the stored probability map and class map, each uint8, H x W. Raises as `stored_map`."""
        return (
            stored_map(self._media, record, record.files.probability_map),
            stored_map(self._media, record, record.files.class_map),
        )

    def check_replay(self, record: Record, terms: Terms) -> None:
        """Raise what `replay` would raise, without judging; on the card's own terms only the maps are needed."""
        if terms != CARDS_OWN:
            check(terms.threshold, self._card(record))
        with self.room.of(record.image.pixels):
            self.stored_maps(record)

    def replay(self, record: Record, terms: Terms) -> Record:
        """Judge the stored maps of `record` on other terms; no model runs and nothing is stored.

        Raises Conflict where the card of the record's model is gone or a map is gone or damaged, NotFound where the
        inspection was deleted, Unprocessable for a threshold that the card cannot give, and Busy.
        """
        with self.room.of(record.image.pixels):
            judgement = judge(
                *self.stored_maps(record),
                self._card(record),
                replace(terms, scale=terms.scale or record.scale),
                Observed(record.conditions, record.similarity),
            )
        return record.model_copy(update=_judged(judgement))

    def curve(self, record: Record) -> list[tuple[float, int, int]]:
        """Return threshold, number of defects and their area in px, over the thresholds that the 8-bit map can tell.

        Raises what `replay` raises.
        """
        rule = self._card(record).threshold
        thresholds = [value / 255 for value in range(CURVE_STEP, 256, CURVE_STEP)]
        with self.room.of(record.image.pixels):
            q, _ = self.stored_maps(record)
            return [(threshold, *count_regions(q, rule, threshold)) for threshold in thresholds]

    def _scale_of(self, record: Record | None) -> Scale | None:
        """Return the scale of a picture that comes without one: the one that it came with before, or the configured."""
        kept = record.scale if record else None
        return kept if kept and kept.source == "requested" else self._scale

    def _card(self, record: Record) -> Card:
        """Return the card that a record was judged by, or else one of the same weights."""
        served = self._slot.card
        if served and _is_by(record, served):
            return served
        alike = [card for card in known_cards(self._models_dir, served) if card.digest == record.model.digest]
        if alike:
            return max(alike, key=lambda card: (_is_by(record, card), card == served))
        raise Conflict(
            f"The model {record.model.name}/{record.model.version} that judged '{record.id}' is no longer there, and "
            "with it the rules to judge it again."
        )

    def _known(self, upload: Upload) -> Record | None:
        try:
            record = self._media.record(upload.id)
        except NotFound:
            return None
        if record.image.sha256 != upload.sha256:
            raise Conflict(f"Another picture is already known as '{upload.id}'.")
        # a picture's answer does not depend on whether it is known
        suffix = Path(record.files.original).suffix
        check_declared(upload.declared_type, FORMATS.get(suffix, suffix))
        return record

    def _holds(self, record: Record, model: ServedModel, sent: Scale | None) -> bool:
        """Tell whether a picture's record is by this model and in the scale that it is to be in."""
        card, scale = model.package.card, sent or self._scale_of(record)
        # weights stay where only their card is changed
        return _is_by(record, card) and record.threshold.value == card.threshold.value and record.scale == scale

    def _renewed(self, model: ServedModel, upload: Upload, sent: Scale | None) -> tuple[Record, bool]:
        with self._place(), self._places.alone(upload.key):
            # who sent the same picture at the same time may have been first
            known = self._known(upload)
            if known and self._holds(known, model, sent):
                return known, False
            with self.room.of(pixels_of(upload.data)):
                return self._run(model, upload, sent or self._scale_of(known)), known is None

    def _of_original(self, name: str) -> Record | None:
        try:
            record = self._media.record(name.rpartition(".")[0])
        except NotFound:
            return None
        return record if record.files.original == name else None

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._places.hold() as free:
            if not free:
                raise Busy("The service is busy with as many sheets as it may hold; please try again in a moment.")
            with HELD.track_inprogress():
                yield

    def _run(self, model: ServedModel, upload: Upload, scale: Scale | None) -> Record:
        watch = _Stopwatch()
        with watch.stage("decode"):
            picture = decode(upload.data, upload.declared_type)
        with self._media.publication() as files:
            names = _file_names(upload.id, picture)
            # it goes to the disk while the network runs
            files.stage(names.original, upload.data)
            with watch.stage("predict"):
                maps = model.maps(picture.grey)
            with watch.stage("regions"):
                judgement = judge(maps.q, maps.classes, model.package.card, Terms(scale=scale), maps.observed)
            with watch.stage("overlay"):
                files.stage(names.overlay, encode_overlay(picture.grey, judgement.regions.mask))
            with watch.stage("store"):
                if names.view:
                    files.stage(names.view, encode_png(picture.grey))
                files.stage(names.probability_map, encode_png(maps.q))
                files.stage(names.class_map, encode_png(maps.classes))
            record = _record(model, upload, picture, maps, judgement, watch.timings())
            files.stage(f"{record.id}.json", record.model_dump_json().encode())
            files.appear()
            # meanwhile the disk makes sure of the names
            count_inspection(record)
            self._published(record)
        return record


def _is_by(record: Record, card: Card) -> bool:
    judged = record.model
    return (judged.name, judged.version, judged.digest) == (card.name, card.version, card.digest)


def _record(
    model: ServedModel, upload: Upload, picture: Picture, maps: SheetMaps, judgement: Judgement, timings: Timings
) -> Record:
    height, width = picture.grey.shape
    return Record(
        id=upload.id,
        created_at=rfc3339(datetime.now(UTC)),
        image=ImageFacts(
            filename=upload.filename, sha256=upload.sha256, width=width, height=height, bytes=len(upload.data)
        ),
        model=model.facts,
        max_probability=maps.max_probability,
        similarity=maps.observed.similarity,
        conditions=maps.observed.conditions,
        files=_file_names(upload.id, picture),
        timings_ms=timings,
        **_judged(judgement),
    )


def _judged(judgement: Judgement) -> dict[str, Any]:
    """Return the fields of a record that depend on the terms."""
    return {
        "verdict": judgement.verdict,
        "reasons": judgement.reasons,
        "defect_probability": judgement.defect_probability,
        "threshold": judgement.threshold,
        "scale": judgement.scale,
        "defects": judgement.regions.defects,
        "defect_area_fraction": judgement.regions.area_fraction,
    }


def _file_names(identifier: str, picture: Picture) -> Files:
    return Files(
        original=identifier + picture.extension,
        view=None if picture.viewable else f"{identifier}_view.png",
        overlay=f"{identifier}_overlay.png",
        probability_map=f"{identifier}_prob.png",
        class_map=f"{identifier}_class.png",
    )
