"""What the shipped package refuses: no steel, whatever its size; not the sheets that it was made for."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from defect_api.conditions import reasons
from defect_api.model_package import find_candidates
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from tests.training.drawn import drawn_folder, shipped_for
from training import foreign, sheets
from training.commands import MODELS, main
from training.examples import Picture


@pytest.fixture(scope="module")
def shipped() -> ServedModel:
    [package, *_], _ = find_candidates(MODELS, "steel-unet")
    return ServedModel(package, KerasSegmenter(package.weights))


def refused(model: ServedModel, picture: Picture) -> bool:
    return bool(reasons(model.maps(picture).observed))


def test_photographs_documents_noise_and_blanks_are_refused(shipped: ServedModel) -> None:
    counted = Counter((kind, refused(shipped, picture)) for kind, picture in foreign.pictures())
    assert set(counted) == {(kind, True) for kind in ("photographs", "document scans", "noise", "blanks")}


def test_of_further_pictures_two_photographs_may_pass(shipped: ServedModel) -> None:
    passed = Counter(kind for kind, picture in foreign.further() if not refused(shipped, picture))
    assert passed <= Counter({"photographs, not enlarged": 2})


def test_further_pictures_are_sheets_in_size_but_not_in_kind() -> None:
    counted = Counter(kind for kind, _ in foreign.further())
    assert counted == {"photographs, not enlarged": 18, "a medical scan": 6, "relief": 6}
    assert all(picture.shape[0] in (128, 256) and np.ptp(picture) > 0 for _, picture in foreign.further())


def test_generated_sheets_of_both_sizes_are_judged(shipped: ServedModel) -> None:
    for height, width in foreign.SIZES:
        made = [sheets.generate(seed, height=height, width=width).image for seed in range(3)]
        assert not any(refused(shipped, picture) for picture in made)


def test_the_rates_are_printed_with_their_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = shipped_for(drawn_folder(tmp_path / "rolls", 3), tmp_path)
    monkeypatch.setattr(foreign, "further", lambda: iter([]))
    monkeypatch.setattr(foreign, "pictures", lambda: iter([("noise", foreign.document(0, 128, 800, 18))]))
    assert main(["refusals", "--package", str(package), "--data", str(tmp_path / "rolls")]) == 0
    printed = capsys.readouterr().out
    assert "real sheets, which the limits were set on: 0 of 3 refused, 0.0 per 100 [0.0, " in printed
    assert "real sheets, with noise of 40 grey levels: " in printed
    assert "real sheets, in 0.1 times their light: " in printed
    assert "noise: 1 of 1 refused, 100.0 per 100" in printed
    assert "the card says" in printed
