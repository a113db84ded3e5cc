"""Exports a network as it is served to OpenVINO's own format, for sheets of one size."""

from pathlib import Path

import keras

from training.examples import DataError


def export_openvino(weights: Path, height: int, width: int, path: Path) -> Path:
    """Write `path` (.xml) and its weights beside it (.bin) from a package's `model.keras`; return `path`.

    The network is wrapped with an input of a fixed size, uint8 (1, height, width, 1): Keras's export cannot resize
    maps whose size is open. Raises DataError where the file is no network, or the size is none it takes.
    """
    if path.suffix != ".xml":
        raise DataError(f"{path} must end in .xml, as OpenVINO's networks do")
    try:
        served = keras.saving.load_model(weights, compile=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{weights} cannot be read as a network; name a package's model.keras") from error
    pixels = keras.Input((height, width, 1), batch_size=1, dtype="uint8", name="pixels")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        fixed = keras.Model(pixels, served(pixels), name="fixed_size")
        fixed.export(str(path), format="openvino", verbose=False)
    except ValueError as error:
        raise DataError(f"{weights} takes no sheets of {width} x {height} px; use multiples of its stride") from error
    return path
