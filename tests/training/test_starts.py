"""What a run starts from, as its folder keeps it."""

from pathlib import Path

import pytest

from defect_api.model_package import find_packages
from defect_api.settings import SHIPPED_MODELS
from training import starts
from training.examples import DataError
from training.starts import Start


def test_a_package_is_known_by_its_weights() -> None:
    package = find_packages(SHIPPED_MODELS)[0][0]
    assert starts.chosen(str(package.path)).digest == package.card.digest


def test_a_run_goes_on_from_the_very_weights_it_began_with(tmp_path: Path) -> None:
    began = Start(name="models/plant/1", data=(), digest="sha256:1")
    starts.keep(began, tmp_path)
    starts.keep(began, tmp_path)
    with pytest.raises(DataError, match="another start, models/plant/1 with other weights; choose another folder"):
        starts.keep(began.model_copy(update={"digest": "sha256:2"}), tmp_path)


def test_a_run_that_was_begun_before_digests_were_kept_goes_on(tmp_path: Path) -> None:
    starts.keep(Start(name="models/plant/1", data=()), tmp_path)
    starts.keep(Start(name="models/plant/1", data=(), digest="sha256:1"), tmp_path)
