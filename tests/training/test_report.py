"""The report of a run: one page that needs nothing beside it, and pictures that git never sees."""

import base64
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser

from defect_api import thresholds
from defect_api.card import PixelThreshold, Platt
from tests.training.test_fit import full_disk
from training import curves, datasets, history, page, plots, predictions, report, sheets, showcase
from training.commands import OWN_RECIPE as RECIPE
from training.commands import main
from training.datasets import Dataset
from training.evaluation import Judged
from training.examples import DataError
from training.operating_point import OperatingPoint
from training.predictions import Prediction
from training.runs import Run

POINT = OperatingPoint(
    PixelThreshold(value=0.5, uncertainty=0, min_region_px=1),
    Platt(method="platt", feature="mean_of_largest", pixels=8, slope=1, intercept=0),
)


def prediction(name: str, mask: np.ndarray, sureness: float) -> Prediction:
    """Make what a network might say: the truth blurred, more or less sure of itself, with some noise."""
    rng = np.random.default_rng(len(name))
    blurred = cv2.GaussianBlur((mask > 0).astype(np.float32), (0, 0), 4)
    q = np.clip(255 * (sureness * blurred + 0.2 * rng.random(mask.shape)), 0, 255).astype(np.uint8)
    return Prediction(name, q, np.where(mask > 0, mask - 1, 0).astype(np.uint8), mask)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Make a run of two folds, each of three defective and three clean pictures."""
    place = tmp_path_factory.mktemp("run")
    sheets.write(place / "rolls", count=12, seed=30, height=64, width=320)
    (place / "rolls" / "classes.txt").write_text("pit\nline\nscratch\npatch\n")
    for number in range(12):
        sheet = sheets.generate(30 + number, height=64, width=320, defects=[1 + number % 4] if number < 6 else [])
        for folder, pixels in (("rolls", sheet.image), ("rolls/masks", sheet.mask)):
            assert cv2.imwrite(str(place / folder / f"sheet-{number + 1:04}.png"), pixels)
    dataset = datasets.find(place / "rolls")
    made = Run(place / "run", dataset, RECIPE)
    for fold in range(2):
        of_fold = [
            prediction(e.name, e.load()[1], 0.6 + 0.05 * i) for i, e in enumerate(dataset.examples) if i % 2 == fold
        ]
        predictions.save(of_fold, made.folder / f"fold-{fold}" / "predictions")
        for stage, start in ((0, 1.5), (1, 0.9)):
            (made.folder / f"fold-{fold}" / f"stage-{stage}").mkdir()
            kept = history.History(made.folder / f"fold-{fold}" / f"stage-{stage}", 0)
            kept.add(history.Row(20, start, 1e-3, 0.5))
    return made


def test_the_page_needs_nothing_beside_it_and_says_what_was_measured(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tried.md").write_text("# What was tried\n\n| what | gave |\n| --- | --- |\n| more crops | 0.61 |\n")
    found = report.find(run, resamples=20)

    page.write(run, found, tmp_path / "report.html", notes=tmp_path / "tried.md")
    html = (tmp_path / "report.html").read_text()

    assert set(re.findall(r'(?:src|href)="([^:"]*):', html)) == {"data"}
    assert len(re.findall(r'<img src="data:image/svg', html)) == 6
    for figure in found.figures:
        assert f"{figure.value:.3f}" in html or f"{figure.value:.1f}" in html
    for wanted in ("12 pictures judged, 6 with defects and 6 clean", "<td>scratch</td>", "<td>more crops</td>"):
        assert wanted in html
    assert "from a network and a calibration that never saw it" in html
    assert "each with the rule for regions that the other folds chose" in html
    assert "Conformal risk control" in html
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".md"] == ["report.html"]


LETTERS_PX = plots.STYLE["font.size"] * 96 / 72


def test_nothing_is_cut_or_too_small_on_a_phone(run: Run, tmp_path: Path, browser: Browser) -> None:
    page.write(run, report.find(run, resamples=2), tmp_path / "report.html")

    with browser.new_context(viewport={"width": 375, "height": 740}) as phone:
        shown = phone.new_page()
        shown.goto((tmp_path / "report.html").as_uri())
        sections = "[...document.querySelectorAll('section')].filter(s => s.scrollWidth > s.clientWidth)"
        assert shown.evaluate(f"{sections}.map(s => s.querySelector('h2').textContent)") == []
        scales = shown.evaluate("[...document.images].map(drawn => drawn.width / drawn.naturalWidth)")
        assert min(scales) * LETTERS_PX > 8


def test_measured_speed_is_shown(run: Run, tmp_path: Path) -> None:
    row = (
        '{"engine": "openvino", "width": 1600, "height": 256, "cores": 2, "median_ms": 41.5, "largest_difference": 0.0}'
    )
    (run.folder / page.SPEED).write_text(f"[{row}]")

    page.write(run, report.find(run, resamples=2), tmp_path / "report.html")

    assert '<td class="n">41.5</td>' in (tmp_path / "report.html").read_text()


def test_overlap_against_time_is_drawn(run: Run, tmp_path: Path) -> None:
    networks = [
        {"network": "wide", "median_ms": 60.0, "dice": 0.6, "interval": [0.5, 0.7], "pictures": 25},
        {"network": "slim", "median_ms": 20.0, "dice": 0.55, "interval": [0.45, 0.65], "pictures": 25},
    ]
    (run.folder / page.TRADEOFF).write_text(json.dumps(networks))

    page.write(run, report.find(run, resamples=2), tmp_path / "report.html")

    html = (tmp_path / "report.html").read_text()
    assert "Dice of several networks against their time" in html
    (drawn,) = re.findall(r'data:image/svg\+xml;base64,([^"]*)" alt="Dice of several', html)
    assert b">wide: 60 ms, 0.60<" in base64.b64decode(drawn)


def test_the_best_and_worst_pictures_lie_where_git_ignores_them(run: Run, tmp_path: Path) -> None:
    judged = Judged.of(run.judged())

    written = showcase.write(judged, run.dataset.examples, tmp_path / "pictures")

    assert (tmp_path / "pictures" / ".gitignore").read_text().splitlines()[-1] == "*"
    shares = [float(path.stem.rsplit("-", 1)[1]) for path in written if path.name.startswith("worst")]
    assert shares == sorted(shares)
    assert all(cv2.imread(str(path)) is not None for path in written)
    shutil.copyfile(written[0], tmp_path / "pictures" / "worst-01-of-an-earlier-run-dice-0.10.png")
    assert showcase.write(judged, run.dataset.examples, tmp_path / "pictures") == written
    assert sorted((tmp_path / "pictures").glob("*.png")) == written


def test_a_folder_of_other_things_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / "best-of-my-own.png").write_text("mine")

    with pytest.raises(DataError, match="holds files that no report wrote; name an empty folder, or a new one"):
        showcase.write(Judged.of(run.judged()), run.dataset.examples, tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "best-of-my-own.png").read_text() == "mine"


def test_a_full_disk_leaves_the_earlier_page_and_nothing_half_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("earlier")

    with full_disk(after=1000), pytest.raises(OSError, match=r"File too large: .*report\.html'$"):
        page.write(run, report.find(run, resamples=2), tmp_path / "report.html")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.html", "earlier")]


def test_the_page_tells_the_whole_rule_for_regions(run: Run, tmp_path: Path) -> None:
    found = report.find(run, resamples=2)
    rule = found.judged.chosen.rule.model_copy(update={"min_region_px": 7, "min_peak": 0.88, "join_px": 4})
    judged = replace(found.judged, chosen=replace(found.judged.chosen, rule=rule))

    page.write(run, replace(found, judged=judged), tmp_path / "report.html")

    html = (tmp_path / "report.html").read_text()
    assert "Regions up to 4 px apart are joined." in html
    assert "Regions under 7 px are dropped, and so are those whose highest pixel is under 0.88." in html


def test_a_run_without_folds_has_no_report(tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Run(tmp_path / "empty", run.dataset, RECIPE)
    data = str(run.folder.parent / "rolls")

    assert main(["report", "--run", str(tmp_path / "empty"), "--data", data, "--out", str(tmp_path / "r.html")]) == 1
    assert "has no fold yet; train one first" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("cut", [1, 3, 4, 100, 255])
def test_the_bound_on_what_is_missed_is_not_rounded_to_another_cut(cut: int) -> None:
    mask = np.ones((8, 8), np.uint8)
    pictures = [Prediction("p", cut * mask, 0 * mask, mask)] * 20

    found = report.bound(Judged(POINT, pictures, [POINT] * len(pictures)), "these")

    shown, interval, *_ = report.table(found).split()
    assert thresholds.cut(float(shown)) == cut
    assert interval == "none"


def test_pictures_that_chose_the_rule_promise_nothing() -> None:
    mask = np.ones((8, 8), np.uint8)
    judged = Judged(POINT, [Prediction("p", 200 * mask, 0 * mask, mask)] * 20, [POINT] * 20)

    assert report.bound(judged, "these")
    assert not report.bound(replace(judged, nested=False), "these")


def test_a_single_fold_is_not_told_to_be_judged_by_what_never_saw_it(run: Run, tmp_path: Path) -> None:
    judged = first_fold(run, run.dataset, tmp_path / "run")

    page.write(judged, report.find(judged, resamples=2), tmp_path / "report.html")

    html = (tmp_path / "report.html").read_text()
    assert "calibration that never saw" not in html
    assert "the rule for regions that was chosen on them" in html
    assert "Conformal" not in html


def test_each_threshold_is_shown_by_each_picture_s_own_rule() -> None:
    mask = np.ones((8, 8), np.uint8)
    rules = [POINT.rule, POINT.rule.model_copy(update={"min_region_px": 65})]

    found = curves.by_threshold([Prediction("p", 255 * mask, 0 * mask, mask)] * 2, rules)

    assert set(found.misses) == {50}


def test_misses_rise_and_false_calls_fall_along_the_thresholds() -> None:
    mask, none = np.ones((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    pictures = [Prediction("p", value * mask, none, truth) for value, truth in ((255, mask), (128, mask), (64, none))]

    found = curves.by_threshold(pictures, [POINT.rule] * 3)

    rows = zip(found.thresholds.tolist(), found.dice, found.misses, found.false_calls, strict=True)
    at = {threshold: figures for threshold, *figures in rows}
    assert at[0.1] == pytest.approx([2 * 2 / (3 + 2), 0, 100])
    assert at[0.4] == [1, 0, 0]
    assert at[0.6] == pytest.approx([2 * 1 / (1 + 2), 50, 0])


def test_each_curve_has_its_axes() -> None:
    probability, defective = np.array([0.9, 0.6, 0.3]), np.array([True, False, True])
    said, true = np.repeat([0.1, 0.8], 10), np.arange(20) % 10 < np.repeat([2, 9], 10)
    pixels = np.zeros((1, 2, 256))
    pixels[0, 0, [0, 250, 255]], pixels[0, 1, 255] = (100, 10, 10), 30

    found = [
        curves.roc(probability, defective),
        curves.precision_recall(probability, defective),
        curves.picture_reliability(said, true),
        curves.pixel_reliability(pixels),
    ]

    for curve, x, y in zip(
        found,
        ([0, 0, 1, 1], [0, 0.5, 0.5, 1], [0.1, 0.8], [0, (40 + 10 * 250 / 255) / 50]),
        ([0, 0.5, 0.5, 1], [1, 1, 0.5, 2 / 3], [0.2, 0.9], [0, 30 / 50]),
        strict=True,
    ):
        assert (curve.x.tolist(), curve.y.tolist()) == (pytest.approx(x), pytest.approx(y))


def test_generated_sheets_tell_how_far_so_few_can_be_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    mask, none = np.ones((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    found, missed, clean = (
        Prediction("p", 255 * q, none, truth) for q, truth in ((mask, mask), (none, mask), (none, none))
    )
    monkeypatch.setattr(predictions, "predict", lambda *_: [*[found] * 4, missed, *[clean] * 5])
    monkeypatch.setattr(sheets, "examples", lambda *_: [])

    misses, calls = report.evaluate_generated(Path("none"), POINT, 32)

    assert (misses.value, misses.interval) == (20, (3.62, 62.45))
    assert (calls.value, calls.interval) == (0, (0, 43.45))


def first_fold(run: Run, dataset: Dataset, place: Path) -> Run:
    """Return a run of which only the first fold is judged: six pictures, with pits and scratches."""
    shutil.copytree(run.folder / "fold-0", place / "fold-0")
    return Run(place, dataset, RECIPE)


def test_the_report_and_the_card_say_what_intervals_assume(run: Run, tmp_path: Path) -> None:
    dataset = replace(run.dataset, examples=[replace(e, scene=e.name[:-1]) for e in run.dataset.examples])

    said = report.how(first_fold(run, dataset, tmp_path / "run"))

    assert "intervals take the 6 pictures, of 2 scenes, as independent" in said


def test_a_class_that_no_mask_shows_has_no_overlap(run: Run, tmp_path: Path) -> None:
    judged = first_fold(run, run.dataset, tmp_path / "run")

    page.write(judged, report.find(judged, resamples=2), tmp_path / "report.html")

    assert '<tr><td>line</td><td class="n">none</td><td class="n"></td>' in (tmp_path / "report.html").read_text()


def test_only_severstal_s_pictures_keep_weights_to_research(run: Run) -> None:
    severstal = replace(run.dataset, citation=datasets.SEVERSTAL[1])

    assert report.licence(run.dataset) == "as the owner of the pictures and the owners of the data sets listed allow"
    assert report.licence(severstal).startswith("research use only")
