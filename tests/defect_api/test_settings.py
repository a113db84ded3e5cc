"""The settings of the service, and what it makes of the machine's CPUs where they leave that open."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from defect_api import settings as settings_module
from defect_api.settings import Settings, available_cpus


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_UPLOAD_MB", "3")
    monkeypatch.setenv("QUEUE", "5")
    settings = Settings()
    assert settings.max_upload_bytes == 3 * 1024 * 1024
    assert settings.request_threads > 5


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(Settings(api_token="secret"))
    with pytest.raises(ValidationError, match="set together") as error:
        Settings(api_token="secret", mm_per_px_y=1)
    assert "secret" not in str(error.value)


def test_workers_share_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "available_cpus", lambda: 8)
    assert Settings(workers=2).cpu_threads == 4
    assert Settings(workers=16).cpu_threads == 1
    assert (Settings().processes, Settings().cpu_threads) == (4, 2)


@pytest.mark.parametrize(("cpus", "processes"), [(1, 2), (64, 8)])
def test_there_are_two_workers_even_on_one_cpu_and_no_more_than_memory_holds(
    monkeypatch: pytest.MonkeyPatch, cpus: int, processes: int
) -> None:
    monkeypatch.setattr(settings_module, "available_cpus", lambda: cpus)
    assert Settings().processes == processes


def test_the_cgroups_quota_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr(settings_module, "_cgroup_v2_quota", lambda: 2.5)
    assert available_cpus() == 2


NONE, TWO_AND_A_HALF, FOUR = "max 100000", "250000 100000", "400000 100000"


@pytest.mark.parametrize(
    ("member_of", "quotas", "expected"),
    [
        # a container's own group is all that it sees
        ("0::/", {"": NONE}, None),
        ("0::/", {"": TWO_AND_A_HALF}, 2.5),
        # a unit of systemd's has no such file at the root, and its slice may have a quota too
        ("0::/system.slice/sheets.service", {"system.slice": NONE, "system.slice/sheets.service": FOUR}, 4),
        ("0::/a.slice/sheets.service", {"a.slice": TWO_AND_A_HALF, "a.slice/sheets.service": FOUR}, 2.5),
        ("4:cpu:/elsewhere\n0::/", {"elsewhere": TWO_AND_A_HALF}, None),
    ],
)
def test_a_cgroup_v2_quota_is_read(
    tmp_path: Path, member_of: str, quotas: dict[str, str], expected: float | None
) -> None:
    root, membership = tmp_path / "root", tmp_path / "cgroup"
    membership.write_text(f"{member_of}\n")
    for folder, quota in quotas.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "cpu.max").write_text(f"{quota}\n")
    assert settings_module._cgroup_v2_quota(root, membership) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", None), ("150000", 1.5)])
def test_a_cgroup_v1_quota_is_read(tmp_path: Path, quota: str, expected: float | None) -> None:
    (tmp_path / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu.cfs_period_us").write_text("100000")
    assert settings_module._cgroup_v1_quota(tmp_path) == expected


def test_a_machine_without_cgroups_has_no_quota(tmp_path: Path) -> None:
    assert settings_module._cgroup_v2_quota(tmp_path / "root", tmp_path / "cgroup") is None
    assert settings_module._cgroup_v1_quota(tmp_path) is None
