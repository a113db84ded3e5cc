"""ZIP archives that are written while they are sent: nothing is sought, and no member is held as a whole."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from defect_api.exports.format import Member
from defect_api.images import FILE_SUFFIXES

MODE = 0o100644
# before it there is no date in an archive, and machines without a battery begin in 1970
FIRST = datetime(1980, 1, 1, tzinfo=UTC)


class _Sink:
    """Takes what is written until it is sent on. It can neither seek nor tell, and so the writer does neither."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """There is nothing below that could be flushed."""

    def close(self) -> None:
        """There is nothing to close."""

    def taken(self) -> Iterator[bytes]:
        if self._waiting:
            yield bytes(self._waiting)
            self._waiting.clear()


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield the archive of `members`, piece by piece."""
    now = max(datetime.now(UTC), FIRST)
    sink = _Sink()
    with ZipFile(sink, "w") as archive:
        for member in members:
            info = ZipInfo(member.name, (now.year, now.month, now.day, now.hour, now.minute, now.second))
            # pictures are compressed already
            info.compress_type = ZIP_STORED if member.name.endswith(FILE_SUFFIXES) else ZIP_DEFLATED
            info.external_attr = MODE << 16
            # how large a document gets is known only at its end
            with archive.open(info, "w", force_zip64=True) as file:
                for chunk in member.chunks:
                    file.write(chunk)
                    yield from sink.taken()
            yield from sink.taken()
    yield from sink.taken()
