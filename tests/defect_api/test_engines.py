"""Which engine serves a package: the fastest that is right, by a form that is right, and never a wrong one."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import ANY, Mock

import pytest
from pydantic import ValidationError

from defect_api import compile_forms, compiled_form, engines, loading, openvino_export
from defect_api.compiled_form import tidy
from defect_api.engines import KERAS, Engines, Option
from defect_api.loading import Loaded, load_package
from defect_api.model_package import ModelPackage, PackageError, file_digest, read_package
from defect_api.places import locked
from defect_api.settings import Settings
from tests.defect_api.conftest import bring_form, write_tiny_weights
from tests.defect_api.test_served_model import change_card

BROUGHT = Option(engine="openvino", precision="f32", brought=True)
MADE = Option(engine="openvino", precision="f32")


@pytest.fixture
def load(tmp_path: Path, copied: Path) -> Callable[..., Loaded]:
    """Load the package as a service with these settings does."""

    def load(**settings: Any) -> Loaded:
        wanted = Settings(state_dir=tmp_path / "state", **settings)
        return load_package(read_package(copied), Engines(wanted))

    return load


@pytest.fixture
def no_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process find no Keras, as in the image without it."""
    monkeypatch.setitem(sys.modules, "keras", None)


@pytest.fixture
def quick_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Export in this process, which has TensorFlow already; the last test starts the real one."""

    def run(_module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(arguments, openvino_export.main([*arguments]), "", "")

    monkeypatch.setattr(compiled_form, "run_apart", run)


def damage(path: Path) -> None:
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)


def options(copied: Path, **settings: Any) -> list[list[Option]]:
    return Engines(Settings(**settings)).options(read_package(copied))


@pytest.mark.usefixtures("no_keras")
def test_a_form_that_the_package_brings_is_served_without_keras(load: Callable[..., Loaded]) -> None:
    loaded = load()
    assert (loaded.model.facts.engine, loaded.model.facts.precision) == ("openvino", "f32")
    assert (loaded.option, loaded.complaints) == (BROUGHT, ())


def test_keras_is_served_where_it_is_asked_for(load: Callable[..., Loaded]) -> None:
    assert load(engine="keras").model.facts.engine == "keras"


@pytest.mark.usefixtures("quick_export")
def test_a_package_without_a_form_gets_one_once(
    copied: Path, load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(copied / "compiled")
    assert load().option == MADE
    # the second start needs no Keras
    monkeypatch.setitem(sys.modules, "keras", None)
    assert load().option == MADE


@pytest.mark.usefixtures("quick_export")
def test_a_form_that_another_process_makes_meanwhile_is_taken(
    copied: Path, load: Callable[..., Loaded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(copied / "compiled")
    load()
    (made,) = (path for path in (tmp_path / "state/compiled").iterdir() if path.is_dir())
    made.rename(tmp_path / "theirs")

    @contextmanager
    def waits(lock: Path, *, wait: bool) -> Iterator[bool]:
        (tmp_path / "theirs").rename(made)
        with locked(lock, wait=wait):
            yield True

    monkeypatch.setattr(compiled_form, "locked", waits)
    monkeypatch.setattr(compiled_form, "run_apart", Mock(side_effect=AssertionError("it was exported again")))
    assert load().option == MADE


@pytest.mark.usefixtures("quick_export")
def test_a_form_made_here_that_is_damaged_is_made_anew(
    copied: Path, load: Callable[..., Loaded], tmp_path: Path
) -> None:
    shutil.rmtree(copied / "compiled")
    load()
    (weights,) = (tmp_path / "state").rglob("network.bin")
    sound = weights.read_bytes()
    damage(weights)
    assert load().option == MADE
    assert weights.read_bytes() == sound


@pytest.mark.parametrize("changed", [{"libraries": {"openvino": "1.0"}}, {"exporter": "sha256:" + "0" * 64}])
def test_a_form_made_here_by_other_releases_or_other_code_of_ours_is_made_anew(
    copied: Path, load: Callable[..., Loaded], tmp_path: Path, changed: dict[str, Any]
) -> None:
    shutil.rmtree(copied / "compiled")
    load()
    (manifest,) = (tmp_path / "state").rglob("manifest.json")
    right = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(right), **changed}))
    assert load().option == MADE
    assert json.loads(manifest.read_text()) == {**json.loads(right), "files": ANY}


def another_source(form: Path) -> None:
    manifest = json.loads((form / "manifest.json").read_text())
    (form / "manifest.json").write_text(json.dumps({**manifest, "source": "sha256:" + "0" * 64}))


def newer_openvino(form: Path) -> None:
    manifest = json.loads((form / "manifest.json").read_text())
    (form / "manifest.json").write_text(json.dumps({**manifest, "libraries": {"openvino": "9999.1"}}))


WRONG_FORMS: list[tuple[Callable[[Path], Any], str]] = [
    (lambda form: damage(form / "network.bin"), r"is damaged \(network\.bin\)"),
    (lambda form: damage(form / "network.xml"), r"is damaged \(network\.xml\)"),
    (lambda form: (form / "network.bin").unlink(), r"cannot be read \(No such file"),
    (lambda form: (form / "manifest.json").unlink(), r"cannot be read \(No such file"),
    (lambda form: (form / "manifest.json").write_text("{}"), "has a manifest that makes no sense"),
    (another_source, "was made of another model.keras"),
    (newer_openvino, "was made with openvino 9999.1, and this service has"),
]


@pytest.mark.parametrize(("spoil", "sentence"), WRONG_FORMS)
@pytest.mark.usefixtures("no_keras")
def test_a_form_that_is_wrong_is_told_and_not_served(
    copied: Path, load: Callable[..., Loaded], spoil: Callable[[Path], Any], sentence: str
) -> None:
    spoil(copied / "compiled" / "f32")
    with pytest.raises(PackageError, match=f"model tiny/1: its compiled form for f32 {sentence}"):
        load()


@pytest.mark.usefixtures("quick_export")
def test_one_of_its_own_replaces_a_form_that_is_wrong_and_that_is_told(
    copied: Path, load: Callable[..., Loaded]
) -> None:
    damage(copied / "compiled/f32/network.bin")
    loaded = load()
    assert loaded.option == MADE
    assert loaded.complaints == ("model tiny/1: its compiled form for f32 is damaged (network.bin)",)


@pytest.mark.parametrize("settings", [{}, {"engine": "openvino"}, {"precision": "f32"}])
@pytest.mark.usefixtures("no_keras")
def test_neither_a_form_nor_keras_is_told(copied: Path, load: Callable[..., Loaded], settings: dict[str, Any]) -> None:
    shutil.rmtree(copied / "compiled")
    with pytest.raises(PackageError, match="it brings no compiled form, and this service has no Keras to make one"):
        load(**settings)


@pytest.mark.usefixtures("no_keras")
def test_keras_that_is_asked_for_and_not_there_is_told(load: Callable[..., Loaded]) -> None:
    with pytest.raises(PackageError, match="model tiny/1: this service has no Keras to run it"):
        load(engine="keras")


@pytest.mark.usefixtures("quick_export")
def test_weights_that_keras_cannot_load_are_told(copied: Path, load: Callable[..., Loaded]) -> None:
    shutil.rmtree(copied / "compiled")
    (copied / "model.keras").write_bytes(b"no model")
    change_card(copied, digest=file_digest(copied / "model.keras"))
    with pytest.raises(PackageError, match=r"^model tiny/1: Keras cannot run it; the log has the reason$"):
        load()


def test_a_precision_that_a_package_does_not_bring_is_told(load: Callable[..., Loaded]) -> None:
    with pytest.raises(PackageError, match="its card has no tolerance for int8"):
        load(precision="int8")


def test_bf16_is_not_emulated(copied: Path, load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch) -> None:
    change_card(copied, tolerance={name: {"dice": 0.99, "map_mae": 0.01} for name in ("f32", "bf16")})
    monkeypatch.setattr(engines, "has_bf16", lambda: False)
    assert load().model.facts.precision == "f32"
    with pytest.raises(PackageError, match="this processor does not compute in bf16"):
        load(precision="bf16")


def test_bf16_computes_from_the_form_for_f32(
    copied: Path, load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_card(copied, tolerance={name: {"dice": 0.99, "map_mae": 0.01} for name in ("f32", "bf16")})
    monkeypatch.setattr(engines, "has_bf16", lambda: True)
    assert load(precision="bf16").model.facts.precision == "bf16"


@pytest.mark.parametrize("fastest", ["f32", "int8"])
def test_the_fastest_that_is_right_is_served(
    copied: Path, load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch, fastest: str
) -> None:
    with_int8(copied)
    monkeypatch.setattr(loading, "_seconds", lambda model: 1 if model.facts.precision == fastest else 2)
    assert load().model.facts.precision == fastest


def test_one_that_gives_other_answers_is_told_and_not_served(copied: Path, load: Callable[..., Loaded]) -> None:
    with_int8(copied)
    spoiled = copied / "spoiled.keras"
    write_tiny_weights(spoiled, slope=-60.0)
    form = copied / "compiled" / "int8"
    openvino_export.export(spoiled, form / "network.xml")
    compiled_form.write_manifest(form, file_digest(copied / "model.keras"))
    loaded = load()
    assert loaded.option == BROUGHT
    assert len(loaded.complaints) == 1
    assert "golden sheet" in loaded.complaints[0]


def with_int8(package: Path) -> None:
    """Let the package bring a form for int8; that its numbers are no integers does not matter here."""
    change_card(package, tolerance={name: {"dice": 0.99, "map_mae": 0.01} for name in ("f32", "int8")})
    bring_form(package, "int8")


def test_keras_is_tried_last(copied: Path) -> None:
    assert options(copied) == [[BROUGHT], [MADE], [KERAS]]
    assert options(copied, engine="openvino") == [[BROUGHT], [MADE]]
    assert options(copied, engine="keras") == [[KERAS]]
    shutil.rmtree(copied / "compiled")
    assert options(copied) == [[MADE], [KERAS]]


def test_int8_in_keras_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="ENGINE=keras computes in f32 only"):
        Settings(engine="keras", precision="int8")


@pytest.mark.parametrize("name", ["retention_gb", "mm_per_px_x"])
def test_an_endless_number_is_no_setting(name: str) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Settings.model_validate({name: "inf"})


def test_what_was_made_of_packages_that_are_gone_is_removed(tmp_path: Path, package: ModelPackage) -> None:
    kept = package.card.digest.removeprefix("sha256:")[:16]
    for name in (kept, "0123456789abcdef", "making-x"):
        (tmp_path / name).mkdir()
    tidy(tmp_path, [package.card.digest])
    assert [path.name for path in tmp_path.iterdir()] == [kept]


def test_a_form_that_came_with_the_service_is_used_for_a_package_without_one(
    copied: Path, load: Callable[..., Loaded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(copied / "compiled", tmp_path / "shipped" / "tiny" / "1" / "compiled")
    monkeypatch.setattr(compiled_form, "SHIPPED_MODELS", tmp_path / "shipped")
    assert load().option == BROUGHT
    write_tiny_weights(copied / "model.keras", slope=59.0)
    change_card(copied, digest=file_digest(copied / "model.keras"))
    assert options(copied) == [[MADE], [KERAS]]


@pytest.mark.usefixtures("quick_export")
def test_packages_are_compiled_by_a_command(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(copied / "compiled")
    assert compile_forms.main([str(copied)]) == 0
    assert options(copied)[0] == [BROUGHT]
    assert capsys.readouterr().out == f"{copied / 'compiled' / 'f32'} gives the card's answers on OpenVINO\n"


@pytest.mark.usefixtures("quick_export")
def test_a_package_whose_compiled_form_gives_other_answers_is_told(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_card(copied, tolerance={})
    assert compile_forms.main([str(copied)]) == 1
    assert capsys.readouterr().err == "model tiny/1: its card has no tolerance for f32\n"
