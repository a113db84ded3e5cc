"""What a run starts from, as its folder keeps it."""

from pathlib import Path

import pytest

from defect_api.model_package import find_packages
from defect_api.settings import SHIPPED_MODELS
from training import recipe, starts
from training.commands import OWN_RECIPE
from training.examples import DataError
from training.starts import Start


def test_a_package_is_known_by_its_weights() -> None:
    package = find_packages(SHIPPED_MODELS)[0][0]
    assert starts.chosen(str(package.path)).digest == package.card.digest


def test_a_run_goes_on_from_the_very_weights_it_began_with(tmp_path: Path) -> None:
    began = Start(name="models/plant/1", data=(), digest="sha256:1")
    starts.check_kept(began, tmp_path)
    starts.keep(began, tmp_path)
    starts.check_kept(began, tmp_path)
    with pytest.raises(DataError, match="another start, models/plant/1 with other weights; choose that, or another fo"):
        starts.check_kept(began.model_copy(update={"digest": "sha256:2"}), tmp_path)


def test_a_run_that_was_begun_before_digests_were_kept_goes_on(tmp_path: Path) -> None:
    starts.keep(Start(name="models/plant/1", data=()), tmp_path)
    starts.check_kept(Start(name="models/plant/1", data=(), digest="sha256:1"), tmp_path)


@pytest.mark.parametrize(
    ("began", "goes_on"),
    [
        (Start(name="models/plant/1", data=(), digest="sha256:1"), "models/plant/1"),
        (Start(name=starts.IMAGENET, data=()), starts.IMAGENET),
        (Start(name=starts.ALONG, data=()), ""),
    ],
)
def test_a_run_for_which_no_start_is_chosen_goes_on_from_its_own(tmp_path: Path, began: Start, goes_on: str) -> None:
    starts.keep(began, tmp_path)
    assert starts.usual(recipe.load(OWN_RECIPE), tmp_path) == goes_on


def test_a_package_s_folder_is_the_same_with_a_slash_at_its_end() -> None:
    folder = str(find_packages(SHIPPED_MODELS)[0][0].path)
    assert starts.chosen(f"{folder}/") == starts.chosen(folder)
