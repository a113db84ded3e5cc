"""`python -m defect_api.compile_forms PACKAGE ...`: has packages bring a compiled form, for services without Keras."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from defect_api import compiled_form
from defect_api.engines import Engines
from defect_api.loading import load_package
from defect_api.model_package import PackageError, read_package
from defect_api.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the packages that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m defect_api.compile_forms", description=__doc__)
    parser.add_argument("packages", nargs="+", type=Path, metavar="PACKAGE", help="folder of a model package")
    try:
        for folder in parser.parse_args(arguments).packages:
            sys.stdout.write(f"{compile_package(folder)}\n")
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def compile_package(folder: Path) -> str:
    """Write the package's f32 form and prove it on the golden sheets; return what was done.

    Raises PackageError where it cannot be made or gives other answers than the card's.
    """
    package = read_package(folder.resolve())
    package.verify()
    compiled_form.add(package)
    with tempfile.TemporaryDirectory() as state:
        settings = Settings(state_dir=Path(state), engine="openvino", precision="f32", workers=1)
        loaded = load_package(package, Engines(settings))
    if not loaded.option.brought:
        raise PackageError("; ".join(loaded.complaints))
    return f"{package.path / compiled_form.FORMS / 'f32'} gives the card's answers on OpenVINO"


if __name__ == "__main__":
    sys.exit(main())
