"""Reads an architecture as Keras 2 wrote it (`model.to_json()`) and rebuilds it in Keras 3, height and width open."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras

from training import keras2_layers
from training.examples import DataError

NETWORKS = ("Model", "Functional")
Reference = tuple[str, int]


class Leaf(NamedTuple):
    """A layer that is no network: the layer of the outermost network that it is (in), its name, and itself."""

    group: str
    name: str
    layer: keras.Layer


class Step(NamedTuple):
    """One call of a layer: which tensors it takes, and the one that it gives."""

    target: Reference
    call: keras2_layers.Call
    sources: list[Reference]


@dataclass(frozen=True)
class Network:
    """A rebuilt network, its weights not yet those of the file.

    `size` is the height and width (px) that it was made for, None where they were open; `activation` is the last one.
    """

    model: keras.Model
    leaves: list[Leaf]
    size: tuple[int | None, int | None]
    activation: str
    keras_version: str


def read(path: Path) -> Network:
    """Read and rebuild an architecture. Raises DataError where that cannot be done, naming the file and the layer."""
    try:
        document = json.loads(path.read_text())
        # json.dump(model.to_json(), file) was a common way to write it
        document = json.loads(document) if isinstance(document, str) else document
        return _network(document)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); give the file that model.to_json() wrote"
        ) from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError(
            f"{path} is not an architecture that Keras 2 wrote ({type(error).__name__}: {reason})"
        ) from error


def _network(document: Mapping[str, Any]) -> Network:
    if document["class_name"] not in NETWORKS:
        raise DataError(f"the model is of the class {document['class_name']}; only functional models can be imported")
    config = document["config"]
    leaves: list[Leaf] = []
    model = _rebuilt(config, leaves, None)
    size = _layer(config, config["input_layers"])["config"]["batch_input_shape"][1:3]
    return Network(model, leaves, tuple(size), _last_activation(config), str(document.get("keras_version", "unknown")))


def _rebuilt(config: Mapping[str, Any], leaves: list[Leaf], group: str | None) -> keras.Model:
    """Rebuild one network with those in it, adding to `leaves` in the file's order."""
    (start,), (end,) = _ends(config["input_layers"]), _ends(config["output_layers"])
    pixels = keras.Input((None, None, _layer(config, config["input_layers"])["config"]["batch_input_shape"][3]))
    tensors = {start: pixels}
    steps = [step for layer in config["layers"] for step in _steps(layer, leaves, group)]
    while steps:
        ready = [step for step in steps if all(source in tensors for source in step.sources)]
        if not ready:
            raise DataError(f"layer '{steps[0].target[0]}' takes what no layer gives; only one input is possible")
        for step in ready:
            inputs = [tensors[source] for source in step.sources]
            tensors[step.target] = step.call(inputs if len(inputs) > 1 else inputs[0])
        steps = [step for step in steps if step.target not in tensors]
    return keras.Model(pixels, tensors[end])


def _steps(layer: Mapping[str, Any], leaves: list[Leaf], group: str | None) -> list[Step]:
    if layer["class_name"] == "InputLayer":
        return []
    name, call = layer["name"], _call(layer, leaves, group)
    # an inner network's node 0 is its own input to its own output: its calls are counted from 1
    first = int(layer["class_name"] in NETWORKS)
    return [
        Step((name, number), call, _sources(name, node)) for number, node in enumerate(layer["inbound_nodes"], first)
    ]


def _call(layer: Mapping[str, Any], leaves: list[Leaf], group: str | None) -> keras2_layers.Call:
    name = layer["name"]
    if layer["class_name"] in NETWORKS:
        network: keras2_layers.Call = _rebuilt(layer["config"], leaves, group or name)
        return network
    made = keras2_layers.make(layer["class_name"], layer["config"])
    if isinstance(made, keras.Layer):
        leaves.append(Leaf(group or name, name, made))
    return made


def _ends(references: Any) -> list[Reference]:
    if len(references) != 1:
        raise DataError(f"the model has {len(references)} inputs or outputs; only models with one of each are served")
    return [(name, node) for name, node, _ in references]


def _sources(name: str, node: Any) -> list[Reference]:
    for _, _, _, *arguments in node:
        if any(set(extra) - {"training"} for extra in arguments):
            raise DataError(f"layer '{name}' is called with arguments of its own; only tensors are possible")
    return [(source, number) for source, number, *_ in node]


def _layer(config: Mapping[str, Any], references: Any) -> Mapping[str, Any]:
    """Return the layer that the first of `references` names."""
    by_name: dict[str, Mapping[str, Any]] = {layer["name"]: layer for layer in config["layers"]}
    return by_name[references[0][0]]


def _last_activation(config: Mapping[str, Any]) -> str:
    last = _layer(config, config["output_layers"])
    if last["class_name"] in NETWORKS:
        return _last_activation(last["config"])
    return "softmax" if last["class_name"] == "Softmax" else str(last["config"].get("activation", "linear"))
