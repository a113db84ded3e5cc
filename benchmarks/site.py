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
from pathlib import Path
from typing import Any

import cv2
import requests

from tests.system import chromium
from tests.system.platform import running_platform
from training import sheets

NODE_MODULES = Path(__file__).resolve().parents[1] / "flask_app/node_modules"
CATEGORIES = ("performance", "accessibility", "best-practices")
DEVICES = {"phone": [], "desktop": ["--preset=desktop"]}
SHEETS = 12
GENEROUS = {"RATE_LIMIT": "1000", "UPLOAD_RATE_LIMIT": "1000"}


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
    yield "Made by `make lighthouse`: Lighthouse's scores of 100, and the script of a page as it is sent (gzip).\n"
    yield "| page | device | performance | accessibility | best practices | script, kB |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for name, path in pages.items():
        for device, options in DEVICES.items():
            report = lighthouse(address + path, options)
            scores = " | ".join(f"{100 * report['categories'][category]['score']:.0f}" for category in CATEGORIES)
            yield f"| {name} | {device} | {scores} | {script_bytes(report) / 1000:.1f} |"


def lighthouse(url: str, options: list[str]) -> dict[str, Any]:
    """Return Lighthouse's report of a page. Raises CalledProcessError with what it said."""
    flags = " ".join(["--headless=new", *chromium.ARGUMENTS])
    command = [NODE_MODULES / ".bin/lighthouse", url, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    node = Path(sys.executable).parent
    found = subprocess.run(  # noqa: S603  # a program of the project's own
        [*command, f"--only-categories={','.join(CATEGORIES)}", *options],
        env={**os.environ, "PATH": f"{node}:{os.environ['PATH']}", "CHROME_PATH": str(chromium.EXECUTABLE)},
        stdout=subprocess.PIPE,
        check=True,
    )
    report: dict[str, Any] = json.loads(found.stdout)
    return report


def script_bytes(report: dict[str, Any]) -> int:
    """Return the bytes of script that the page loaded."""
    requested = report["audits"]["network-requests"]["details"]["items"]
    return sum(item["transferSize"] for item in requested if item.get("resourceType") == "Script")


if __name__ == "__main__":
    main()
