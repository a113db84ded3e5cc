"""The service's settings, read once from the environment. The README's table documents every one of them."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from defect_api.record import Scale

SHIPPED_MODELS = Path(__file__).resolve().parents[1] / "models"
# of 0.25 GB each; they and the largest picture fit the 4 GB of the container
MOST_WORKERS = 8


def available_cpus() -> int:
    """Count the whole CPUs that this process may use: the smaller of its affinity mask and its cgroup's quota."""
    cpus = len(os.sched_getaffinity(0))
    for read in (_cgroup_v2_quota, _cgroup_v1_quota):
        if (quota := read()) is not None:
            return max(1, min(cpus, int(quota)))
    return cpus


def _cgroup_v2_quota(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return the least quota of this process's group and those that it is in; a container sees its own as the root."""
    lines = membership.read_text().splitlines() if membership.is_file() else []
    own = root.joinpath(*(line.removeprefix("0::/") for line in lines if line.startswith("0::/")))
    limits = [folder / "cpu.max" for folder in (own, *own.parents) if folder.is_relative_to(root)]
    found = [limit.read_text().split() for limit in limits if limit.is_file()]
    return min((int(quota) / int(period) for quota, period in found if quota != "max"), default=None)


def _cgroup_v1_quota(folder: Path = Path("/sys/fs/cgroup/cpu")) -> float | None:
    quota, period = folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"
    if not (quota.is_file() and period.is_file()) or int(quota.read_text()) <= 0:
        return None
    return int(quota.read_text()) / int(period.read_text())


class Settings(BaseSettings):
    """Hold what an operator may change; each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # the input of all settings together holds the token
    )

    media_dir: Path = Field(Path("var/media"), description="folder of pictures, records, maps and overlays")
    models_dir: Path = Field(SHIPPED_MODELS, description="folder of model packages, <name>/<version>/")
    model: str = Field("", description="package to serve, <name> or <name>/<version>; else the newest")
    engine: Literal["auto", "keras", "openvino"] = Field("auto", description="auto: the fastest that passes")
    precision: Literal["auto", "f32", "bf16", "int8"] = Field("auto", description="that the engine computes in")
    state_dir: Path = Field(Path("var/state"), description="folder of index, locks and compiled models; a local disk")
    history_url: str = Field("", repr=False, description="SQLAlchemy URL of the index; empty: SQLite in STATE_DIR")
    history_wal: Literal["auto", "on", "off"] = Field("auto", description="SQLite writes ahead; auto: on a local disk")
    retention_days: float = Field(
        0, ge=0, le=36500, description="age in days beyond which inspections are deleted; 0: none"
    )
    retention_gb: float = Field(0, ge=0, description="GiB beyond which the oldest are deleted; 0: no limit")
    max_upload_mb: int = Field(16, ge=1, le=1024, description="largest request body, MiB")
    queue: int = Field(16, ge=1, le=256, description="inspections all workers hold at once; one more is told 503")
    api_token: str = Field("", repr=False, description="bearer token that writing requires; empty: none")
    api_bind: str = Field("0.0.0.0:9090", description="address the service listens on, host:port")
    workers: int = Field(0, ge=0, le=64, description="processes, each with its own model; 0: CPUs / 2, from 2 to 8")
    threads: int = Field(0, ge=0, le=512, description="threads a worker; 0: QUEUE + 4")
    predict_threads: int = Field(0, ge=0, le=256, description="CPU threads of one prediction; 0: CPUs / WORKERS")
    mm_per_px_x: float = Field(0, ge=0, description="mm that a pixel measures along x; 0: unknown, measured in px only")
    mm_per_px_y: float = Field(0, ge=0, description="mm that a pixel measures along y; set both or none")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least severe log line")

    @model_validator(mode="after")
    def _makes_sense(self) -> "Settings":
        if bool(self.mm_per_px_x) != bool(self.mm_per_px_y):
            raise ValueError("MM_PER_PX_X and MM_PER_PX_Y must be set together")
        if self.engine == "keras" and self.precision not in ("auto", "f32"):
            raise ValueError("ENGINE=keras computes in f32 only")
        return self

    @property
    def scale(self) -> Scale | None:
        """Return what a pixel measures on the sheet, if that is known."""
        if not self.mm_per_px_x:
            return None
        return Scale(mm_per_px_x=self.mm_per_px_x, mm_per_px_y=self.mm_per_px_y, source="configured")

    @property
    def max_upload_bytes(self) -> int:
        """Return the largest request body in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def request_threads(self) -> int:
        """Return the threads of a worker: more than the queue holds, so that health is answered when it is full."""
        return self.threads or self.queue + 4

    @property
    def processes(self) -> int:
        """Return the worker processes: two at least, so that one is ready while another is recycled."""
        return self.workers or min(max(2, available_cpus() // 2), MOST_WORKERS)

    @property
    def cpu_threads(self) -> int:
        """Return the CPU threads of one prediction."""
        return self.predict_threads or max(1, available_cpus() // self.processes)

    @property
    def predictions(self) -> int:
        """Return the predictions that run at once in all workers together, so that they use each CPU once."""
        return max(1, available_cpus() // self.cpu_threads)
