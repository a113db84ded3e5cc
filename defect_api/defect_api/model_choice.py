"""Which model all workers of a service serve: the newest that passes, chosen at the start and when an operator asks.

What was chosen is kept as a copy in the state folder, so that a worker started later serves the same, whatever has
become of the models folder meanwhile.
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from pydantic import Field

from defect_api.compiled_form import tidy
from defect_api.engines import Engines, Option
from defect_api.loading import Loaded, first_that_passes, load_package
from defect_api.model_package import WEIGHTS, ModelPackage, PackageError, find_candidates, find_packages, read_package
from defect_api.places import locked
from defect_api.record import Part
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings

log = logging.getLogger(__name__)

CHOICE, ASKED, LOCK = "choice.json", "asked", "lock"
LOOK_S = 1.0
# how long a service without a model waits before it tries again: a full disk may have got room, a package may have come
RETRY_S = 60.0


class Choice(Part):
    """What was chosen last."""

    package: str | None = Field(description="path of the copy within the folder; null where no package passes")
    option: Option | None = Field(None, description="the engine that was the fastest of those that passed")
    failed: tuple[str, ...] = Field((), description="why other engines are not used, where something is wrong")
    complaints: list[str] = Field([], description="why other packages are not")


class ModelChooser:
    """One worker's part in the choice; the folder `serving` in the state folder is what the workers share."""

    def __init__(self, settings: Settings) -> None:
        self._models_dir, self._wanted = settings.models_dir, settings.model
        self._folder = settings.state_dir / "serving"
        self._engines = Engines(settings)
        self._held: str | None = None
        self._failure: str | None = None
        # whether this worker makes the first choice, and tries again where nothing passed; the others wait for it
        self.is_first = False

    def forget(self) -> None:
        """Start with nothing chosen, and without what was compiled of packages that are gone; before any worker."""
        shutil.rmtree(self._folder, ignore_errors=True)
        tidy(self._engines.forms, [package.card.digest for package in find_packages(self._models_dir)[0]])

    def ask(self) -> None:
        """Have one of the workers choose anew, soon. Never fails, since it answers a signal."""
        try:
            (self._folder / ASKED).touch()
        except OSError as error:
            log.error("the model cannot be chosen anew: %s", error.strerror)  # noqa: TRY400  # nothing to trace

    def complaints(self) -> list[str]:
        """Return a sentence for each package or engine that is not used because something is wrong with it."""
        choice = self._choice()
        told = [*choice.failed, *choice.complaints] if choice else []
        return [*told, self._failure] if self._failure else told

    def load(self) -> ServedModel:
        """Load what was chosen, or choose if nobody has. Raises PackageError where there is nothing to serve."""
        while True:
            with locked(self._folder / LOCK, wait=True):
                choice, model = self._choice(), None
                if choice is None:
                    self.is_first = True
                    choice, model = self._choose(None)
            try:
                return self._take(choice, model)
            except PackageError:
                # while it was loaded others may have been chosen, and its copy removed
                if choice == self._choice():
                    raise

    def attend(self, slot: ModelSlot) -> None:
        """Keep the model in `slot`, once it is filled, the one that is chosen; never ends.

        While there is none, the worker that made the first choice chooses anew each `RETRY_S`.
        """
        slot.wait()
        tried, failure = time.monotonic(), ""
        while True:
            time.sleep(LOOK_S)
            again = self.is_first and slot.card is None and time.monotonic() - tried >= RETRY_S
            if again:
                tried = time.monotonic()
            told = self._failure
            try:
                self.look(slot, again=again)
            except PackageError as error:
                # what cannot be loaded is tried again at each look
                if str(error) != told:
                    log.error("%s", error)  # noqa: TRY400  # the sentence is for an operator
            except OSError as error:
                # a folder that cannot be written fails each look
                if str(error) != failure:
                    log.exception("the choice of the model cannot be followed")
                failure = str(error)
            else:
                failure = ""

    def look(self, slot: ModelSlot, *, again: bool = False) -> None:
        """Choose anew if that was asked for, here or by `ask`, and put in service what was chosen, by whomever.

        Raises PackageError where that cannot be loaded; what is in service stays, and the next look tries again.
        """
        choice, model = self._choice(), None
        if self._asked() or again:
            with locked(self._folder / LOCK, wait=True):
                choice, model = self._choose(self._choice())
        if choice and choice.package and choice.package != self._held:
            slot.switch(self._take(choice, model))

    def _asked(self) -> bool:
        """Tell whether this worker is the one to choose anew; of several that look, one is."""
        try:
            (self._folder / ASKED).unlink()
        except FileNotFoundError:
            return False
        return True

    def _choose(self, present: Choice | None) -> tuple[Choice, ServedModel | None]:
        """Try what is newer than the package in service, which stays where nothing newer passes."""
        packages, complaints = find_candidates(self._models_dir, self._wanted)
        held = read_package(self._folder / present.package) if present and present.package else None
        loaded, refused = first_that_passes(self._newer(packages, held), self._load_copy)
        choice = present or Choice(package=None)
        before = choice.package
        if loaded:
            chosen = str(loaded.model.package.path.relative_to(self._folder))
            choice = Choice(package=chosen, option=loaded.option, failed=loaded.complaints)
        choice = choice.model_copy(update={"complaints": [*refused, *complaints]})
        self._publish(choice)
        self._keep_only(choice.package, before)
        return choice, loaded.model if loaded else None

    def _newer(self, packages: Sequence[ModelPackage], held: ModelPackage | None) -> Iterator[ModelPackage]:
        """Yield the packages to be tried before what is in service; all others where that was taken away."""
        # what lies there, if broken, was not taken away: nothing older takes its place
        since = held.card.created_at if held and (self._models_dir / held.key / WEIGHTS).exists() else ""
        for package in takewhile(lambda package: not _is_held(package, held), packages):
            if package.card.created_at >= since or (held and package.key == held.key):
                yield package

    def _load_copy(self, package: ModelPackage) -> Loaded:
        """Copy a package and load the copy, so that what is proven is what every worker serves."""
        room = Path(tempfile.mkdtemp(dir=self._folder, prefix="package-"))
        copy = room / package.card.name / package.card.version
        try:
            _copy_files(package.path, copy)
            return load_package(read_package(copy), self._engines)
        except OSError as error:
            # half a copy would take the room that is left
            shutil.rmtree(room, ignore_errors=True)
            raise PackageError(f"model {package.key}: it cannot be copied ({error.strerror})") from error

    def _take(self, choice: Choice, model: ServedModel | None) -> ServedModel:
        if choice.package is None:
            raise PackageError("; ".join(choice.complaints))
        try:
            copy = read_package(self._folder / choice.package)
            taken = model or load_package(copy, self._engines, choice.option).model
        except PackageError as error:
            self._failure = str(error)
            raise
        self._held, self._failure = choice.package, None
        return taken

    def _choice(self) -> Choice | None:
        try:
            return Choice.model_validate_json((self._folder / CHOICE).read_bytes())
        except FileNotFoundError:
            return None

    def _publish(self, choice: Choice) -> None:
        written = self._folder / f"{CHOICE}.new"
        written.write_text(choice.model_dump_json())
        written.replace(self._folder / CHOICE)

    def _keep_only(self, *packages: str | None) -> None:
        """Remove the copies that nobody loads any more; the one before may still be on its way into a worker."""
        kept = {package.partition("/")[0] for package in packages if package}
        for room in self._folder.glob("package-*"):
            if room.name not in kept:
                shutil.rmtree(room, ignore_errors=True)


def _is_held(package: ModelPackage, held: ModelPackage | None) -> bool:
    """Tell whether a package is what is in service; one whose weights are no longer its card's is not."""
    if held is None or package.card != held.card:
        return False
    with suppress(PackageError):
        package.verify()
        return True
    return False


def _copy_files(source: Path, target: Path) -> None:
    """Copy contents only: the models folder may be read-only, and a copy must be removable."""
    for file in source.rglob("*"):
        if file.is_file():
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
