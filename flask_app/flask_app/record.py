"""What the REST service answers, as the site reads it: records, media files and model cards. No HTTP here."""

import math
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Verdict = Literal["defect", "clean", "no_verdict"]
Range = tuple[float, float]
# below it, a sheet with such a picture is more often sound than not
EVEN = 0.5


class Answer(BaseModel):
    """Be the base of every answer: frozen, and blind to fields that a newer service may add."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Image(Answer):
    """Describe the sheet as it was uploaded."""

    filename: str
    sha256: str
    width: int
    height: int
    bytes: int


class ModelUsed(Answer):
    """Name the model that judged."""

    name: str
    version: str
    digest: str
    engine: str
    precision: str


class Reason(Answer):
    """Give one reason of a verdict, a sentence for people."""

    message: str


class Otsu(Answer):
    """Hold Otsu's threshold, none where all pixels are alike."""

    value: float | None


class Threshold(Answer):
    """Hold the pixel threshold in [0, 1] and where it comes from."""

    value: float
    method: str
    otsu: Otsu | None = None


class Similarity(Answer):
    """Say how like the training data the sheet is, and the score beyond which it gets no verdict."""

    score: float
    limit: float


class Scale(Answer):
    """Give the size of a pixel in millimetres."""

    mm_per_px_x: float
    mm_per_px_y: float

    @property
    def decimals(self) -> int:
        """Return with how many decimals lengths in mm are told, as the service's own `Scale.decimals`."""
        return max(1, 1 - round(math.log10(min(self.mm_per_px_x, self.mm_per_px_y))))

    @property
    def area_decimals(self) -> int:
        """Return with how many decimals areas in mm² are told: down to a pixel's, and whole ones at 1 mm per px."""
        return 2 * self.decimals - 2


class Defect(Answer):
    """Measure one connected region: in pixels, degrees and, where the record has a scale, millimetres."""

    type: str
    type_probability: float
    mean_probability: float
    max_probability: float
    area_px: float
    area_px_range: Range | None = None
    box: tuple[int, int, int, int]
    length_px: float
    length_px_range: Range | None = None
    width_px: float
    orientation_deg: float | None = None
    edge_distance_px: float | None = None
    area_mm2: float | None = None
    length_mm: float | None = None
    width_mm: float | None = None


class Files(Answer):
    """Name the inspection's files on the media volume."""

    original: str
    view: str | None = None
    overlay: str | None = None
    probability_map: str | None = None
    class_map: str | None = None


class Record(Answer):
    """Hold one inspection: the verdict on one sheet by one model, and all that it rests on."""

    id: str
    created_at: AwareDatetime
    image: Image
    model: ModelUsed
    verdict: Verdict
    reasons: list[Reason] = Field(default_factory=list)
    defect_probability: float | None
    max_probability: float | None
    threshold: Threshold
    similarity: Similarity | None = None
    defects: list[Defect]
    defect_area_fraction: float | None = None
    scale: Scale | None = None
    files: Files
    timings_ms: dict[str, float] = Field(default_factory=dict)

    @property
    def is_doubtful(self) -> bool:
        """Tell whether the probability speaks against the verdict, so that a person has to look."""
        if self.defect_probability is None or self.verdict == "no_verdict":
            return False
        return (self.defect_probability >= EVEN) != (self.verdict == "defect")


class RecordPage(Answer):
    """Hold one page of records; all that the filters want are counted, `counts` whatever verdict they want."""

    items: list[Record]
    next_cursor: str | None = None
    total: int = 0
    counts: dict[Verdict, int] = Field(default_factory=dict)


class MediaFile(Answer):
    """Describe one file on the media volume."""

    name: str
    bytes: int
    modified: AwareDatetime
    inspection_id: str | None = None


class MediaPage(Answer):
    """Hold one page of the media volume, newest first."""

    items: list[MediaFile]
    next_cursor: str | None = None
    total: int | None = None


class Metric(Answer):
    """State one figure of a model's evaluation."""

    name: str
    value: float
    interval: Range | None = None
    data: str = ""
    method: str = ""


class DataSet(Answer):
    """Name a data set that the model saw."""

    name: str
    pictures: int | None = None
    licence: str = ""
    citation: str = ""


class CardThreshold(Answer):
    """Hold the card's rule: threshold and its uncertainty, least peak and size of a region, largest gap within one."""

    value: float
    uncertainty: float | None = None
    min_peak: float = 0
    min_region_px: int | None = None
    join_px: int = 0


class CardInput(Answer):
    """Hold the scale that the model covers: least and greatest height and width in pixels."""

    height: tuple[int, int] | None = None
    width: tuple[int, int] | None = None


class CardConditions(Answer):
    """Hold the limits beyond which a picture gets no verdict: low and high by statistic, and the highest novelty."""

    ranges: dict[str, tuple[float | None, float | None]] = Field(default_factory=dict)
    novelty: float | None = None


class CardCalibration(Answer):
    """Hold what turns the network's answer into the probability that a sheet has a defect."""

    slope: float | None = None
    intercept: float | None = None

    @property
    def changes_nothing(self) -> bool:
        """Tell whether the network's answer stays as it is, as with an imported model, of which nothing is known."""
        return (self.slope, self.intercept) == (1, 0)


class Licence(Answer):
    """Name the licences of code and weights."""

    code: str = ""
    weights: str = ""


class Card(Answer):
    """Hold the part of a model's card that people read."""

    description: str = ""
    created_at: str = ""
    classes: list[str] = Field(default_factory=list)
    input: CardInput = CardInput()
    threshold: CardThreshold | None = None
    calibration: CardCalibration = CardCalibration()
    conditions: CardConditions | None = None
    metrics: list[Metric] = Field(default_factory=list)
    data: list[DataSet] = Field(default_factory=list)
    licence: Licence = Licence()
    known_weaknesses: list[str] = Field(default_factory=list)


class Model(Answer):
    """Describe one model package that the service has."""

    name: str
    version: str
    digest: str
    active: bool = False
    card: Card = Card()


class ModelPage(Answer):
    """Hold the models that the service has."""

    items: list[Model]


class Neighbours(Answer):
    """Name the inspections before and after one in a list, by their ids."""

    previous: str | None
    next: str | None


class Rate(Answer):
    """Hold a number of sheets in a hundred, with its 95 % interval where one is known."""

    value: float
    interval: Range | None = None


class OperatingPoint(Answer):
    """Say what a pixel threshold is expected to miss and to call wrongly."""

    threshold: float
    misses_per_100: Rate
    false_calls_per_100: Rate


class OperatingPoints(Answer):
    """Hold a model's operating points, thresholds rising, and what they were measured on."""

    digest: str
    data: str
    points: list[OperatingPoint]
