"""Which engines this service has for a package, in which order they are tried, and loading one of them."""

from typing import Literal

from pydantic import Field

from defect_api.compiled_form import FORMS, bring, brings, has_keras, make
from defect_api.model_package import ModelPackage, PackageError
from defect_api.openvino_segmenter import OpenVinoSegmenter, has_bf16
from defect_api.places import Places, shared
from defect_api.record import Part
from defect_api.segmenter import KerasSegmenter, Segmenter
from defect_api.settings import Settings

Precision = Literal["f32", "bf16", "int8"]
# bf16 is a way to compute, not a form
FORM_OF: dict[str, str] = {"f32": "f32", "bf16": "f32", "int8": "int8"}


class Option(Part):
    """One way to run a package."""

    engine: Literal["keras", "openvino"]
    precision: Precision
    brought: bool = Field(False, description="by the compiled form that the package brings, not one made here")


KERAS = Option(engine="keras", precision="f32")


class Engines:
    """What the settings want and this service has."""

    def __init__(self, settings: Settings) -> None:
        self._engine, self._precision = settings.engine, settings.precision
        self._threads = settings.cpu_threads
        self._turns = Places(settings.predictions, shared("turns"))
        self.forms = settings.state_dir / FORMS

    def options(self, package: ModelPackage) -> list[list[Option]]:
        """Return the options for a package in tiers: of the first tier in which one is right, the fastest is served.

        Keras is the last: it takes by far the most CPU time (`python -m benchmarks.engines`) and memory.
        """
        if self._engine == "keras":
            return [[KERAS]]
        first = [
            Option(engine="openvino", precision=precision, brought=brings(package, FORM_OF[precision]))
            for precision in self._precisions(package)
        ]
        if not has_keras():
            return [first]
        made = [option for option in first if option.brought and FORM_OF[option.precision] == "f32"]
        second = [option.model_copy(update={"brought": False}) for option in made]
        last = [KERAS] if self._engine == "auto" and self._precision in ("auto", "f32") else []
        return [tier for tier in (first, second, last) if tier]

    def load(self, package: ModelPackage, option: Option) -> Segmenter:
        """Load a package by one of its options. Raises PackageError where that cannot be."""
        if option.engine == "keras":
            if not has_keras():
                raise PackageError(f"model {package.key}: this service has no Keras to run it")
            package.check_libraries()
            return KerasSegmenter(package.weights)
        if option.precision == "bf16" and not has_bf16():
            raise PackageError(f"model {package.key}: this processor does not compute in bf16")
        form = FORM_OF[option.precision]
        network = bring(package, form) if option.brought else make(package, form, self.forms)
        return OpenVinoSegmenter(network, option.precision, self._threads, self._turns)

    def _precisions(self, package: ModelPackage) -> list[Precision]:
        if self._precision != "auto":
            return [self._precision]
        offered: list[Precision] = ["f32"]
        if "bf16" in package.card.tolerance and has_bf16():
            offered.append("bf16")
        if brings(package, "int8"):
            offered.append("int8")
        return offered
