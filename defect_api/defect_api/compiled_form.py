"""Compiled forms of a package's `model.keras`, what they were made of, and making the one that every package can have.

A form is a folder `<precision>/` with `network.xml`, `network.bin` and a manifest. A package may bring forms below
`compiled/`; the service makes the f32 form itself, below `compiled/<digest>/` in the state folder.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired

from pydantic import Field, ValidationError

from defect_api.apart import TIMEOUT_S, run_apart
from defect_api.card import Release
from defect_api.model_package import ModelPackage, PackageError, Unrunnable, file_digest, major
from defect_api.places import locked
from defect_api.record import Part
from defect_api.settings import SHIPPED_MODELS

log = logging.getLogger(__name__)

FORMS = "compiled"
MANIFEST, NETWORK = "manifest.json", "network.xml"
FILES = (NETWORK, "network.bin")
MADE_WITH = ("keras", "openvino")
EXPORTER = Path(__file__).with_name("openvino_export.py")
MAKING, LOCK = "making-", "lock"
UNREADABLE = 3  # exit status of an export whose file Keras cannot load at all


class Manifest(Part):
    """What a compiled form was made of, and what its files are."""

    source: str = Field(description="digest of the model.keras")
    libraries: dict[str, Release] = Field(description="what it was made with")
    exporter: str = Field("", description="digest of our own code that made it; empty in forms of earlier versions")
    files: dict[str, str] = Field(description="digest by name")


class FormError(PackageError):
    """A compiled form that must not be served."""


def write_manifest(folder: Path, source: str) -> None:
    """Describe the form that lies in `folder`, made of the `model.keras` with the digest `source`."""
    manifest = Manifest(
        source=source,
        libraries=_releases(),
        exporter=file_digest(EXPORTER),
        files={name: file_digest(folder / name) for name in FILES},
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")


def bring(package: ModelPackage, precision: str) -> Path:
    """Return the network of the form that the package brings, or that came with the service.

    Raises FormError where there is none, and where it is damaged, of another `model.keras` or of a newer OpenVINO.
    """
    what = f"model {package.key}: its compiled form for {precision}"
    folder = _folder(package, precision)
    theirs = _checked(folder, package, what).libraries.get("openvino", "0")
    if major(version("openvino")) < major(theirs):
        raise FormError(f"{what} was made with openvino {theirs}, and this service has {version('openvino')}")
    return folder / NETWORK


def brings(package: ModelPackage, precision: str) -> bool:
    """Tell whether there is such a form, sound or not."""
    return _folder(package, precision).is_dir()


def add(package: ModelPackage) -> None:
    """Have the package bring its f32 form, made now. Raises what `make` raises."""
    with _writing(package):
        _make(package, package.path / FORMS / "f32")


def has_keras() -> bool:
    """Tell whether this service has Keras and TensorFlow, to make forms or to run a package; imports neither."""
    return find_spec("keras") is not None and find_spec("tensorflow") is not None


def make(package: ModelPackage, precision: str, forms: Path) -> Path:
    """Return the network of the f32 form in the folder `forms`, made now where it is not there or not right.

    Raises Unrunnable where Keras cannot load the weights, FormError where there is no way to make the form, and
    PackageError where a library is missing or too old.
    """
    if precision != "f32":
        raise FormError(f"model {package.key}: it brings no compiled form for {precision}")
    folder = forms / _short(package.card.digest)
    if wrong := _wrong(package, folder):
        log.info("%s", wrong)
        if not has_keras():
            raise FormError(
                f"model {package.key}: it brings no compiled form, and this service has no Keras to make one"
            )
        # others may begin at the same time: `defect-inspect` is no worker of a service, which make one after the other
        with _writing(package), locked(forms / LOCK, wait=True):
            if _wrong(package, folder):
                _make(package, folder)
    return folder / NETWORK


def tidy(forms: Path, digests: list[str]) -> None:
    """Remove what was made of other weights than those with the given digests, and what was left half made."""
    kept = {_short(digest) for digest in digests}
    for folder in forms.glob("*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _folder(package: ModelPackage, precision: str) -> Path:
    """Return the package's own form, or the one that an image holds of the same weights where it has none."""
    own, shipped = (place / FORMS / precision for place in (package.path, SHIPPED_MODELS / package.key))
    return shipped if not own.is_dir() and _source(shipped) == package.card.digest else own


def _source(folder: Path) -> str | None:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes()).source
    except (OSError, ValidationError):
        return None


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:16]


def _releases() -> dict[str, str]:
    """Return the releases of the libraries that make a form, of those that are here."""
    return {library: version(library) for library in MADE_WITH if find_spec(library)}


def _wrong(package: ModelPackage, folder: Path) -> str:
    """Return what is wrong with the form that was made here, or nothing."""
    what = f"model {package.key}: the compiled form made of it"
    try:
        manifest = _checked(folder, package, what)
    except FormError as error:
        return str(error)
    if _releases().items() <= manifest.libraries.items() and manifest.exporter == file_digest(EXPORTER):
        return ""
    return f"{what} is of other releases of the libraries or of this service, and made anew"


def _checked(folder: Path, package: ModelPackage, what: str) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        damaged = [name for name in FILES if manifest.files.get(name) != file_digest(folder / name)]
    except OSError as error:
        raise FormError(f"{what} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise FormError(f"{what} has a manifest that makes no sense") from error
    if manifest.source != package.card.digest:
        raise FormError(f"{what} was made of another model.keras (digest differs)")
    if damaged:
        raise FormError(f"{what} is damaged ({' and '.join(damaged)})")
    return manifest


@contextmanager
def _writing(package: ModelPackage) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FormError(f"model {package.key}: its compiled form cannot be written ({error.strerror})") from error


def _make(package: ModelPackage, folder: Path) -> None:
    """Export in a process of its own, which gives its memory back, and move the result to its place whole."""
    package.check_libraries()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=folder.parent) as room:
        made = Path(room) / "form"
        _export(package, made / NETWORK)
        write_manifest(made, package.card.digest)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _export(package: ModelPackage, network: Path) -> None:
    try:
        done = run_apart("openvino_export", str(package.weights), str(network))
    except TimeoutExpired as error:
        raise FormError(f"model {package.key}: its export took more than {TIMEOUT_S} s") from error
    if done.returncode:
        log.warning("model %s could not be exported: %s", package.key, done.stderr)
    if done.returncode == UNREADABLE:
        raise Unrunnable(f"model {package.key}: Keras cannot run it; the log has the reason")
    if done.returncode:
        raise FormError(f"model {package.key}: it cannot be exported for OpenVINO; the log has the reason")
