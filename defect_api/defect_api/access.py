"""Who may write: everybody, unless a token is set, but no page of another site through the browser of a visitor."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import request

from defect_api.problems import Forbidden, Unauthorized
from defect_api.state import state

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")
DEFAULT_PORTS = {"http": 80, "https": 443}


def writes(view: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Require the bearer token of API_TOKEN, where one is set, and refuse what another site's page sends.

    Raises Unauthorized and Forbidden.
    """

    @wraps(view)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        if request.method not in SAFE_METHODS and _is_cross_site():
            raise Forbidden("This request was sent by a page of another site.")
        token = state().settings.api_token
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if token and not (scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())):
            raise Unauthorized("This request needs the service's bearer token, and it is missing or wrong.")
        return view(*args, **kwargs)

    return checked


def _is_cross_site() -> bool:
    """Ask the headers that browsers set and pages cannot: Sec-Fetch-Site, or else Origin. Machines send neither."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site not in OWN_SITES
    return origin is not None and not _is_own(origin)


def _is_own(origin: str) -> bool:
    """Compare host and port only: a proxy in front may speak https where http is seen here."""
    try:
        theirs, own = urlsplit(origin), urlsplit(f"//{request.host}")
        default = DEFAULT_PORTS.get(theirs.scheme)
        if default is None or not theirs.hostname:
            return False
        return (theirs.hostname, theirs.port or default) == (own.hostname, own.port or default)
    except ValueError:  # no port, or no address at all
        return False
