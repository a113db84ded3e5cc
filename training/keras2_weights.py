"""Reads weights in Keras 2's h5 layout and puts them into a rebuilt network, each checked for its layer and shape."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import numpy.typing as npt

from training.examples import DataError
from training.keras2_architecture import Leaf, Network

LAST = "give the weights that were saved with this architecture"


class Stored(NamedTuple):
    """A weight of the file, under its name there, such as `conv0/kernel:0`."""

    name: str
    values: npt.NDArray[Any]

    @property
    def path(self) -> str:
        """Return the name without the output number."""
        return self.name.partition(":")[0]


class Wanted(NamedTuple):
    """A weight of the network, under the name that Keras 2 gave it in its first session."""

    path: str
    variable: keras.Variable
    trainable: bool


def load(network: Network, path: Path) -> None:
    """Fill the network with the file's weights.

    Raises DataError where the file cannot be read or is of another architecture: then the network is half filled.
    """
    stored = {group: weights for group, weights in _read(path) if weights}
    wanted = {
        group: [weight for leaf in leaves for weight in _wanted(leaf)]
        for group, leaves in itertools.groupby(network.leaves, lambda leaf: leaf.group)
    }
    wanted = {group: weights for group, weights in wanted.items() if weights}
    for group, name in _paired_groups(wanted, stored, path).items():
        for weight, found in _paired(wanted[group], stored[name], path, group):
            weight.variable.assign(found.values)


def _read(path: Path) -> list[tuple[str, list[Stored]]]:
    """Return each outer layer's name with its weights, in the file's order."""
    if not path.is_file():
        raise DataError(f"{path} is not a file; give the one that model.save_weights() or model.save() wrote")
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            return [(name, _group(root[name])) for name in _texts(root, "layer_names")]
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} does not hold weights in Keras 2's h5 layout, or is cut off; save them anew"
        ) from error


def _group(group: Any) -> list[Stored]:
    return [Stored(name, np.asarray(group[name])) for name in _texts(group, "weight_names")]


def _texts(group: Any, name: str) -> list[str]:
    """Return a list of texts kept in an attribute, or where it was too long for one in `<name>0`, `<name>1` ..."""
    if name in group.attrs:
        parts = [group.attrs[name]]
    else:
        parts = list(itertools.takewhile(len, (group.attrs.get(f"{name}{number}", ()) for number in itertools.count())))
        if not parts:
            raise KeyError(name)
    return [text.decode() if isinstance(text, bytes) else str(text) for part in parts for text in part]


def _wanted(leaf: Leaf) -> Iterator[Wanted]:
    depthwise = isinstance(leaf.layer, keras.layers.DepthwiseConv2D)
    for variable in leaf.layer.weights:
        kind = "depthwise_kernel" if depthwise and variable.name == "kernel" else variable.name
        yield Wanted(f"{leaf.name}/{kind}", variable, not variable.name.startswith("moving_"))


def _paired_groups(wanted: dict[str, Any], stored: dict[str, Any], path: Path) -> dict[str, str]:
    """Pair outer layers by name, or as Keras 2 did, by order: names are numbered anew in each session."""
    if wanted.keys() == stored.keys():
        return {name: name for name in wanted}
    if len(wanted) != len(stored):
        odd = min(wanted.keys() ^ stored.keys())
        raise DataError(
            f"{path} has weights for {len(stored)} layers and the architecture for {len(wanted)}, '{odd}' is in one "
            f"only; {LAST}"
        )
    return dict(zip(wanted, stored, strict=True))


def _paired(wanted: Sequence[Wanted], stored: Sequence[Stored], path: Path, group: str) -> list[tuple[Wanted, Stored]]:
    if len(wanted) != len(stored):
        raise DataError(f"{path} has {len(stored)} weights for layer '{group}', not {len(wanted)}; {LAST}")
    pairs = _by_name(wanted, stored) or _by_order(wanted, stored)
    if pairs is None:
        raise DataError(f"{path} has other weights in layer '{group}' than the architecture; {LAST}")
    for weight, found in pairs:
        shape = tuple(weight.variable.shape)
        if found.values.shape != shape:
            raise DataError(f"{path}: '{found.name}' is of shape {found.values.shape}, not {shape}; {LAST}")
        if not np.isfinite(found.values).all():
            raise DataError(f"{path}: '{found.name}' holds values that are not finite; train or save it anew")
    return pairs


def _by_name(wanted: Sequence[Wanted], stored: Sequence[Stored]) -> list[tuple[Wanted, Stored]] | None:
    """Pair by layer and variable, whatever scopes stand before them; None where that is not one to one."""
    pairs = []
    for weight in wanted:
        fitting = [found for found in stored if f"/{found.path}".endswith(f"/{weight.path}")]
        if len(fitting) != 1:
            return None
        pairs.append((weight, fitting[0]))
    return pairs if len({found.name for _, found in pairs}) == len(stored) else None


def _by_order(wanted: Sequence[Wanted], stored: Sequence[Stored]) -> list[tuple[Wanted, Stored]] | None:
    """Pair by order: layer by layer, or as some versions of Keras 2 kept an inner network, what is trained first.

    None where the variables' kinds (kernel, gamma ...) fit neither.
    """
    for order in (list(wanted), sorted(wanted, key=lambda weight: not weight.trainable)):
        kinds = zip(order, stored, strict=True)
        if all(weight.path.rpartition("/")[2] == found.path.rpartition("/")[2] for weight, found in kinds):
            return list(zip(order, stored, strict=True))
    return None
