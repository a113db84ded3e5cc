"""Measures the site's pages: Lighthouse's scores and the script that a page loads. `make lighthouse` writes SITE.md.

The platform is started for it, with generated sheets; the browser is Debian's Chromium. Scores are Lighthouse's, of
100, for the telephone on a slow network that it simulates by default, and for a desktop.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import requests

from benchmarks.served import GENEROUS
from tests.system import chromium
from tests.system.platform import running_platform
from training import sheets

NODE_MODULES = Path(__file__).resolve().parents[1] / "flask_app/node_modules"
CATEGORIES = ("performance", "accessibility", "best-practices")
DEVICES = {"phone": [], "desktop": ["--preset=desktop"]}
SHEETS = 12
# a machine that does something else for a second spoils one run, not three of five
RUNS = 5
ATTEMPTS = 3


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, running_platform(Path(folder), **GENEROUS) as address:
        pages = {
            "upload": "/upload",
            "prediction": inspect(address),
            "history": "/history",
            "statistics": "/statistics",
        }
        sys.stdout.write("\n".join(table(address, pages)) + "\n")


def inspect(address: str) -> str:
    """Have generated sheets judged; return the path of the last one's prediction."""
    for seed in range(SHEETS):
        picture = cv2.imencode(".png", sheets.generate(seed, defects=[3] if seed % 2 else []).image)[1].tobytes()
        files = {"image": (f"coil-{seed}.png", picture)}
        record = requests.post(f"{address}/api/v1/inspections", files=files, timeout=120).json()
    return f"/prediction?filename={record['files']['original']}"


def table(address: str, pages: dict[str, str]) -> Iterator[str]:
    """Yield the lines of a Markdown table, a row a page and device."""
    yield "# The site's pages\n"
    yield f"Made by `make lighthouse` on {datetime.now(UTC):%Y-%m-%d}: Lighthouse's scores of 100, each the median of"
    yield f"{RUNS} runs, and the script of a page as it is sent (gzip). TBT is for how long the page could not answer"
    yield "while it loaded.\n"
    yield "| page | device | performance | accessibility | best practices | TBT, ms | script, kB |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for page, path in pages.items():
        for device, options in DEVICES.items():
            reports = [lighthouse(address + path, options) for _ in range(RUNS)]
            scores = (
                median(100 * report["categories"][category]["score"] for report in reports) for category in CATEGORIES
            )
            blocked = median(report["audits"]["total-blocking-time"]["numericValue"] for report in reports)
            row = " | ".join(f"{score:.0f}" for score in scores)
            yield f"| {page} | {device} | {row} | {blocked:.0f} | {script_bytes(reports[0]) / 1000:.1f} |"


def lighthouse(url: str, options: list[str]) -> dict[str, Any]:
    """Return Lighthouse's report of a page. Raises RuntimeError with what it said where it could not measure."""
    for _ in range(ATTEMPTS):
        done = run_lighthouse(url, options)
        if done.returncode == 0:
            report: dict[str, Any] = json.loads(done.stdout)
            return report
    raise RuntimeError(done.stderr.decode())


def run_lighthouse(url: str, options: list[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run it once; it fails at times, where the browser starts slowly."""
    flags = " ".join(["--headless=new", *chromium.ARGUMENTS])
    command = [str(NODE_MODULES / ".bin/lighthouse"), url, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603  # a program of the project's own
        [*command, f"--only-categories={','.join(CATEGORIES)}", *options],
        env={**os.environ, "PATH": path, "CHROME_PATH": str(chromium.EXECUTABLE)},
        capture_output=True,
        check=False,
    )


def script_bytes(report: dict[str, Any]) -> int:
    """Return the bytes of script that the page loaded."""
    requested = report["audits"]["network-requests"]["details"]["items"]
    return sum(item["transferSize"] for item in requested if item.get("resourceType") == "Script")


if __name__ == "__main__":
    main()
