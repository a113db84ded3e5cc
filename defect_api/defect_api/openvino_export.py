"""Exports a package's `model.keras` as an OpenVINO network; `python -m defect_api.openvino_export` is a process for it.

Nothing else that serves imports this module: it needs Keras and TensorFlow, whose memory ends with that process.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from defect_api.apart import end_with_parent
from defect_api.compiled_form import UNREADABLE

# a layer of this name, and what follows it, does nothing but enlarge the probabilities bilinearly
LAST_ENLARGEMENT = "probabilities.enlarged"


class Unreadable(ValueError):
    """The file is no network that Keras can load."""


def export(weights: Path, path: Path) -> None:
    """Write `path` (.xml) and its weights beside it (.bin) from a package's `model.keras`.

    Height and width stay open, as they are where Keras serves it; OpenVINO is given each size when it compiles. This is
    what Keras's own `export` does, which needs SciPy for it. A last enlargement is left to the segmenter: OpenCV does
    it in a fraction of OpenVINO's time. Raises Unreadable.
    """
    block_telemetry()
    import keras
    import openvino
    import tensorflow as tf

    network = _without_enlargement(_load(weights))
    traced = tf.function(lambda pixels: network(pixels, training=False), autograph=False)
    signature = tf.TensorSpec((None, None, None, 1), tf.uint8, name="pixels")
    path.parent.mkdir(parents=True, exist_ok=True)
    with patch.object(keras.layers.UpSampling2D, "call", _enlarge):
        concrete = traced.get_concrete_function(signature)
    openvino.serialize(openvino.convert_model(concrete), path)


def block_telemetry() -> None:
    """Keep OpenVINO's tools from reporting their use to their makers: this system reports nothing to anybody."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # how Python says 'not installed'


def _without_enlargement(network: Any) -> Any:
    import keras

    last = next((layer for layer in network.layers if layer.name == LAST_ENLARGEMENT), None)
    return keras.Model(network.input, [last.input, *network.outputs[1:]]) if last else network


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
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        export(options.weights, options.out)
    except Unreadable as error:
        sys.stderr.write(f"{error}: {error.__cause__}\n")
        return UNREADABLE
    return 0


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main())
