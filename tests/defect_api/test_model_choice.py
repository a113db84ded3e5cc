"""The workers' common choice: the newest that passes, changed only when asked, the same for all."""

import errno
import shutil
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest

from defect_api.app import create_app
from defect_api.engines import Engines, Option
from defect_api.loading import Loaded, load_package
from defect_api.model_choice import ModelChooser
from defect_api.model_package import WEIGHTS, ModelPackage, PackageError
from defect_api.problems import NotReady
from defect_api.served_model import ModelSlot
from defect_api.settings import Settings
from defect_api.state import EXTENSION
from tests.defect_api.conftest import bring_form
from tests.defect_api.endless import run_until_sleep
from tests.defect_api.test_served_model import change_card, newer
from tests.waiting import wait_until


@pytest.fixture
def first(tmp_path: Path, models_dir: Path) -> Path:
    """The only package of a models folder."""
    shutil.copytree(models_dir, tmp_path / "models")
    return tmp_path / "models" / "tiny" / "1"


@pytest.fixture
def settings(tmp_path: Path, first: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", models_dir=first.parents[1], media_dir=tmp_path / "media")


class Worker:
    """What of one worker has to do with the choice."""

    def __init__(self, settings: Settings) -> None:
        self.chooser = ModelChooser(settings)
        self.slot = ModelSlot(self.chooser.load, self.chooser.complaints)
        self.slot.wait(60)

    def look(self) -> str:
        """Look once, as `attend` does each second; return what is served then."""
        self.chooser.look(self.slot)
        return self.slot.model.package.key


def broken(package: Path) -> Path:
    change_card(package, tolerance={})
    return package


def test_a_new_package_is_served_when_asked_and_by_every_worker(settings: Settings, first: Path) -> None:
    one, two = Worker(settings), Worker(settings)
    newer(first, "2")
    assert (one.look(), two.look()) == ("tiny/1", "tiny/1")
    one.chooser.ask()
    assert (two.look(), one.look()) == ("tiny/2", "tiny/2")
    assert one.slot.complaints == []


def test_a_worker_started_later_serves_what_the_others_do(settings: Settings, first: Path) -> None:
    Worker(settings)
    newer(first, "2")
    shutil.rmtree(first)
    assert Worker(settings).look() == "tiny/1"


def test_every_worker_takes_the_engine_that_one_of_them_measured(
    settings: Settings, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_card(first, tolerance={name: {"dice": 0.99, "map_mae": 0.01} for name in ("f32", "int8")})
    bring_form(first, "int8")
    monkeypatch.setattr("defect_api.loading._seconds", lambda model: model.facts.precision != "int8")
    one = Worker(settings)
    monkeypatch.setattr("defect_api.loading._seconds", lambda model: model.facts.precision == "int8")
    two = Worker(settings)
    assert [worker.slot.model.facts.precision for worker in (one, two)] == ["int8", "int8"]


def test_what_is_wrong_with_a_form_of_the_model_in_service_goes_on_being_told(settings: Settings, first: Path) -> None:
    change_card(first, tolerance={name: {"dice": 0.99, "map_mae": 0.01} for name in ("f32", "int8")})
    (bring_form(first, "int8") / "network.bin").write_bytes(b"half a file")
    worker = Worker(settings)
    for _ in range(2):
        assert worker.look() == "tiny/1"
        assert worker.slot.complaints == ["model tiny/1: its compiled form for int8 is damaged (network.bin)"]
        worker.chooser.ask()


def test_a_package_that_fails_is_told_and_the_one_in_service_stays(settings: Settings, first: Path) -> None:
    one, two = Worker(settings), Worker(settings)
    served = one.slot.model
    broken(newer(first, "2"))
    one.chooser.ask()
    assert (one.look(), two.look(), Worker(settings).look()) == ("tiny/1", "tiny/1", "tiny/1")
    assert one.slot.model is served
    for worker in (one, two):
        (complaint,) = worker.slot.complaints
        assert complaint.startswith("model tiny/2: its card has no tolerance")


@pytest.mark.parametrize("wanted", ["tiny/1", "tiny", ""])
def test_what_is_in_service_stays_when_its_package_is_replaced_by_a_broken_one(
    settings: Settings, first: Path, wanted: str
) -> None:
    settings = settings.model_copy(update={"model": wanted})
    worker = Worker(settings)
    (first / "model.keras").write_bytes(b"half a file")
    change_card(first, description="replaced")
    worker.chooser.ask()
    assert (worker.look(), Worker(settings).look()) == ("tiny/1", "tiny/1")
    assert "digest differs" in worker.slot.complaints[0]


def test_weights_that_are_damaged_under_the_card_in_service_are_told(settings: Settings, first: Path) -> None:
    worker = Worker(settings)
    (first / "model.keras").write_bytes(b"half a file")
    worker.chooser.ask()
    assert worker.look() == "tiny/1"
    assert worker.slot.complaints == ["model tiny/1: model.keras is not the one its card describes (digest differs)"]


@pytest.mark.parametrize("is_readable", [False, True])
def test_nothing_older_takes_the_place_of_a_package_that_is_broken(
    settings: Settings, first: Path, *, is_readable: bool
) -> None:
    second = newer(first, "2")
    worker = Worker(settings)
    if is_readable:
        (second / "model.keras").write_bytes(b"half a file")
        change_card(second, description="replaced")
    else:
        (second / "model.json").write_text("{")
    worker.chooser.ask()
    assert (worker.look(), Worker(settings).look()) == ("tiny/2", "tiny/2")
    assert len(worker.slot.complaints) == 1


def test_what_is_in_service_stays_when_its_package_is_gone(settings: Settings, first: Path) -> None:
    worker = Worker(settings)
    shutil.rmtree(first)
    worker.chooser.ask()
    assert worker.look() == "tiny/1"
    assert worker.slot.complaints == ["no model package in the models folder"]


@pytest.mark.parametrize("replaced", [False, True])
def test_what_is_in_service_is_listed_when_its_package_is_gone_or_replaced(
    settings: Settings, first: Path, *, replaced: bool
) -> None:
    app = create_app(settings)
    app.extensions[EXTENSION].slot.wait(60)
    served = app.extensions[EXTENSION].slot.card
    if replaced:
        change_card(first, operating_points=None)
    else:
        shutil.rmtree(first)
    client = app.test_client()
    items = client.get("/v1/models").json["items"]  # type: ignore[index]
    assert [item["card"] for item in items if item["active"]] == [served.model_dump(mode="json")]
    assert len(items) == 1 + replaced
    assert client.get("/v1/models/tiny/operating-points").status_code == 200


@pytest.mark.parametrize("gone", ["", WEIGHTS])
def test_a_package_that_is_taken_away_leaves_its_place_to_the_one_before(
    settings: Settings, first: Path, gone: str
) -> None:
    second = newer(first, "2")
    worker = Worker(settings)
    # the card is kept where its sheets are to be judged at other thresholds
    (second / gone).unlink() if gone else shutil.rmtree(second)
    worker.chooser.ask()
    assert worker.look() == "tiny/1"
    worker.chooser.forget()
    restarted = Worker(settings)
    assert (restarted.look(), restarted.chooser.complaints()) == ("tiny/1", [])


def test_a_service_without_a_model_gets_one_when_asked(settings: Settings, first: Path) -> None:
    broken(first)
    one, two = Worker(settings), Worker(settings)
    with pytest.raises(NotReady, match="No model is in service: model tiny/1: its card has no tolerance"):
        _ = two.slot.model
    newer(first, "2", tolerance={"f32": {"dice": 0.999, "map_mae": 0.002}})
    one.chooser.ask()
    assert (one.look(), two.look()) == ("tiny/2", "tiny/2")


@pytest.mark.parametrize("full_for", [[(shutil, "copyfile")], [(shutil, "copyfile"), (Path, "write_text")]])
def test_a_service_that_began_on_a_full_disk_gets_its_model_when_there_is_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, full_for: list[tuple[object, str]]
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        for owner, name in full_for:
            patch.setattr(owner, name, full)
        one, two = Worker(settings), Worker(settings)
    assert not list(settings.state_dir.glob("serving/package-*"))
    with pytest.raises(NotReady, match="No space left on device"):
        _ = one.slot.model
    run_until_sleep(2, partial(one.chooser.attend, one.slot), monkeypatch)
    assert one.slot.card is None
    monkeypatch.setattr("defect_api.model_choice.RETRY_S", 0)
    for worker in (one, two):
        run_until_sleep(2, partial(worker.chooser.attend, worker.slot), monkeypatch)
        assert worker.slot.model.package.key == "tiny/1"


def test_a_state_folder_that_cannot_be_written_is_told_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(settings)
    refusal, gone = OSError(errno.EROFS, "Read-only file system"), FileNotFoundError()
    # it is mended for one look, and goes wrong again
    monkeypatch.setattr(Path, "unlink", Mock(side_effect=[refusal, refusal, refusal, gone, refusal, refusal]))
    run_until_sleep(7, partial(worker.chooser.attend, worker.slot), monkeypatch)
    assert caplog.messages.count("the choice of the model cannot be followed") == 2
    assert worker.slot.model.package.key == "tiny/1"


def test_a_copy_that_cannot_be_loaded_leaves_what_is_in_service_and_is_tried_again(
    settings: Settings, first: Path
) -> None:
    one, two = Worker(settings), Worker(settings)
    newer(first, "2")
    one.chooser.ask()
    one.look()
    (weights,) = settings.state_dir.glob("serving/package-*/tiny/2/model.keras")
    whole = weights.read_bytes()
    weights.write_bytes(b"")
    for _ in range(2):
        with pytest.raises(PackageError, match="digest differs"):
            two.look()
        assert two.slot.model.package.key == "tiny/1"
        (complaint,) = two.slot.complaints
        assert "digest differs" in complaint
    weights.write_bytes(whole)
    assert two.look() == "tiny/2"
    assert two.slot.complaints == []


def test_a_worker_that_is_overtaken_while_it_loads_serves_what_is_chosen_then(
    settings: Settings, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Worker(settings)

    def overtaken(package: ModelPackage, engines: Engines, option: Option) -> Loaded:
        monkeypatch.setattr("defect_api.model_choice.load_package", load_package)
        newer(first, "2")
        for _ in range(2):
            one.chooser.ask()
            one.look()
        return load_package(package, engines, option)

    monkeypatch.setattr("defect_api.model_choice.load_package", overtaken)
    assert Worker(settings).slot.model.package.key == "tiny/2"


def test_no_more_copies_are_kept_than_may_be_in_use(settings: Settings, first: Path) -> None:
    worker = Worker(settings)
    for version in ("2", "3", "4"):
        newer(first, version)
        worker.chooser.ask()
        worker.look()
    broken(newer(first, "5"))
    worker.chooser.ask()
    assert worker.look() == "tiny/4"
    assert len(list(settings.state_dir.glob("serving/package-*"))) <= 2


def test_a_models_folder_that_is_read_only_will_do(settings: Settings, first: Path) -> None:
    for path in (*first.rglob("*"), first):
        path.chmod(0o555)
    worker = Worker(settings)
    assert worker.look() == "tiny/1"
    worker.chooser.forget()
    assert not (settings.state_dir / "serving").exists()


def test_a_start_forgets_what_an_earlier_one_chose(settings: Settings, first: Path) -> None:
    Worker(settings)
    newer(first, "2")
    ModelChooser(settings).forget()
    assert Worker(settings).look() == "tiny/2"


def test_asking_before_there_is_anything_harms_nobody(settings: Settings) -> None:
    ModelChooser(settings).ask()


def test_readiness_and_the_list_of_models_tell_what_is_not_served(settings: Settings, first: Path) -> None:
    broken(newer(first, "2"))
    client = create_app(settings).test_client()
    wait_until(lambda: client.get("/readyz").status_code == 200, "the model was not served")
    for address in ("/readyz", "/v1/models"):
        document = client.get(address).json
        assert document is not None
        assert document["complaints"] == ["model tiny/2: its card has no tolerance for f32"]
