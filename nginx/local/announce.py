"""Waits until the three services answer, says where the platform is, and ends."""

import os
import sys
import time
import urllib.request

PATIENCE_S = 180
INTERVAL_S = 0.2
# no proxy stands between a machine and its own services, whatever the environment names
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> None:
    """Poll each service's own health; end with status 1 if it does not come."""
    front = f"http://{os.environ['LISTEN_ADDRESS']}:{os.environ['PORT']}"
    checks = (f"{os.environ['API_URL']}/readyz", f"http://{os.environ['SITE_HTTP']}/healthz", f"{front}/nginx-health")
    started = time.monotonic()
    while not all(map(answers, checks)):
        if time.monotonic() - started > PATIENCE_S:
            sys.exit(f"The platform is not ready after {PATIENCE_S} s; the lines above say why.")
        time.sleep(INTERVAL_S)
    print(f"The platform is ready: open {front} in a browser. Ctrl-C stops it.", flush=True)


def answers(address: str) -> bool:
    """Tell whether a GET of `address` succeeds."""
    try:
        OPENER.open(address, timeout=5).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
