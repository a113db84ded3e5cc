"""Exports a package's `model.keras` as an OpenVINO network; `python -m defect_api.openvino_export` is a process for it.

Nothing else that serves imports this module: it needs Keras and TensorFlow, whose memory ends with that process.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

UNREADABLE = 3  # exit status where Keras cannot load the file at all


class Unreadable(ValueError):
    """The file is no network that Keras can load."""


def export(weights: Path, height: int, width: int, path: Path) -> None:
    """Write `path` (.xml) and its weights beside it (.bin) from a package's `model.keras`.

    The network is traced with uint8 (1, height, width, 1): Keras's export cannot resize maps whose size is open.
    OpenVINO can give what was exported other sizes. Raises Unreadable, and ValueError where the network takes no such
    size.
    """
    # the converter would report its use to its makers, and this system reports nothing to anybody
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # how Python says 'not installed'
    import keras

    pixels = keras.Input((height, width, 1), batch_size=1, dtype="uint8", name="pixels")
    network = _load(weights)
    path.parent.mkdir(parents=True, exist_ok=True)
    with patch.object(keras.layers.UpSampling2D, "call", _enlarge):
        keras.Model(pixels, network(pixels), name="fixed_size").export(str(path), format="openvino", verbose=False)


def _enlarge(layer: Any, maps: Any) -> Any:
    """Enlarge maps as Keras's UpSampling2D does, but in one step that OpenVINO knows, whatever their size will be.

    Keras repeats rows and then columns, which takes OpenVINO a quarter of the network's time.
    """
    import tensorflow as tf

    return tf.image.resize(maps, tf.shape(maps)[1:3] * tf.constant(layer.size), method=layer.interpolation)


def _load(weights: Path) -> Any:
    import keras

    try:
        return keras.saving.load_model(weights, compile=False, safe_mode=True)
    # what stands in a file decides what Keras raises
    except Exception as error:
        raise Unreadable(f"{weights} cannot be read as a network") from error


def main(arguments: list[str] | None = None) -> int:
    """Export as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m defect_api.openvino_export", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path, help="the .xml to write")
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--width", type=int, required=True)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        export(options.weights, options.height, options.width, options.out)
    except Unreadable as error:
        sys.stderr.write(f"{error}: {error.__cause__}\n")
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
