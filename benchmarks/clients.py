"""The programs that put a service under load: wrk, whose clients wait for answers, and locust, which does not."""

import csv
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent / "load"
# seconds after which a user of locust's posts again: longer than any answer takes, so that no arrival waits for one
PERIOD_S = 4
RUNS = count()


@dataclass(frozen=True)
class Load:
    """What clients saw: answers, refusals (503) and other failures; seconds; latencies in ms."""

    told: int
    refused: int
    other: int
    seconds: float
    p50: float
    p95: float
    p99: float
    most: float

    @property
    def rate(self) -> float:
        """Return the answers a second."""
        return self.told / self.seconds


def middle(loads: list[Load], figure: str) -> float:
    """Return the median of a figure over several runs."""
    return float(median(getattr(load, figure) for load in loads))


@contextmanager
def sheets(pictures: list[bytes]) -> Iterator[Path]:
    """Give a folder with the pictures as files."""
    with tempfile.TemporaryDirectory() as folder:
        for number, picture in enumerate(pictures):
            (Path(folder) / f"{number:03}.jpg").write_bytes(picture)
        yield Path(folder)


def wrk(url: str, folder: Path, clients: int, seconds: float) -> Load:
    """Have a number of clients post one sheet after the other to `url`. Raises CalledProcessError where wrk fails."""
    threads = 1 if clients == 1 else 2
    command = [
        "wrk",
        f"-t{threads}",
        f"-c{clients}",
        f"-d{math.ceil(seconds)}s",
        "--timeout=30s",
        "-s",
        str(HERE / "post.lua"),
    ]
    names = [f"closed-{os.getpid()}-{next(RUNS)}", *map(str, sorted(folder.iterdir()))]
    done = subprocess.run([*command, url, "--", *names], check=True, capture_output=True, text=True)  # noqa: S603  # wrk
    return Load(**json.loads(done.stdout.strip().splitlines()[-1]))


def locust(url: str, folder: Path, rate: float, seconds: float) -> Load:
    """Have sheets arrive at `url`, a host, at `rate` a second. Raises CalledProcessError where locust fails."""
    users = math.ceil(rate * PERIOD_S)
    with tempfile.TemporaryDirectory() as place:
        # all are there at once and begin one after the other
        spawning = [
            "--users",
            str(users),
            "--spawn-rate",
            str(users),
            "--run-time",
            f"{math.ceil(seconds + PERIOD_S)}s",
            "--exit-code-on-error",
            "0",
        ]
        command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py"), "--headless", *spawning]
        environment = {**os.environ, "RATE": str(rate), "USERS": str(users), "PICTURES": str(folder)}
        subprocess.run(  # noqa: S603  # locust
            [*command, "--host", url, "--csv", f"{place}/found"], env=environment, check=True, capture_output=True
        )
        return _locusts(Path(place) / "found_stats.csv", seconds + PERIOD_S)


def _locusts(path: Path, seconds: float) -> Load:
    with path.open() as file:
        total = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    asked, failed = int(total["Request Count"]), int(total["Failure Count"])
    p50, p95, p99, most = (float(total[name]) for name in ("50%", "95%", "99%", "Max Response Time"))
    return Load(asked - failed, 0, failed, seconds, p50, p95, p99, most)


def check() -> None:
    """End with a sentence where wrk is missing."""
    if not shutil.which("wrk"):
        sys.exit("wrk is missing; on Debian: apt install wrk")
