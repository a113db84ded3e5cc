"""Exports of one inspection or of a filtered set, sent while they are made."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from defect_api.exports.export import Export, export_one, export_set
from defect_api.exports.format import Classes, Format
from defect_api.exports.formats import FORMATS, chosen
from defect_api.exports.sheet import Sheet
from defect_api.history.search import Filters, Ordering
from defect_api.inspection import Inspector
from defect_api.judgement import CARDS_OWN, Terms
from defect_api.media import MediaVolume
from defect_api.names import bare_name
from defect_api.parameters import refuse_repeated
from defect_api.problems import Busy, NotFound
from defect_api.record import Record
from defect_api.schemas import (
    COMMON_RESPONSES,
    ExportForm,
    ExportQuery,
    ExportSetQuery,
    InspectionPath,
    problem_responses,
)
from defect_api.state import state
from defect_api.stored import stored_file

BATCH = 200
# sheets of a set that are looked at before anything is sent, and their pixels: a second's work
CHECKED, CHECKED_PX = 500, 500 * 1600 * 256
# of the names that a sentence can hold
NAMED = 5
# a report is shown in the browser, and whatever it says it runs nothing and fetches nothing
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
SHOWN = ("text/html", "application/pdf", "image/png")
CONTENT_TYPES = sorted({form.content_type for form in FORMATS.values()} | {"application/zip"})
DOCUMENT, BYTES = {"type": "object"}, {"type": "string", "format": "binary"}
FILE = {"content": {name: {"schema": DOCUMENT if name == "application/json" else BYTES} for name in CONTENT_TYPES}}
# the exports that this process is sending: it must not be recycled under them, and they must leave threads to others
sending: set[object] = set()
MOST_SENT = 8

api = APIBlueprint(
    "exports",
    __name__,
    url_prefix="/v1",
    abp_tags=[Tag(name="exports")],
    abp_responses=COMMON_RESPONSES,
)


@api.before_request
def check_room() -> None:
    """Refuse an export, before anything is read for it, where too many are sent. Raises Busy."""
    if len(sending) >= MOST_SENT:
        raise Busy("Too many exports are on their way; please try again in a moment.")


@api.get(
    "/inspections/<inspection_id>/export",
    summary="Export an inspection to another tool",
    responses={200: FILE, **problem_responses(404, 409, 503)},
)
def export_inspection(path: InspectionPath, query: ExportQuery) -> Response:
    """A document; a ZIP where the format has several files or the original is wanted."""
    record = state().media.record(path.inspection_id)
    sheet = _sheet(record, query.terms, state().media, state().inspector)
    form = chosen(query.format, rle=query.rle, originals=query.originals)
    return _answer(export_one(form, sheet, _classes(record.model.digest), originals=query.originals))


@api.get(
    "/export",
    summary="Export the inspections that the filters want, newest first",
    responses={200: FILE, **problem_responses(409, 503)},
)
def export_inspections(query: ExportSetQuery) -> Response:
    """A document about all; a ZIP where the format has a file for each or the originals are wanted.

    Refused where a file of one of the newest (500 of 1600 x 256 px, fewer larger ones) is gone or damaged, where the
    card that numbers a class is gone, or where other terms are asked for and the card of a model is gone or cannot give
    them. What fails further on ends the body without its last chunk, and the log names the inspection.
    """
    return _export(query, query)


@api.post(
    "/export",
    summary="Export the inspections that are named, newest first",
    responses={200: FILE, **problem_responses(400, 404, 409, 413, 503)},
)
def export_named(form: ExportForm) -> Response:
    """What `GET` does, for more ids than an address can hold: a form, as pages send it."""
    refuse_repeated(request.form)
    wanted = Filters(id=form.id)
    found = {record.id for record in _records(wanted)}
    if missing := [identifier for identifier in form.id if identifier not in found]:
        more = f" or any of {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        named = ", ".join(f"'{bare_name(identifier)}'" for identifier in missing[:NAMED])
        raise NotFound(f"There is no inspection {named}{more}.")
    return _export(wanted, form)


def _export(filters: Filters, query: ExportQuery) -> Response:
    form = chosen(query.format, rle=query.rle, originals=query.originals)
    served = state().slot.card
    classes = _classes(served.digest if served else None)
    for record in chain(state().history.of_each_model(filters), _newest(_records(filters))):
        with suppress(NotFound):  # deleted meanwhile
            _check(record, query, form, classes)
    sheets = _begun(_sheets(_records(filters), query.terms, state().media, state().inspector))
    return _answer(export_set(form, sheets, classes, state().media if query.originals else None))


def _records(filters: Filters) -> Iterator[Record]:
    return (record for _, record in state().history.records(filters, Ordering(), BATCH, None, whole=True))


def _check(record: Record, query: ExportQuery, form: Format, classes: Classes) -> None:
    """Raise what would break the body off later."""
    if form.traces or query.terms != CARDS_OWN:
        state().inspector.check_replay(record, query.terms)
    if form.numbers:
        for defect in record.defects:
            classes.fixed(defect.type)
    if form.shows:
        with state().inspector.room.of(record.image.pixels):
            Sheet(record, state().media, state().inspector.room, replayed=query.terms != CARDS_OWN).ground()
    if query.originals:
        stored_file(state().media, record.id, record.files.original)


def _newest(records: Iterable[Record]) -> Iterator[Record]:
    pixels = 0
    for record in islice(records, CHECKED):
        yield record
        pixels += record.image.pixels
        if pixels >= CHECKED_PX:
            return


def _sheet(record: Record, terms: Terms, media: MediaVolume, inspector: Inspector) -> Sheet:
    if terms == CARDS_OWN:
        return Sheet(record, media, inspector.room)
    return Sheet(inspector.replay(record, terms), media, inspector.room, replayed=True)


def _sheets(records: Iterable[Record], terms: Terms, media: MediaVolume, inspector: Inspector) -> Iterator[Sheet]:
    for record in records:
        with suppress(NotFound):  # deleted meanwhile
            yield _sheet(record, terms, media, inspector)


def _begun(sheets: Iterator[Sheet]) -> Iterator[Sheet]:
    """Take the first sheet at once: before anything is sent it can be told that the index does not answer."""
    return chain(list(islice(sheets, 1)), sheets)


def _classes(first: str | None) -> Classes:
    """Return the classes of all cards, those of the model with the digest `first` before the others."""
    served = state().slot.card
    # of two with one digest, the one in service has judged
    cards = sorted(state().cards, key=lambda card: (card.digest != first, card != served))
    return Classes(name for card in cards for name in card.classes)


def _counted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    mark = object()
    sending.add(mark)
    try:
        yield from chunks
    finally:
        sending.discard(mark)


def _answer(export: Export) -> Response:
    # what fails at the very beginning is still told as a problem; later on, only a broken end can tell
    beginning = next(export.chunks)
    response = Response(_counted(chain([beginning], export.chunks)), content_type=export.content_type)
    shown = response.mimetype in SHOWN
    response.headers["Content-Disposition"] = f'{"inline" if shown else "attachment"}; filename="{export.filename}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    # nginx passes it on as it comes, rather than gather it on a disk that may be a small one in memory
    response.headers["X-Accel-Buffering"] = "no"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = POLICY
    return response
