"""The types of the second contract's requests and answers; the OpenAPI document is made from them."""

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    field_validator,
    model_serializer,
    model_validator,
)

from defect_api.card import Card, OperatingPoints
from defect_api.chosen_threshold import GRAMMAR, Wish
from defect_api.exports.formats import FormatName
from defect_api.history.search import Filters, Ordering, Text
from defect_api.images import CONTENT_TYPES
from defect_api.judgement import Terms
from defect_api.parameters import Parameters
from defect_api.record import ModelFacts, Record, Scale


class TermsQuery(Parameters):
    """On which terms a sheet is to be judged."""

    threshold: Wish | None = Field(None, description=f"pixel threshold in place of the model's own: {GRAMMAR}")
    mm_per_px_x: float | None = Field(None, gt=0, le=1000, description="mm that a pixel measures along x")
    mm_per_px_y: float | None = Field(None, gt=0, le=1000, description="the same along y; send both or none")

    @model_validator(mode="after")
    def _both_or_none(self) -> "TermsQuery":
        if (self.mm_per_px_x is None) != (self.mm_per_px_y is None):
            raise ValueError("mm_per_px_x and mm_per_px_y must be sent together")
        return self

    @property
    def terms(self) -> Terms:
        """Return the terms."""
        scale = None
        if self.mm_per_px_x is not None and self.mm_per_px_y is not None:
            scale = Scale(mm_per_px_x=self.mm_per_px_x, mm_per_px_y=self.mm_per_px_y, source="requested")
        return Terms(self.threshold, scale)


class Options(TermsQuery):
    """How a sheet is to be inspected."""

    model: str | None = Field(None, max_length=100, description="<name> or <name>/<version>; must be in service")


class InspectionQuery(Options):
    """Options in the address; `filename` names a raw body."""

    filename: str | None = Field(None, max_length=1000, description="the client's name for a raw image body")


class StoredPicture(Options):
    """The JSON body: a picture that lies on the media volume."""

    filename: str = Field(max_length=1000, description="name on the media volume")


class InspectionPath(BaseModel):
    """The id in the address."""

    inspection_id: str = Field(max_length=100, description="id of an inspection")


class CurvePoint(BaseModel):
    """What a threshold would find."""

    threshold: float
    count: int = Field(description="defects")
    area_px: int


class Curve(BaseModel):
    """What each threshold would find, rising."""

    points: list[CurvePoint]


class PageQuery(Parameters):
    """A page of a listing."""

    limit: int = Field(50, ge=1, le=500, description="entries on the page")
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before")


class RecordQuery(PageQuery, Filters, Ordering):
    """A page of inspections."""


class ExportQuery(TermsQuery):
    """How an inspection is to be exported."""

    format: FormatName = Field(description="of which tool")
    originals: bool = Field(False, description="a ZIP with the pictures as they were received")
    rle: bool = Field(False, description="COCO only: every mask as a compressed RLE, not only those with holes")

    @model_validator(mode="after")
    def _rle_of_coco(self) -> "ExportQuery":
        if self.rle and self.format is not FormatName.COCO:
            raise ValueError("rle is an option of the format coco only")
        return self


class ExportSetQuery(ExportQuery, Filters):
    """How which inspections are to be exported."""


class ExportForm(ExportQuery):
    """How the inspections that a person ticked are to be exported."""

    id: list[Text] = Field(min_length=1, max_length=500, description="ids of inspections")


class ThumbnailQuery(Parameters):
    """Which version of a thumbnail is wanted."""

    v: str | None = Field(None, max_length=100, description="anything; an address that has it may be kept for good")


class StatisticsQuery(Filters):
    """Of which inspections, and whose days they are counted by."""

    zone: str = Field("UTC", max_length=100, description="IANA name of the time zone in which days begin")

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("there is no time zone of that name") from error

    @property
    def time_zone(self) -> ZoneInfo:
        """Return the zone."""
        return ZoneInfo(self.zone)


class ProblemDocument(BaseModel):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str = Field(description="a sentence for a person")
    instance: str
    request_id: str


class BatchResult(BaseModel):
    """The outcome of one part of a request with several."""

    status: int
    inspection: Record | None = None
    problem: ProblemDocument | None = None

    @model_serializer(mode="wrap")
    def _one_of_both(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in dump(self).items() if value is not None}


class Batch(BaseModel):
    """The outcomes of a request with several parts, in their order."""

    results: list[BatchResult]


class ModelEntry(BaseModel):
    """A model package that is there."""

    name: str
    version: str
    digest: str
    active: bool = Field(description="whether it is the one in service")
    card: Card


class ModelPath(BaseModel):
    """The name in the address."""

    model_name: str = Field(max_length=64, description="name of a model")


class ModelQuery(Parameters):
    """Which version of a model."""

    version: str | None = Field(None, max_length=32, description="default: the one in service, or else the newest")


class ModelOperatingPoints(OperatingPoints):
    """The operating points of a model, from its card."""

    name: str
    version: str
    digest: str


class ModelList(BaseModel):
    """The model packages, newest first."""

    items: list[ModelEntry]
    complaints: list[str] = Field(description="a sentence for each package that is not served though it was tried")


class Readiness(BaseModel):
    """A service that judges sheets."""

    status: Literal["ready"]
    model: ModelFacts = Field(description="the one in service, proven on its golden sheets")
    complaints: list[str] = Field(description="a sentence for each package that is not served though it was tried")


def problem_responses(*statuses: int) -> dict[int | str, Any]:
    """Return the OpenAPI responses for these statuses, each a problem document."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {status: {"content": {"application/problem+json": {"schema": schema}}} for status in statuses}


# what every route may answer; 429 comes from nginx
COMMON_RESPONSES = problem_responses(422, 429, 500)

# so many sheets of 1600 x 256 px are judged in time. Larger pictures are better sent one by one; of a request that took
# too long, what was judged is known when it is sent again
MAX_PICTURES = 100
BINARY = {"type": "string", "format": "binary"}
OPTION_FIELDS = {
    "threshold": TypeAdapter(Wish).json_schema(),
    "mm_per_px_x": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
    "mm_per_px_y": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
    "model": {"type": "string"},
}
INSPECTION_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {
                    "image": {"type": "array", "items": BINARY, "minItems": 1, "maxItems": MAX_PICTURES},
                    **OPTION_FIELDS,
                },
            }
        },
        **{content_type: {"schema": BINARY} for content_type in CONTENT_TYPES},
        "application/json": {"schema": StoredPicture.model_json_schema()},
    },
}
