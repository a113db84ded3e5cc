"""What a stage of training was like: `history.csv`, and the same rows for TensorBoard in `tensorboard/`."""

import csv
import shutil
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from training.examples import DataError, naming, whole

FILE, EVENTS = "history.csv", "tensorboard"


class Row(NamedTuple):
    """The mean loss of the steps since the row before, the learning rate, and how long a step took."""

    step: int
    loss: float
    rate: float
    seconds_per_step: float


class History:
    """The rows of one stage, kept as they are made; those after step `first`, where a run goes on, are dropped."""

    def __init__(self, folder: Path, first: int) -> None:
        self._file = folder / FILE
        rows = [row for row in read(folder) if row.step <= first]
        with whole(self._file) as fresh, fresh.open("w", newline="") as file:
            csv.writer(file).writerows([Row._fields, *rows])
        shutil.rmtree(folder / EVENTS, ignore_errors=True)
        self._events = tf.summary.create_file_writer(str(folder / EVENTS))
        for row in rows:
            self._show(row)

    def add(self, row: Row) -> None:
        """Append a row to both."""
        with naming(self._file), self._file.open("a", newline="") as file:
            csv.writer(file).writerow(row)
        self._show(row)

    def _show(self, row: Row) -> None:
        with self._events.as_default(step=row.step):
            for name, value in list(row._asdict().items())[1:]:
                tf.summary.scalar(name, value)
        self._events.flush()


def read(folder: Path) -> list[Row]:
    """Return a stage's rows, none where it has no history yet. Raises DataError where the file is none of ours."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        with path.open(newline="") as file:
            return [Row(int(r["step"]), *(float(r[name]) for name in Row._fields[1:])) for r in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError) as error:
        columns = ", ".join(Row._fields)
        raise DataError(
            f"{path} needs the columns {columns} ({error}); remove it, it is only for looking at"
        ) from error
