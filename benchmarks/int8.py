"""What integers gain on this processor: `python -m benchmarks.int8 PACKAGE`, one that `python -m training int8` wrote.

Its int8 form is timed against the f32 one, in turn; what it loses of overlap stands in the package's card.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.engines import HEIGHT, WIDTH, segmented
from benchmarks.timing import alternate
from defect_api import compiled_form
from defect_api.model_package import read_package
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.places import Places
from defect_api.segmenter import padded
from training import int8, sheets


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.int8", description=__doc__)
    parser.add_argument("package", type=Path, help="a package's folder")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    package = read_package(options.package.resolve())
    with tempfile.TemporaryDirectory() as forms:
        networks = {
            "f32": compiled_form.make(package, "f32", Path(forms)),
            "int8": compiled_form.bring(package, int8.PRECISION),
        }
        engines = {name: OpenVinoSegmenter(file, name, options.cores, Places(1)) for name, file in networks.items()}
    sheet = sheets.generate(1, height=HEIGHT, width=WIDTH, defects=[3, 4]).image
    pixels = padded(sheet, package.card.input.stride)
    works = {name: lambda engine=engine: segmented(engine, pixels) for name, engine in engines.items()}
    times = alternate(works, options.rounds)
    base = times["f32"]
    for name, each in times.items():
        print(f"{name:5} {each.ms:6.1f} ms, {each.ms / base.ms:.2f} of f32's (CPU: {each.cpu_ms / base.cpu_ms:.2f})")
    print(*(f"{figure.name}: {figure.method}" for figure in package.card.metrics if figure.name == int8.METRIC))


if __name__ == "__main__":
    main()
