"""The history as the service uses it: what is published is indexed, what is deleted is forgotten, lists are answered.

A database that is away never costs an inspection: it is logged, and what it missed is found once it answers again.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from defect_api.history.database import alone_on_server, is_current, make_engine, make_folder, set_aside
from defect_api.history.index import Aged, Index, Listed
from defect_api.history.reconcile import Repairs, reconcile
from defect_api.history.retention import sweep
from defect_api.history.search import Filters, Ordering, Position
from defect_api.media import MediaVolume
from defect_api.places import locked
from defect_api.problems import HistoryAway, NotFound, Problem, RecordUnreadable
from defect_api.record import Record, Verdict
from defect_api.settings import Settings

SWEEP_S = 60
BEHIND = "HISTORY_BEHIND"  # in the environment: the index may have missed something
log = logging.getLogger(__name__)


class History:
    """The index and the media volume, kept in step."""

    def __init__(self, settings: Settings, media: MediaVolume) -> None:
        """Index the records of `media`; nothing is connected yet."""
        self._settings = settings
        self._media = media
        self.index = Index(make_engine(settings))
        self._behind = False

    def start(self) -> bool:
        """Migrate the database and make it agree with the media volume; done once, before the workers fork.

        Return whether that was done; else the workers make up for it, if they find BEHIND in their environment.
        """
        with self._catching_up("the history was not brought up to date"):
            self.prepare()
        return not self._behind

    def start_if_new(self) -> None:
        """Do what `start` does where nobody did it: the schema is not the newest."""
        self._behind = BEHIND in os.environ
        with self._catching_up("the history was not brought up to date"):
            make_folder(self.index.engine)
            if not is_current(self.index.engine):
                self.prepare()

    def prepare(self, *, anew: bool = False) -> Repairs:
        """Migrate, forget every entry if `anew`, and reconcile. Raises SQLAlchemyError and OSError."""
        make_folder(self.index.engine)
        with self._alone():
            try:
                return self._up_to_date(anew=anew)
            except SQLAlchemyError as error:
                if not set_aside(self.index.engine, error):
                    raise
                log.warning("the index was of no use and is made again from the records: %s", error)
                return self._up_to_date()

    def close(self) -> None:
        """Let go of every connection, as before a fork."""
        self.index.engine.dispose()

    def published(self, record: Record) -> None:
        """Enter the inspection whose record was just published, and delete what is no longer to be kept."""
        with self._catching_up(f"inspection {record.id} was not indexed"):
            self.index.put([self._media.as_stored(record)])
        self.sweep(record.id)

    def sweep(self, spare: str | None = None) -> None:
        """Delete what is no longer to be kept, but for the inspection `spare`."""
        with _forgiving("what is no longer kept was not deleted"):
            sweep(self._settings, self.index, spare, self._expire)

    def attend(self) -> None:
        """Catch up and sweep now and each `SWEEP_S`, also while nothing is inspected; never ends."""
        while True:
            self._catch_up()
            self.sweep()
            time.sleep(SWEEP_S)

    def delete(self, identifier: str, stamp: int | None = None) -> None:
        """Delete an inspection's files and its entry; with `stamp`, only if its record still has that one.

        Raises NotFound, RecordUnreadable and MediaReadOnly.
        """
        deleted = self._media.delete(identifier, stamp)
        with self._catching_up(f"inspection {identifier} stayed in the index"):
            self.index.drop([(identifier, deleted)])

    def counts(self, filters: Filters) -> dict[Verdict, int]:
        """Count inspections by verdict, whichever verdict `filters` want. Raises HistoryAway."""
        with self._told():
            return self.index.counts(filters)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Give a connection to the index, to count on. Raises HistoryAway, also for what fails within the block."""
        with self._told(), self.index.engine.connect() as connection:
            yield connection

    def records(
        self, filters: Filters, ordering: Ordering, size: int, after: Position | None, *, whole: bool = False
    ) -> Iterator[tuple[Position, Record]]:
        """Yield the records that are wanted after the place `after`, read `size` at a time. Raises HistoryAway.

        One that cannot be read is passed over, unless the list has to be `whole`: then RecordUnreadable is raised.
        """
        while True:
            with self._told():
                page = self.index.page(filters, ordering, size, after)
            for entry in page:
                if record := self._record(entry, whole=whole):
                    yield entry.place, record
            if len(page) < size:
                return
            after = page[-1].place

    def of_each_model(self, filters: Filters) -> Iterator[Record]:
        """Yield one record that is wanted of each model that judged any of them. Raises HistoryAway."""
        with self._told():
            found = self.index.of_each_model(filters)
        for identifier in found:
            with suppress(NotFound, RecordUnreadable):  # neither is listed
                yield self._media.record(identifier)

    def _catch_up(self) -> None:
        """Make the index agree with the media volume where it missed something or could not be read."""
        if self._behind:
            self._behind = False  # what is missed from now on counts again
            with self._catching_up("the history is still behind"):
                self.prepare()

    @contextmanager
    def _catching_up(self, consequence: str) -> Iterator[None]:
        """Forgive what goes wrong within the block, and have the next sweep make up for it."""
        with _forgiving(consequence):
            try:
                yield
            except (SQLAlchemyError, OSError):
                self._behind = True
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise HistoryAway for a database that does not answer, and have the next sweep look after it."""
        try:
            yield
        except SQLAlchemyError as error:
            self._behind = True
            log.warning("the history cannot be read: %s", error)
            raise HistoryAway("The list of inspections is not available at the moment; single ones are.") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process prepares the index, and be the only one. Raises SQLAlchemyError and OSError."""
        with locked(self._settings.state_dir / "history.lock", wait=True), alone_on_server(self.index.engine):
            yield

    def _up_to_date(self, *, anew: bool = False) -> Repairs:
        if not is_current(self.index.engine):
            # Alembic is slow to import, and most starts have no use for it
            from defect_api.history.migrate import upgrade

            upgrade(self.index.engine)
        if anew:
            self.index.clear()
        repairs = reconcile(self._media, self.index)
        log.info("history: %d entered, %d dropped", repairs.entered, repairs.dropped)
        return repairs

    def _record(self, entry: Listed, *, whole: bool) -> Record | None:
        try:
            return self._media.record(entry.id)
        except NotFound:
            with _forgiving(f"inspection {entry.id} stayed in the index"):
                self.index.drop([(entry.id, entry.stamp)])
        except RecordUnreadable as error:
            if whole:
                raise
            log.warning("not listed: %s", error)
        return None

    def _expire(self, entry: Aged) -> None:
        try:
            self.delete(entry.id, entry.stamp)
        except (NotFound, RecordUnreadable):  # deleted meanwhile, or not ours: neither may stop what follows
            self.index.drop([(entry.id, entry.stamp)])
        else:
            log.info("inspection %s was deleted, since it is no longer kept", entry.id)


@contextmanager
def _forgiving(consequence: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, Problem) as error:
        log.warning("%s: %s", consequence, error)
