"""From a package on disk to a proven model: by which engine, and which of several packages."""

import logging
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from subprocess import TimeoutExpired

from defect_api.apart import TIMEOUT_S, run_apart
from defect_api.engines import KERAS, Engines, Option
from defect_api.model_package import ModelPackage, PackageError, Unrunnable, find_candidates
from defect_api.segmenter import padded
from defect_api.served_model import ServedModel
from defect_api.settings import Settings

log = logging.getLogger(__name__)

NAMES = {"keras": "Keras", "openvino": "OpenVINO"}
TIMED_RUNS = 5


@dataclass(frozen=True)
class Loaded:
    """A proven model, the option it was loaded by, and a sentence for each option before that failed."""

    model: ServedModel
    option: Option
    complaints: tuple[str, ...] = ()


def load_package(package: ModelPackage, engines: Engines, option: Option | None = None) -> Loaded:
    """Load a package and prove it: by `option`, or by the fastest option of those that the service has for it.

    Raises PackageError with a sentence for the operator.
    """
    package.verify()
    complaints: list[str] = []
    for tier in [[option]] if option else engines.options(package):
        passed = []
        for each in tier:
            try:
                package.tolerance(each.precision)
                if each == KERAS and complaints:
                    _try_apart(package)
                passed.append((_proven(package, engines, each), each))
            except Unrunnable:
                raise
            except PackageError as error:
                log.warning("%s", error)
                complaints.append(str(error))
        if passed:
            model, by = min(passed, key=lambda each: _seconds(each[0])) if len(passed) > 1 else passed[0]
            return Loaded(model, by, tuple(complaints))
    raise PackageError("; ".join(dict.fromkeys(complaints)))


def _try_apart(package: ModelPackage) -> None:
    """Raise PackageError where the last resort fails as well; its TensorFlow would stay in this process for good."""
    try:
        tried = run_apart("keras_trial", str(package.path))
    except TimeoutExpired as error:
        raise PackageError(f"model {package.key}: Keras took more than {TIMEOUT_S} s to try it") from error
    if tried.returncode:
        log.warning("model %s failed on Keras: %s", package.key, tried.stderr)
        raise PackageError(tried.stdout) if tried.stdout else _failed(package, KERAS)


def _proven(package: ModelPackage, engines: Engines, option: Option) -> ServedModel:
    try:
        model = ServedModel(package, engines.load(package, option))
        model.prove()
    except PackageError:
        raise
    # what stands in a package decides what an engine raises, and none of it may end the service
    except Exception as error:
        log.warning("model %s failed", package.key, exc_info=error)
        raise _failed(package, option) from error
    return model


def _failed(package: ModelPackage, option: Option) -> PackageError:
    return PackageError(f"model {package.key}: {NAMES[option.engine]} cannot run it; the log has the reason")


def _seconds(model: ServedModel) -> float:
    """Return the median time of the network on the first golden sheet."""
    card = model.package.card
    batch = padded(model.package.golden_map(card.golden[0].sheet), card.input.stride)
    taken = []
    for _ in range(TIMED_RUNS):
        begun = time.perf_counter()
        model.segmenter.forward(batch)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def first_that_passes(
    packages: Iterable[ModelPackage], load: Callable[[ModelPackage], Loaded]
) -> tuple[Loaded | None, list[str]]:
    """Return the first of the packages that `load` accepts, if any, and a sentence for each that it refused."""
    complaints: list[str] = []
    for package in packages:
        try:
            return load(package), complaints
        except PackageError as error:
            log.error("%s", error)  # noqa: TRY400  # the sentence is for an operator
            complaints.append(str(error))
    return None, complaints


def load_model(settings: Settings) -> ServedModel:
    """Load the newest package of those that the settings name that gives its card's answers.

    Raises PackageError with a sentence for the operator where none does.
    """
    packages, complaints = find_candidates(settings.models_dir, settings.model)
    engines = Engines(settings)
    loaded, refused = first_that_passes(packages, lambda package: load_package(package, engines))
    if loaded is None:
        raise PackageError("; ".join([*refused, *complaints]))
    return loaded.model
