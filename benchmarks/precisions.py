"""What coarser precisions gain on this processor: `python -m benchmarks.precisions PACKAGE [--cores 2]`.

Those that the package may be computed in here are timed in turn; what they lose of overlap stands in its card.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.engines import HEIGHT, WIDTH, segmented
from benchmarks.timing import alternate
from defect_api.engines import Engines
from defect_api.model_package import read_package
from defect_api.segmenter import Segmenter, padded
from defect_api.settings import Settings
from training import precisions, sheets


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precisions", description=__doc__)
    parser.add_argument("package", type=Path, help="a package's folder")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    package = read_package(options.package.resolve())
    with tempfile.TemporaryDirectory() as state:
        engines = Engines(Settings(state_dir=Path(state), workers=1, predict_threads=options.cores))
        loaded: dict[str, Segmenter] = {
            option.precision: engines.load(package, option) for option in engines.options(package)[0]
        }
    pixels = padded(sheets.generate(1, height=HEIGHT, width=WIDTH, defects=[3, 4]).image, package.card.input.stride)
    works = {name: lambda engine=engine: segmented(engine, pixels) for name, engine in loaded.items()}
    times = alternate(works, options.rounds)
    base = times["f32"]
    for name, each in times.items():
        print(f"{name:5} {each.ms:6.1f} ms, {each.ms / base.ms:.2f} of f32's (CPU: {each.cpu_ms / base.cpu_ms:.2f})")
    told = {precisions.name(name) for name in loaded}
    print(*(f"{figure.name}: {figure.method}" for figure in package.card.metrics if figure.name in told), sep="\n")


if __name__ == "__main__":
    main()
