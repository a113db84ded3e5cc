"""The one way from the site to the REST service: a pooled session, typed answers, typed refusals. No Flask here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, Any, TypeVar
from urllib.parse import quote

import requests
from pydantic import ValidationError
from requests.adapters import HTTPAdapter

from flask_app.record import (
    Answer,
    MediaPage,
    Model,
    ModelPage,
    ModelUsed,
    Neighbours,
    OperatingPoints,
    Record,
    RecordPage,
)
from flask_app.settings import Settings
from flask_app.statistics_answer import Statistics

DEFAULT_RETRY_AFTER_S = 5
LONGEST_RETRY_AFTER_S = 3600
PROBLEM_TYPE = "application/problem+json"
REFUSALS = range(400, 500)
BUSY = (429, 503)
STORAGE_FULL = 507
ASIDE_S = 5.0

AnswerType = TypeVar("AnswerType", bound=Answer)


class ServiceError(Exception):
    """Say that there is no answer to show; `status` is what the site answers instead, `detail` a plain sentence."""

    retry_after_s: int | None = None  # when to come back, where that is known

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


class ServiceAway(ServiceError):
    """Say that it could not be reached, or did not answer in time."""

    retry_after_s = DEFAULT_RETRY_AFTER_S


class ServiceBusy(ServiceError):
    """Say that it asks to come back after `retry_after_s` seconds."""

    def __init__(self, status: int, detail: str, retry_after_s: int) -> None:
        super().__init__(status, detail)
        self.retry_after_s = retry_after_s


class ServiceBroken(ServiceError):
    """Say that it failed, or answered what its contract does not know."""


class ServiceRefused(ServiceError):
    """Say that it understood and refuses; `detail` is its reason."""


class NotFound(ServiceRefused):
    """Say that it knows no such thing."""


@dataclass(frozen=True)
class Upload:
    """Hold a picture on its way through: the client's name and declared type, and the bytes as a stream."""

    filename: str
    content_type: str | None
    stream: IO[bytes]


class Client:
    """Call the REST service; safe to share between the threads of a process. Every method raises ServiceError."""

    def __init__(self, settings: Settings, request_id: Callable[[], str]) -> None:
        """Call the service that `settings` name, each time with the id of the request that is being answered."""
        self._request_id = request_id
        self._url = str(settings.api_url).rstrip("/")
        self._timeouts = (settings.api_connect_timeout_s, settings.api_read_timeout_s)
        self._session = _session(settings)

    def inspect_upload(self, upload: Upload) -> Record:
        """Send a picture to be judged and return its record."""
        part = (upload.filename, upload.stream, *([upload.content_type] if upload.content_type else []))
        return self._read(Record, "POST", "/v1/inspections", files={"image": part})

    def inspect_media(self, filename: str) -> Record:
        """Have a picture on the media volume judged, or find what is known of it."""
        return self._read(Record, "POST", "/v1/inspections", json={"filename": filename})

    def inspection(self, inspection_id: str) -> Record:
        """Return the record with this id. Raises NotFound."""
        path = f"/v1/inspections/{quote(inspection_id, safe='')}"
        return self._read(Record, "GET", path)

    def newest_inspection(self, uploaded_name: str) -> Record | None:
        """Return the newest record of a picture uploaded under this name, or None."""
        page = self.inspections({"filename": uploaded_name, "limit": 1})
        return page.items[0] if page.items else None

    def inspections(self, query: Mapping[str, object]) -> RecordPage:
        """Return the page of records that `query` wants, by the listing's own names."""
        return self._read(RecordPage, "GET", "/v1/inspections", params=query)

    def statistics(self, query: Mapping[str, object]) -> Statistics:
        """Return what the inspections that `query` wants come to."""
        return self._read(Statistics, "GET", "/v1/statistics", params=query)

    def delete(self, inspection_id: str) -> None:
        """Delete an inspection and its files. Raises NotFound."""
        self._send("DELETE", f"/v1/inspections/{quote(inspection_id, safe='')}")

    def neighbours(self, inspection_id: str, query: Mapping[str, object]) -> Neighbours:
        """Return what stands beside an inspection in the list that `query` wants."""
        path = f"/v1/inspections/{quote(inspection_id, safe='')}/neighbours"
        return self._aside(Neighbours, path, params=query)

    def operating_points(self, model: ModelUsed) -> OperatingPoints:
        """Return the measured operating points of a model. Raises NotFound where its card has none."""
        path = f"/v1/models/{quote(model.name, safe='')}/operating-points"
        return self._aside(OperatingPoints, path, params={"version": model.version})

    def media(self, *, limit: int, cursor: str | None) -> MediaPage:
        """Return a page of the files on the media volume, newest first."""
        query = {"limit": limit, "cursor": cursor}
        return self._read(MediaPage, "GET", "/v1/media", params=query)

    def active_model(self) -> Model | None:
        """Return the model that judges now, with its card, or None."""
        return next((model for model in self.models() if model.active), None)

    def models(self) -> list[Model]:
        """Return the models that the service has, newest first."""
        return self._aside(ModelPage, "/v1/models").items

    def _aside(self, kind: type[AnswerType], path: str, **body: Any) -> AnswerType:
        """Read what a page is right without: it does not wait as long for that."""
        connect, read = self._timeouts
        return self._read(kind, "GET", path, timeout=(connect, min(read, ASIDE_S)), **body)

    def _read(self, kind: type[AnswerType], method: str, path: str, **body: Any) -> AnswerType:
        response = self._send(method, path, **body)
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise ServiceBroken(502, "The site does not understand the inspection service's answer.") from error

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            response = self._session.request(
                method,
                self._url + path,
                headers={"X-Request-ID": self._request_id()},
                allow_redirects=False,
                **{"timeout": self._timeouts, **options},
            )
        except requests.Timeout as error:
            raise ServiceAway(503, "The inspection service did not answer in time.") from error
        except requests.RequestException as error:
            raise ServiceAway(503, "The inspection service cannot be reached.") from error
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(response)
        return response


def _session(settings: Settings) -> requests.Session:
    session = requests.Session()
    # proxies and .netrc of the environment are not for calls inside the platform
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=settings.api_pool_size)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers.update({"Accept": f"application/json, {PROBLEM_TYPE}", "User-Agent": "flask_app"})
    if token := settings.api_token.get_secret_value():
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def _refusal(response: requests.Response) -> ServiceError:
    """Choose the error for an answer that is no success."""
    status, detail = response.status_code, _detail(response)
    if status == 404:
        return NotFound(404, detail or "The inspection service knows no such thing.")
    if status in BUSY:
        return ServiceBusy(status, detail or "The inspection service is busy.", _retry_after_s(response))
    if status in REFUSALS or status == STORAGE_FULL:
        return ServiceRefused(status, detail or "The inspection service refused the request.")
    return ServiceBroken(502, "The inspection service failed.")


def _detail(response: requests.Response) -> str | None:
    """Return the sentence of a problem document; other bodies may hold internals and are not shown."""
    if response.headers.get("Content-Type", "").partition(";")[0].strip() != PROBLEM_TYPE:
        return None
    try:
        problem = response.json()
    except requests.JSONDecodeError:
        return None
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return detail if isinstance(detail, str) else None


def _retry_after_s(response: requests.Response) -> int:
    """Read Retry-After as the service sends it, whole seconds, and at most an hour of them."""
    value = response.headers.get("Retry-After", "")
    seconds = int(value) if value.isdecimal() else DEFAULT_RETRY_AFTER_S
    return min(max(seconds, 1), LONGEST_RETRY_AFTER_S)
