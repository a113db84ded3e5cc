"""Writes the two files of Keras 2: architectures as model.to_json() gave them, weights in the h5 layout."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
Layer = dict[str, Any]

NORMALISED = {"trainable": True, "dtype": "float32", "axis": [3], "momentum": 0.99, "epsilon": 1e-3, "center": True}
CONVOLVED = {
    "trainable": True,
    "dtype": "float32",
    "strides": [1, 1],
    "padding": "valid",
    "data_format": "channels_last",
    "dilation_rate": [1, 1],
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0, "seed": None, "dtype": "float32"}},
    "bias_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}},
    "kernel_regularizer": None,
}


def layer(class_name: str, name: str, sources: Sequence[str], **config: Any) -> Layer:
    """Describe a layer that is called once; a source `inner:1` is node 1 of layer `inner`."""
    nodes = [source.partition(":") for source in sources]
    inbound = [[[source, int(node or 0), 0, {}] for source, _, node in nodes]] if sources else []
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": inbound}


def pixels(name: str, channels: int, size: Sequence[int | None] = (128, 800)) -> Layer:
    shape = [None, *size, channels]
    return layer("InputLayer", name, [], batch_input_shape=shape, dtype="float32", sparse=False)


def convolution(name: str, source: str, filters: int, kernel: int, **changes: Any) -> Layer:
    return layer("Conv2D", name, [source], **{**CONVOLVED, "filters": filters, "kernel_size": [kernel] * 2, **changes})


def network(name: str, layers: Sequence[Layer], end: str, node: int = 0) -> Layer:
    config = {"layers": list(layers), "input_layers": [[layers[0]["name"], 0, 0]], "output_layers": [[end, node, 0]]}
    return layer("Model", name, [], **config)


def write_architecture(path: Path, model: Layer) -> Path:
    document = {key: model[key] for key in ("class_name", "config")}
    path.write_text(json.dumps({**document, "keras_version": "2.2.4-tf", "backend": "tensorflow"}))
    return path


def write_weights(path: Path, groups: Mapping[str, Mapping[str, Values]], below: str = "/") -> Path:
    """Write the weights of each outer layer; `below` is `model_weights` in a file of model.save()."""
    with h5py.File(path, "w") as file:
        root = file.require_group(below)
        root.attrs["layer_names"] = np.array([name.encode() for name in groups])
        root.attrs["backend"] = b"tensorflow"
        for name, weights in groups.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = np.array([weight.encode() for weight in weights], dtype="S80")
            for weight, values in weights.items():
                group[weight] = values
    return path
