"""How Gunicorn serves the REST service. Numbers come from the service's own settings."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import cv2
from gunicorn.glogging import Logger
from prometheus_client import multiprocess

# what it imports is then there for all workers; nothing of it starts a thread or opens a file
import defect_api.preload  # noqa: F401
from defect_api.allocator import keep_freed_memory
from defect_api.history.history import BEHIND, History
from defect_api.media import MediaVolume
from defect_api.metrics import count_as
from defect_api.model_choice import ModelChooser
from defect_api.places import FOLDER as PLACES
from defect_api.places import shared
from defect_api.recycling import Recycling
from defect_api.requests_log import configure_logging
from defect_api.routes.exports import sending
from defect_api.settings import Settings
from defect_api.state import EXTENSION, State

settings = Settings()
# how long connections may wait for the first model before they are told that there is none yet
MODEL_WAIT_S = 45
# far shorter than the time-out below, after which Gunicorn takes a silent worker for lost
HEARTBEAT_S = 5

# each worker computes with its share of the CPUs; read by TensorFlow and OpenMP when a worker first uses them
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(settings.cpu_threads))
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", str(settings.cpu_threads))


class QuietLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's own, which gathers nothing of each request: the application writes the one line of that."""

    access_log_enabled = False


bind = settings.api_bind
worker_class = "gthread"
workers = settings.processes
threads = settings.request_threads
# the model is loaded by each worker after the fork: TensorFlow's threads do not survive one
preload_app = False
# heartbeats must not wait for a disk
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # memory, not a shared folder
# in memory too, so that a full disk costs no inspection
os.environ[PLACES] = tempfile.mkdtemp(prefix="defect-api-", dir=worker_tmp_dir)
# a large sheet takes seconds; a worker that says nothing for a minute is lost
timeout = 60
# longer than nginx waits for an answer, and shorter than what stops the service waits for it
graceful_timeout = 80
keepalive = 75
max_requests = 20_000
max_requests_jitter = 2_000
recycling = Recycling(workers, shared("serving"))
limit_request_line = 8190
limit_request_field_size = 16_380
# an interface that nobody here uses, at a path that two platforms of one user would share
control_socket_disable = True
logger_class = QuietLogger
errorlog = "-"
loglevel = settings.log_level.lower()
# its own lines are JSON like the application's, and once
logconfig_dict = {
    "root": {"level": settings.log_level, "handlers": ["console"]},
    "loggers": {"gunicorn.error": {"handlers": [], "propagate": True}},
    "formatters": {"generic": {"()": "defect_api.requests_log.JsonFormatter"}},
}
forwarded_allow_ips = "*"


def on_starting(server: object) -> None:
    """Bring the history up to date, and forget what an earlier run left."""
    # until Gunicorn heeds signals itself: the first process of a container is not ended by one that nobody heeds
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        _prepare()
    except (Exception, SystemExit):
        # Gunicorn ends without saying so
        on_exit(server)
        raise


def _prepare() -> None:
    """Do what `on_starting` says; forgotten are the model that was chosen, and Prometheus' figures, which are added."""
    configure_logging(settings.log_level)
    history = History(settings, MediaVolume(settings.media_dir))
    if not history.start():
        os.environ[BEHIND] = "1"
    history.close()
    ModelChooser(settings).forget()
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        for leftover in Path(folder).glob("*.db"):
            leftover.unlink()


def when_ready(_server: object) -> None:
    """Have SIGHUP switch the model within the workers; Gunicorn itself would stop them before others are ready."""
    signal.signal(signal.SIGHUP, lambda _number, _frame: ModelChooser(settings).ask())


def pre_fork(server: Any, worker: Any) -> None:
    """Number the worker, the lowest that no other one has; these are all that have not ended."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in count() if number not in taken)


def post_fork(_server: object, worker: Any) -> None:
    """Count under the worker's number, give OpenCV its share of the CPUs (by default all), and keep freed memory."""
    count_as(worker.number)
    cv2.setNumThreads(settings.cpu_threads)
    keep_freed_memory()


def post_worker_init(worker: Any) -> None:
    """Take requests only when the model is proven, or known to be unfit, so that a recycled worker refuses none."""
    state: State = worker.wsgi.extensions[EXTENSION]
    begun = time.monotonic()
    while worker.alive and not state.slot.wait(HEARTBEAT_S):
        worker.notify()
        # one worker is enough to say that there is no model yet
        if state.chooser.is_first and time.monotonic() - begun > MODEL_WAIT_S:
            break
    recycling.serve()
    threading.Thread(target=state.chooser.attend, args=(state.slot,), name="model-chooser", daemon=True).start()
    threading.Thread(target=state.history.attend, name="history", daemon=True).start()


def pre_request(worker: Any, _request: object) -> None:
    """Recycle the worker at its time, or at the first request after it at which another one serves.

    Requests that its other threads take meanwhile count too, so it asks some early. An export may take longer than a
    worker that leaves is waited for, so while one is sent it stays.
    """
    if worker.nr + threads >= worker.max_requests:
        worker.max_requests = worker.nr if not sending and recycling.leave() else worker.nr + 2 * threads


def on_exit(_server: object) -> None:
    """Leave nothing behind in memory."""
    shutil.rmtree(os.environ[PLACES], ignore_errors=True)


def child_exit(_server: object, worker: Any) -> None:
    """Let Prometheus forget the gauges of a worker that has ended."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.number)  # type: ignore[no-untyped-call]  # prometheus_client annotates it in part
