"""What can go wrong with a request, as exceptions that become `application/problem+json` (RFC 9457)."""

from http import HTTPStatus

TYPE_PREFIX = "urn:surface-defect-detector:problem:"


class Problem(Exception):
    """A failure that the client is told about: `detail` is a sentence for a person and names no internals."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    slug = "internal-error"
    retry_after_s: int | None = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def document(self, request_id: str, instance: str) -> dict[str, object]:
        """Return the problem document that answers request `request_id` for the path `instance`."""
        return {
            "type": TYPE_PREFIX + self.slug,
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
        }


class BadRequest(Problem):
    """The request is not of the form that the contract asks for."""

    status = HTTPStatus.BAD_REQUEST
    slug = "bad-request"


class Unauthorized(Problem):
    """Writing needs the bearer token, and it is missing or wrong."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "token-required"


class Forbidden(Problem):
    """A page of another site wants to write through a visitor's browser."""

    status = HTTPStatus.FORBIDDEN
    slug = "cross-site"


class NotFound(Problem):
    """There is no such inspection, file or model."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-found"


class Conflict(Problem):
    """What is stored and what is asked for do not go together."""

    status = HTTPStatus.CONFLICT
    slug = "conflict"


class RecordUnreadable(Conflict):
    """A stored record is damaged, or of another version of this service."""

    slug = "record-unreadable"


class FileUnreadable(Conflict):
    """A file on the media volume may not be read by the service."""

    slug = "file-unreadable"


class UnsupportedMedia(Problem):
    """The body's content type is none that the contract accepts."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-media-type"


class Unprocessable(Problem):
    """A parameter has a value that it must not have."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-parameter"


class PictureRefused(Unprocessable):
    """The bytes are not a picture that can be judged."""

    slug = "picture-refused"


class Busy(Problem):
    """The service holds as many inspections as it may; the client should come back."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "busy"
    retry_after_s = 1


class RoomTaken(Busy):
    """Too many large pictures wait for each other."""

    retry_after_s = 10


class NotReady(Problem):
    """No model is in service, or not yet."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "not-ready"
    retry_after_s = 5


class HistoryAway(Problem):
    """The index of the inspections cannot be read."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "history-away"
    retry_after_s = 5


class MediaFull(Problem):
    """The media volume has no room."""

    status = HTTPStatus.INSUFFICIENT_STORAGE
    slug = "media-volume-full"
    retry_after_s = 60


class MediaReadOnly(Problem):
    """The media volume cannot be written."""

    status = HTTPStatus.INSUFFICIENT_STORAGE
    slug = "media-volume-read-only"
    retry_after_s = 60
