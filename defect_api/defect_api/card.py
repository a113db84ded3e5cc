"""The card of a model package, `model.json`: what the model is, takes, was calibrated to and is known to get wrong."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from defect_api.record import Part, Statistic

Range = tuple[int, int]
NAME, VERSION = r"[a-z0-9][a-z0-9_-]{0,63}", r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}"
Release = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9A-Za-z.+-]*)?$")]


class Input(Part):
    """The pictures that the model was made for, px. Others are segmented all the same, and get no verdict."""

    stride: int = Field(ge=1, description="height and width of what the network is given are multiples of this")
    height: Range
    width: Range


class PixelThreshold(Part):
    """How the probability map becomes regions."""

    value: float = Field(gt=0, le=1)
    uncertainty: float = Field(ge=0, lt=0.5, description="how far the threshold may be off, for `±` figures")
    min_peak: float = Field(
        0, ge=0, le=1, description="what a defect's highest pixel must reach at `value`; else in proportion"
    )
    min_region_px: int = Field(ge=1, description="smaller defects are dropped, px at the picture's own size")
    join_px: int = Field(
        0, ge=0, le=256, description="largest gap along x and along y between fragments of one defect, px"
    )


class Platt(Part):
    """Logistic calibration (Platt 1999) of the map's feature: sigmoid(slope * logit(feature) + intercept)."""

    method: Literal["platt"]
    feature: Literal["mean_of_largest"]
    pixels: int = Field(ge=1, description="how many of the map's largest values the feature averages")
    slope: float
    intercept: float


class Isotonic(Part):
    """Isotonic calibration: the feature is looked up on a rising polyline."""

    method: Literal["isotonic"]
    feature: Literal["mean_of_largest"]
    pixels: int = Field(ge=1)
    x: list[float] = Field(min_length=2)
    y: list[float] = Field(min_length=2)

    @model_validator(mode="after")
    def _rising(self) -> "Isotonic":
        if len(self.x) != len(self.y) or sorted(self.x) != self.x or sorted(self.y) != self.y:
            raise ValueError("x and y must be of one length and rise")
        return self


Calibration = Annotated[Platt | Isotonic, Field(discriminator="method")]


class Golden(Part):
    """A generated sheet with the answer that the model must give; paths within the package."""

    sheet: str
    probability_map: str
    class_map: str
    verdict: Literal["defect", "clean"]
    types: list[str] = Field(description="the defects' types, sorted, each once")


class Tolerance(Part):
    """How far an engine's maps of the golden sheets may be from the card's."""

    dice: float = Field(ge=0, le=1, description="least pooled mask Dice")
    map_mae: float = Field(ge=0, le=1, description="largest mean absolute difference of the maps")


class Conditions(Part):
    """What pictures the model can judge; beyond these limits there is no verdict."""

    ranges: dict[Statistic, tuple[float | None, float | None]] = Field(description="low and high, null for no limit")
    novelty: float | None = Field(description="highest score of the model's second output; null where it has none")


class Metric(Part):
    """One measured figure."""

    name: str
    value: float
    interval: tuple[float, float] | None = Field(
        description="95 % interval: of a share of sheets by Wilson (1927), else by a bootstrap"
    )
    data: str
    method: str


class Estimate(Part):
    """A rate as measured, with its 95 % interval."""

    value: float = Field(ge=0, le=100)
    interval: tuple[float, float]


class OperatingPoint(Part):
    """What a threshold is expected to lead to, counted on sheets that the judging network never saw."""

    threshold: float = Field(gt=0, le=1)
    misses_per_100: Estimate = Field(description="of 100 defective sheets, those without a defect above it")
    false_calls_per_100: Estimate = Field(description="of 100 clean sheets, those with a defect above it")


class OperatingPoints(Part):
    """The consequences of each threshold, on sheets that the judging network never saw; thresholds rise."""

    data: str
    method: str
    defective: int = Field(ge=1, description="sheets that misses are counted on")
    clean: int = Field(ge=1, description="sheets that false calls are counted on")
    points: list[OperatingPoint] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> "OperatingPoints":
        thresholds = [point.threshold for point in self.points]
        if sorted(set(thresholds)) != thresholds:
            raise ValueError("the operating points' thresholds must rise")
        return self


class DataSet(Part):
    """What the model was trained on."""

    name: str
    pictures: int
    licence: str
    citation: str


class Licence(Part):
    """What may be done with the code and with the weights."""

    code: str
    weights: str


class Card(Part):
    """Describe a model package."""

    schema_version: Literal[1] = 1
    name: str = Field(pattern=f"^{NAME}$")
    version: str = Field(pattern=f"^{VERSION}$")
    created_at: str
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    libraries: dict[str, Release] = Field(
        {}, description="what the package was made with; a service whose major version is older does not load it"
    )
    description: str
    classes: list[str] = Field(min_length=1, max_length=255)
    input: Input
    threshold: PixelThreshold
    calibration: Calibration
    golden: list[Golden] = Field(min_length=1)
    tolerance: dict[str, Tolerance]
    metrics: list[Metric]
    operating_points: OperatingPoints | None = None
    conditions: Conditions | None = None
    data: list[DataSet]
    licence: Licence
    training: dict[str, object]
    known_weaknesses: list[str]
