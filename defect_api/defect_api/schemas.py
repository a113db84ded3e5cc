"""The types of the second contract's requests and answers; the OpenAPI document is made from them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from defect_api.card import Card
from defect_api.images import CONTENT_TYPES
from defect_api.record import Record


class Parameters(BaseModel):
    """The base of parameter sets: unknown names are refused, since they are most often misspelt ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(Parameters):
    """How a sheet is to be inspected."""

    threshold: float | None = Field(None, gt=0, le=1, description="pixel threshold in place of the model's own")
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


class ReplayQuery(Parameters):
    """How a stored inspection is to be shown."""

    threshold: float | None = Field(None, gt=0, le=1, description="judge the stored maps at this one instead")


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


class RecordQuery(PageQuery):
    """A page of inspections."""

    filename: str | None = Field(None, max_length=1000, description="only pictures that the client called so")


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


class ModelList(BaseModel):
    """The model packages, newest first."""

    items: list[ModelEntry]


def problem_responses(*statuses: int) -> dict[int | str, Any]:
    """Return the OpenAPI responses for these statuses, each a problem document."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {status: {"content": {"application/problem+json": {"schema": schema}}} for status in statuses}


BINARY = {"type": "string", "format": "binary"}
OPTION_FIELDS = {"threshold": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "model": {"type": "string"}}
INSPECTION_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {"image": {"type": "array", "items": BINARY, "minItems": 1}, **OPTION_FIELDS},
            }
        },
        **{content_type: {"schema": BINARY} for content_type in CONTENT_TYPES},
        "application/json": {"schema": StoredPicture.model_json_schema()},
    },
}
