"""`python -m defect_api.keras_trial PACKAGE`: proves a package on Keras, and says what is wrong if it fails.

A worker has this done apart before it runs a package on Keras for want of another engine: it may be wrong there too,
and then another package is served.
"""

import sys
from pathlib import Path

from defect_api.apart import end_with_parent
from defect_api.engines import KERAS, Engines
from defect_api.loading import load_package
from defect_api.model_package import PackageError, read_package
from defect_api.settings import Settings


def main(arguments: list[str]) -> int:
    """Prove the package that the command line names; return the exit status."""
    try:
        load_package(read_package(Path(arguments[0])), Engines(Settings()), KERAS)
    except PackageError as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(sys.argv[1:]))
