"""The command line: `python -m training COMMAND`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow, which is chatty

import sys

from training.commands import main

if __name__ == "__main__":
    sys.exit(main())
