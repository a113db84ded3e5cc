"""A typed client of the REST service, for scripts: `Inspector("http://127.0.0.1:2020/api").inspect("sheet.png")`."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import requests
from pydantic import BaseModel, ValidationError
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3.util import Retry

from defect_api.listing import MediaEntry, MediaPage
from defect_api.names import bare_name
from defect_api.record import Record
from defect_api.schemas import ProblemDocument

# answers that say 'come back', and those of a proxy whose service is just being restarted
PASSING = (429, 502, 503, 504)
GOOD = (200, 201)
# of the media volume's list, the most that the service gives at once
PAGE = 500
Answer = TypeVar("Answer", bound=BaseModel)


class InspectionRefused(Exception):
    """The service refused; the message is its sentence, `problem` its whole document where it sent one."""

    def __init__(self, message: str, status: int, problem: ProblemDocument | None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem


class Inspector:
    """Posts pictures to a service. Posting is idempotent, so whatever got lost on the way is safely sent again."""

    def __init__(self, url: str, token: str = "", retries: int = 5, timeout_s: float = 60) -> None:
        """Talk to the service at `url` (with nginx in front: ending in `/api`); `token` is its API_TOKEN.

        A request that finds the service busy or away is sent again up to `retries` times, waiting as the service asks
        or for 0, 1, 2, 4, ... s.
        """
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._retries = retries
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        retry = Retry(
            total=retries, backoff_factor=0.5, status_forcelist=PASSING, allowed_methods=None, raise_on_status=False
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retry))
        self._session.mount("https://", HTTPAdapter(max_retries=retry))

    def inspect(
        self,
        picture: Path | str,
        threshold: float | str | None = None,
        mm_per_px: tuple[float, float] | None = None,
    ) -> Record:
        """Have the picture file judged, at the model's own threshold unless another is given.

        A threshold is a number, 'otsu', 'max_false_calls:<n per 100 clean sheets>' or 'min_recall:<share>'. The stored
        inspection keeps `mm_per_px`, what a pixel measures along x and y; by default it is what the service is set to.

        Raises OSError where the file cannot be read, InspectionRefused where the service refuses it, and
        requests.RequestException where the service cannot be reached.
        """
        path = Path(picture)
        options = {} if threshold is None else {"threshold": str(threshold)}
        if mm_per_px:
            options |= {"mm_per_px_x": str(mm_per_px[0]), "mm_per_px_y": str(mm_per_px[1])}
        # as the service shortens it: a name that is not UTF-8 could not be sent
        files = {"image": (bare_name(path.name), path.read_bytes())}
        return self._read(Record, "POST", self._inspections, files=files, data=options)

    def inspect_stored(self, filename: str) -> Record:
        """Have a picture judged that lies on the service's media volume. Raises as `inspect`, but for OSError."""
        return self._read(Record, "POST", self._inspections, json={"filename": filename})

    def media(self) -> Iterator[MediaEntry]:
        """Yield the files of the service's media volume, newest first. Raises as `inspect`, but for OSError."""
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            page = self._read(MediaPage, "GET", f"{self._url}/v1/media", params=parameters)
            yield from page.items
            cursor = page.next_cursor

    def get(self, inspection_id: str, threshold: float | str | None = None) -> Record:
        """Return a stored inspection, judged at another threshold if one is given.

        Raises as `inspect`, but for OSError.
        """
        options = {} if threshold is None else {"threshold": str(threshold)}
        address = f"{self._inspections}/{quote(inspection_id, safe='')}"
        return self._read(Record, "GET", address, params=options)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _inspections(self) -> str:
        return f"{self._url}/v1/inspections"

    def _read(self, kind: type[Answer], method: str, address: str, **request: Any) -> Answer:
        answer = self._answer(method, address, **request)
        form = answer.headers.get("Content-Type", "").partition(";")[0]
        # what is of another form in spite of its type is not the service's either
        with suppress(ValidationError):
            if answer.status_code in GOOD and form == "application/json":
                return kind.model_validate_json(answer.content)
            if form == "application/problem+json":
                problem = ProblemDocument.model_validate_json(answer.content)
                raise InspectionRefused(problem.detail, answer.status_code, problem)
        more = f" to {answer.headers['Location']}" if answer.is_redirect else f" with {form or 'nothing'}"
        raise InspectionRefused(
            f"the service answered {answer.status_code} {answer.reason}{more}", answer.status_code, None
        )

    def _answer(self, method: str, address: str, **request: Any) -> requests.Response:
        # not redirected: a POST would become a GET, which answers another thing
        send = partial(
            self._session.request, method, address, timeout=self._timeout_s, allow_redirects=False, **request
        )
        for _ in range(self._retries):
            with suppress(ChunkedEncodingError):  # cut off within the body, where urllib3 does not try again
                return send()
        return send()
