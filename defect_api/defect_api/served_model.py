"""A model in service: loaded from its package, proven on its golden sheets, and from then on used for every sheet."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from defect_api.card import Card, Golden
from defect_api.conditions import Observed, observe
from defect_api.images import Grey
from defect_api.judgement import judge
from defect_api.model_package import ModelPackage, PackageError
from defect_api.overlap import Overlap, overlap, pooled
from defect_api.problems import NotReady
from defect_api.record import ModelFacts
from defect_api.segmenter import Segmenter, segment
from defect_api.thresholds import Map, quantise

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SheetMaps:
    """What the model says of a sheet: the two 8-bit maps (uint8, H x W), and the float map's highest value.

    `observed` is what tells whether it can say anything.
    """

    q: Map
    classes: Map
    max_probability: float
    observed: Observed


@dataclass(frozen=True)
class ServedModel:
    """A model package with an engine that runs it."""

    package: ModelPackage
    segmenter: Segmenter

    @property
    def facts(self) -> ModelFacts:
        """Return what a record says of the model."""
        card = self.package.card
        return ModelFacts(
            name=card.name,
            version=card.version,
            digest=card.digest,
            engine=self.segmenter.engine,
            precision=self.segmenter.precision,
        )

    def maps(self, grey: Grey) -> SheetMaps:
        """Segment a sheet (uint8, H x W), and measure what it takes to trust that."""
        card = self.package.card
        probability, classes, novelty = segment(self.segmenter, grey, card.input.stride)
        observed = observe(grey, novelty, card.conditions)
        return SheetMaps(quantise(probability), classes, float(probability.max()), observed)

    def prove(self) -> None:
        """Run the golden sheets through the whole path.

        Raises PackageError where a verdict, a class or a map is not as the card says.
        """
        tolerance, key = self.package.tolerance(self.segmenter.precision), self.package.key
        dice, errors = self.against_golden()
        for sheet, error in errors.items():
            if error > tolerance.map_mae:
                raise PackageError(f"model {key}: the map of golden sheet {sheet} is off by {error:.4f} on average")
        if dice < tolerance.dice:
            raise PackageError(f"model {key}: pooled Dice on the golden sheets is {dice:.4f}, not {tolerance.dice}")

    def against_golden(self) -> tuple[float, dict[str, float]]:
        """Return the pooled Dice of all golden masks, and how far each sheet's map is off, mean absolute difference.

        Raises PackageError where a verdict, a class or a size is not as the card says.
        """
        compared = {golden.sheet: self._compared(golden) for golden in self.package.card.golden}
        errors = {sheet: error for sheet, (error, _) in compared.items()}
        return pooled(masks for _, masks in compared.values()).dice, errors

    def _compared(self, golden: Golden) -> tuple[float, Overlap]:
        """Return how far the map is off, and the overlap of the masks."""
        card, key = self.package.card, self.package.key
        maps = self.maps(self.package.golden_map(golden.sheet))
        judgement = judge(maps.q, maps.classes, card, observed=maps.observed)
        types = sorted({defect.type for defect in judgement.regions.defects})
        if judgement.verdict != golden.verdict or types != sorted(golden.types):
            raise PackageError(f"model {key}: golden sheet {golden.sheet} came out {judgement.verdict} {types}")
        expected = self.package.golden_map(golden.probability_map)
        if expected.shape != maps.q.shape:
            raise PackageError(f"model {key}: {golden.probability_map} is not of the size of its golden sheet")
        error = float(np.abs(maps.q.astype(np.int16) - expected).mean()) / 255
        # masks of what is kept: specks below the card's smallest region are as good as none, here and in the verdict
        truth = judge(expected, self.package.golden_map(golden.class_map), card).regions.mask
        return error, overlap(judgement.regions.mask, truth)


class ModelSlot:
    """The place of the model in service: empty until one is proven; another may take its place at any time."""

    def __init__(self, load: Callable[[], ServedModel], complaints: Callable[[], list[str]] = list) -> None:
        """Start loading in the background, so that the service answers from its first moment.

        `complaints` returns a sentence for each package that is not served because something is wrong with it.
        """
        self._load = load
        self._complaints = complaints
        self._model: ServedModel | None = None
        self._status = "The model is being loaded and proven on its golden sheets."
        self._thread = threading.Thread(target=self._fill, name="model-loader", daemon=True)
        self._thread.start()

    @property
    def card(self) -> Card | None:
        """Return the card of the model in service, or None where there is none."""
        return self._model.package.card if self._model else None

    @property
    def facts(self) -> ModelFacts | None:
        """Return what a record says of the model in service, or None where there is none."""
        return self._model.facts if self._model else None

    @property
    def model(self) -> ServedModel:
        """Return the model in service. Raises NotReady, saying why there is none."""
        if self._model is None:
            raise NotReady(self._status)
        return self._model

    @property
    def complaints(self) -> list[str]:
        """Return a sentence for each package that is not served because something is wrong with it."""
        return self._complaints()

    def switch(self, model: ServedModel) -> None:
        """Put another model, proven, in service; what is being inspected goes on with the one before."""
        self._model = model
        log.info("model %s is in service", model.package.key)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the loading has ended, well or not, for at most `timeout_s` seconds; return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _fill(self) -> None:
        try:
            self.switch(self._load())
        except (PackageError, OSError) as error:
            log.error("no model in service: %s", error)  # noqa: TRY400  # the sentence is for an operator
            reason = str(error)
            if isinstance(error, OSError):  # its text names a path of this machine
                reason = f"a folder cannot be read or written ({error.strerror}). See the log"
            self._status = f"No model is in service: {reason}."
