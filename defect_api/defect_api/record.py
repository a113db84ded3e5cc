"""The record of an inspection: the JSON document that the service answers and stores. Its shape is a contract."""

import math
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# what no clock says, and statistics by the year could not hold
YEARS = range(1970, 2400)
MOST_PX = 1 << 40  # of a region, far beyond any picture's


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError(f"a time with its offset, of {YEARS[0]} to {YEARS[-1]}, is needed")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
Probability = float
Ring = list[tuple[float, float]]


def rfc3339(moment: datetime) -> str:
    """Return an aware time in UTC as RFC 3339 writes it, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Part(BaseModel):
    """The base of what is written for this version, such as a card: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordPart(BaseModel):
    """The base of a record's parts: immutable; what a later version added is passed over, and stays in the file."""

    model_config = ConfigDict(frozen=True)


class ImageFacts(RecordPart):
    """The picture that was judged."""

    filename: str = Field(description="the client's own name for the picture, without folders")
    sha256: str = Field(description="digest of the bytes as received, hexadecimal")
    width: int = Field(description="px, after EXIF orientation")
    height: int = Field(description="px, after EXIF orientation")
    bytes: int

    @property
    def pixels(self) -> int:
        """Return how many pixels it has."""
        return self.width * self.height


class ModelFacts(RecordPart):
    """The model that judged it."""

    name: str
    version: str
    digest: str = Field(description="sha256:<hex> of the package's model.keras")
    engine: str
    precision: str


class Reason(RecordPart):
    """Why a sheet got no verdict."""

    code: str = Field(description="stable, for machines")
    message: str = Field(description="a sentence for a person")


class Otsu(RecordPart):
    """Otsu's threshold of the probability map, used only where asked for and meaningful: it splits clean sheets too."""

    value: Probability | None = Field(description="null where all pixels are alike")
    separability: float = Field(ge=0, le=1, description="between-class variance over total variance (Otsu 1979)")
    meaningful: bool | None = Field(
        None, description="whether that is enough to mean anything; null in records of earlier versions"
    )


class Threshold(RecordPart):
    """The pixel threshold that made the mask."""

    value: Probability
    method: Literal["calibrated", "otsu", "requested"] = Field(
        description="`calibrated`: the card's own; `requested`: a number, or by consequence"
    )
    otsu: Otsu
    requested: str | None = Field(None, description="what the client asked for, in its words")
    note: str | None = Field(None, description="a sentence on what came of that: its promise, or why it is not used")


class Similarity(RecordPart):
    """How like the training data the sheet is; above the limit it gets no verdict."""

    score: float
    limit: float


Verdict = Literal["defect", "clean", "no_verdict"]
Statistic = Literal["strip_share", "brightness", "saturated_share", "texture", "sharpness"]


class Condition(RecordPart):
    """A statistic of the picture with the limits beyond which it gets no verdict; null where there is none."""

    name: Statistic
    value: float | None
    low: float | None
    high: float | None


class Scale(RecordPart):
    """What one pixel measures on the sheet."""

    mm_per_px_x: float = Field(gt=0)
    mm_per_px_y: float = Field(gt=0)
    source: Literal["configured", "requested"] | None = Field(
        None, description="the service's own, or sent by a client; null in records of earlier versions"
    )

    @property
    def decimals(self) -> int:
        """Return with how many decimals lengths in mm are told: to the power of ten nearest to a tenth of a pixel.

        It is 1 at least, as for a scale of about 1 mm per px and coarser ones.
        """
        return max(1, 1 - round(math.log10(min(self.mm_per_px_x, self.mm_per_px_y))))


class Defect(RecordPart):
    """A connected region of the mask, or several that the card's rule joins (its `threshold.join_px`): its fragments.

    Pixel (0, 0) covers the square from (0, 0) to (1, 1); x right, y down.
    """

    type: str = Field(description="the class with the largest probability-weighted share of its pixels")
    type_probability: Probability = Field(description="that share")
    mean_probability: Probability
    max_probability: Probability = Field(description="highest value of the stored 8-bit map within it")
    area_px: int = Field(ge=0, le=MOST_PX)
    area_px_range: tuple[int, int] = Field(description="area when the threshold moves by the card's uncertainty")
    box: tuple[int, int, int, int] = Field(description="x, y, width, height")
    length_px: float = Field(description="long side of the minimum-area rectangle of all its pixels")
    length_px_range: tuple[float, float] = Field(description="least and largest length when it moves likewise")
    width_px: float = Field(description="short side of the minimum-area rectangle")
    orientation_deg: float = Field(ge=0, lt=180, description="long side against the x axis, anticlockwise as seen")
    area_mm2: float | None = Field(description="null where the record has no scale")
    length_mm: float | None = Field(
        description="of the minimum-area rectangle on the sheet, not in the picture; to about a tenth of a pixel"
    )
    width_mm: float | None
    edge_distance_px: int = Field(description="from the box to the nearest edge of the picture")
    polygons: list[list[Ring]] = Field(
        description="GeoJSON MultiPolygon coordinates: [[outer ring, hole, ...], ...], one polygon for each fragment"
    )


class Files(RecordPart):
    """Names on the media volume; those that a later version added are deleted with the others."""

    model_config = ConfigDict(extra="allow")

    original: str
    view: str | None = Field(
        description="an upright PNG in place of an original that browsers do not show, or may show turned"
    )
    overlay: str
    probability_map: str
    class_map: str

    def names(self) -> list[str]:
        """Return the names of the files that are there."""
        return [name for name in self.model_dump().values() if isinstance(name, str)]


class Timings(RecordPart):
    """How long each stage took, in milliseconds; files go to the disk beside them."""

    decode: float
    predict: float
    regions: float
    overlay: float
    store: float
    total: float


class Record(RecordPart):
    """One inspection: one run of one model over one sheet."""

    id: str
    created_at: Moment = Field(description="UTC, RFC 3339")
    schema_version: Literal[1] = Field(1, description="another where what this version knows means something else")
    image: ImageFacts
    model: ModelFacts
    verdict: Verdict
    reasons: list[Reason] = Field(description="why there is no verdict; empty otherwise")
    defect_probability: Probability = Field(description="calibrated, that the sheet has any defect")
    max_probability: Probability = Field(description="highest pixel of the probability map")
    threshold: Threshold
    similarity: Similarity | None
    conditions: list[Condition] = Field([], description="how the picture was taken; empty where the card has no limits")
    defects: list[Defect] = Field(description="largest first")
    defect_area_fraction: float
    scale: Scale | None
    files: Files
    timings_ms: Timings
