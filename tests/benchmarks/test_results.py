"""What benchmarks publish: one section is renewed at a time, and the tables are made of all."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.results import Section
from benchmarks.timing import alternate


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STORE", "PAGE", "README"):
        monkeypatch.setattr(results, name, tmp_path / name)
    (tmp_path / "README").write_text("before\n<!-- figures: make bench -->\nold\n<!-- /figures -->\nafter\n")
    return tmp_path / "PAGE"


def publish(name: str, line: str, measured: str, *, reached: bool) -> None:
    section = Section(name, name.title())
    section.say(line)
    section.goal(f"what {name} decides", "at most 3", measured, reached=reached)
    section.publish("model/1")


def test_a_section_is_renewed_and_the_others_stay(page: Path) -> None:
    publish("memory", "first memory", "4", reached=False)
    publish("stages", "stages", "2", reached=True)
    publish("memory", "second memory", "3", reached=True)
    text = page.read_text()
    assert "first memory" not in text
    assert text.index("## Stages") < text.index("## Memory") < text.index("second memory")


def test_the_readme_has_the_figures_to_reach(page: Path) -> None:
    publish("stages", "stages", "4", reached=False)
    text = (page.parent / "README").read_text()
    assert "| what stages decides | at most 3 | 4 | no |" in text
    assert text.startswith("before\n")
    assert text.endswith("\n<!-- /figures -->\nafter\n")
    assert "old" not in text


def test_runs_alternate_and_warm_ups_do_not_count() -> None:
    turns: list[str] = []
    times = alternate({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, rounds=3, warm_up=1)
    assert turns == ["a", "b"] * 4
    assert [len(each.clock) for each in times.values()] == [3, 3]
