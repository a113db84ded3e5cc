"""How soon the REST service is ready, and what memory its workers take: `python -m benchmarks.start`.

For each engine a first start, in which OpenVINO's form is made of the package's `model.keras`, and a later one, with an
empty media volume. A package or an image that brings the form has no first start. Memory is taken after some sheets.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks import served
from benchmarks.results import Section
from tests.system.platform import Platform, start

ENGINES = ("openvino", "keras")
POLL_S, DEADLINE_S = 0.05, 600  # more looks would take the time of what is looked at
SHEETS = 24
MOST_S, MOST_MB = 4.0, 700.0
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and publish."""
    section = Section("start", "Start and memory")
    section.say("From the start of the whole platform to the first 200 of `/readyz`; workers after some sheets.")
    rows = []
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as home:
            rows += [(engine, kind, *measured(Path(home), engine)) for kind in ("first", "later")]
    heads = ["engine", "start", "ready, s", "of that CPU, s", "largest worker PSS, MB", "RSS, MB"]
    section.table(
        heads, [[*row[:2], f"{row[2]:.1f}", f"{row[3]:.1f}", *(f"{mb:.0f}" for mb in row[4:])] for row in rows]
    )
    (later,) = [row for row in rows if row[:2] == ("openvino", "later")]
    section.goal(
        "time to ready on OpenVINO, at every start after the first",
        f"at most {MOST_S:.0f} s",
        f"{later[2]:.1f} s",
        reached=later[2] <= MOST_S,
    )
    section.goal(
        "memory of a worker on OpenVINO at its start (RSS)", f"at most {MOST_MB:.0f} MB", f"{later[5]:.0f} MB",
        reached=later[5] <= MOST_MB,
    )  # fmt: skip
    section.publish(f"{'/'.join(served.newest().parts[-2:])} on both engines")


def measured(home: Path, engine: str) -> tuple[float, float, float, float]:
    """Start a platform; return seconds until it is ready, CPU seconds until then, and PSS and RSS of a worker, MB."""
    begun = time.perf_counter()
    with running(home, engine) as platform:
        while not is_ready(platform):
            if time.perf_counter() - begun > DEADLINE_S:
                raise RuntimeError(f"not ready after {DEADLINE_S} s\n{platform.log}")
            time.sleep(POLL_S)
        ready = time.perf_counter() - begun
        cpu = sum(cpu_seconds(pid) for pid in platform.members("api"))
        platform.wait_until_ready()
        for number, picture in enumerate(served.pictures(SHEETS)):
            files = {"image": (f"{number}.jpg", picture)}
            requests.post(f"{platform.url}/api/v1/inspections", files=files, timeout=60).raise_for_status()
        _, *workers = platform.members("api")
        pss, rss = (max(memory(pid, kind) for pid in workers) for kind in ("Pss", "Rss"))
        return ready, cpu, pss, rss


@contextmanager
def running(home: Path, engine: str) -> Iterator[Platform]:
    """Run a platform on one engine, with what it finds and leaves in `home`."""
    platform = start(home, **{**served.PLATFORM, "ENGINE": engine})
    try:
        yield platform
    finally:
        platform.stop()


def is_ready(platform: Platform) -> bool:
    """Tell whether a worker of the REST service has a proven model."""
    try:
        return requests.get(f"{platform.url}/api/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def cpu_seconds(pid: int) -> float:
    """Return what a process has computed, its ended children included."""
    times = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:15]
    return sum(map(int, times)) / TICKS


def memory(pid: int, kind: str) -> float:
    """Return `Pss` or `Rss` of a process, MB; nothing where it has ended, as one does that makes a form."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(next(line for line in lines if line.startswith(f"{kind}:")).split()[1]) / 1000


if __name__ == "__main__":
    main()
