"""What is measured: sheets as a line sends them, the model as the service loads it, and the platform itself."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from defect_api.allocator import keep_freed_memory
from defect_api.compiled_form import FORMS, bring, brings, make
from defect_api.engines import FORM_OF, Engines
from defect_api.history.history import History
from defect_api.inspection import Inspector
from defect_api.loading import load_model
from defect_api.media import MediaVolume
from defect_api.model_package import ModelPackage, find_packages
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import SHIPPED_MODELS, Settings
from tests.system.platform import Platform, start
from training import sheets

SEED, QUALITY = 3_000_000, 90
# the front door's limits are an operator's; they must not be what is measured
GENEROUS = {"RATE_LIMIT": "10000", "RATE_BURST": "1000", "UPLOAD_RATE_LIMIT": "10000", "UPLOAD_RATE_BURST": "1000"}
PLATFORM = {**GENEROUS, "CONNECTION_LIMIT": "500", "LOG_LEVEL": "INFO"}
# forms that the service makes of a package are kept from one section of a run to the next
STATE = Path(tempfile.gettempdir()) / "surface-defect-detector-bench"


@cache
def pictures(count: int = 16, height: int = 256, width: int = 1600) -> list[bytes]:
    """Generate sheets, every second one with defects, as JPEG files of grey in three channels, as cameras' are."""
    return [jpeg(seed, height, width) for seed in range(SEED, SEED + count)]


def jpeg(seed: int, height: int, width: int) -> bytes:
    """Generate a sheet as a JPEG file; an odd seed's has defects."""
    defects = [1 + seed % 4, 3] if seed % 2 else []
    image = sheets.generate(seed, height=height, width=width, defects=defects).image
    file = io.BytesIO()
    Image.fromarray(image).convert("RGB").save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def settings(**changes: Any) -> Settings:
    """Return the service's settings as the environment has them, with a state folder of the benchmarks' own."""
    return Settings(state_dir=STATE, **changes)


def newest() -> Path:
    """Return the folder of the newest package that is shipped."""
    return find_packages(SHIPPED_MODELS)[0][0].path


def load(given: Settings) -> ServedModel:
    """Load the model as a worker of the service does."""
    keep_freed_memory()
    return load_model(given)


def network(package: ModelPackage, precision: str, given: Settings) -> Path:
    """Return the compiled form (.xml) that OpenVINO runs for the package."""
    form = FORM_OF[precision]
    return bring(package, form) if brings(package, form) else make(package, form, Engines(given).forms)


def described(model: ServedModel) -> str:
    """Tell which model runs on which engine."""
    facts = model.facts
    return f"{facts.name}/{facts.version} on {facts.engine} {facts.precision}"


@contextmanager
def inspector(model: ServedModel, given: Settings) -> Iterator[Inspector]:
    """Give an inspector with a media volume and a history of its own."""
    with tempfile.TemporaryDirectory() as folder:
        own = given.model_copy(update={"media_dir": Path(folder) / "media", "state_dir": Path(folder) / "state"})
        media = MediaVolume(own.media_dir)
        history = History(own, media)
        history.prepare()
        slot = ModelSlot(lambda: model)
        slot.wait()
        yield Inspector(media, slot, own, history.published)
        history.close()


@contextmanager
def platform(**changes: str) -> Iterator[Platform]:
    """Run the real nginx, uWSGI and Gunicorn on a free port, everything that they write in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if (STATE / FORMS).is_dir():
            shutil.copytree(STATE / FORMS, home / "state" / FORMS)
        running = start(home, **{**PLATFORM, **changes})
        try:
            running.wait_until_ready()
            yield running
        finally:
            running.stop()
