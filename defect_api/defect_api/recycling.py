"""When a worker may be recycled: only while another one serves, so that the service never has none."""

from contextlib import ExitStack
from pathlib import Path

from defect_api.places import Places, locked


class Recycling:
    """One worker's part in it. Each worker that serves holds a place, which it gives up when it is lost, too."""

    def __init__(self, workers: int, folder: Path | None = None) -> None:
        """Share `folder` with the other workers, of which there are `workers`; None: with this process alone."""
        self._alone = workers == 1
        # the next one may begin before the one that leaves has ended
        self._serving = Places(2 * workers, folder)
        self._held = ExitStack()
        self._leaves = False

    def serve(self) -> None:
        """Tell the others that this worker answers requests from now on."""
        self._held.enter_context(self._serving.hold())

    def leave(self) -> bool:
        """Stop counting among those that serve, if another one does; return whether this worker may end.

        A worker that has no other beside it always may.
        """
        with locked(self._serving.folder / "leaving", wait=True):
            if not self._leaves and (self._alone or self._serving.taken() > 1):
                self._leaves = True
                self._held.close()
            return self._leaves
