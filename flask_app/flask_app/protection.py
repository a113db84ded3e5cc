"""What keeps other sites out of this one: refusal of cross-site posts, and security headers on every answer."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")
DEFAULT_PORTS = {"http": 80, "https": 443}

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # blob: is the preview of a picture that was chosen but not yet sent
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def init_app(app: Flask) -> None:
    """Protect every route of the application."""
    app.before_request(refuse_cross_site)
    app.after_request(add_headers)


def refuse_cross_site() -> None:
    """Refuse a post that a browser sends from another site; abort with 403.

    The order follows what browsers guarantee: Sec-Fetch-Site is set by the browser alone and decides where it is
    present; older browsers and plain HTTP have Origin, which must name our own host. A client that sends neither
    is no browser, so nobody can be riding on it.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    own = (origin is None or _is_own_origin(origin)) if site is None else site in OWN_SITES
    if not own:
        abort(403, "This form was sent from another site.")


def _is_own_origin(origin: str) -> bool:
    """Compare host and port only: a proxy in front may speak https where we see http."""
    try:
        theirs, own = urlsplit(origin), urlsplit(f"//{request.host}")
        default = DEFAULT_PORTS.get(theirs.scheme)
        if default is None or not theirs.hostname:
            return False
        return (theirs.hostname, theirs.port or default) == (own.hostname, own.port or default)
    except ValueError:  # no port, or no address at all
        return False


def add_headers(response: Response) -> Response:
    """Set the security headers, and have pages asked for anew: they show what changes."""
    response.headers.update(HEADERS)
    # over plain HTTP browsers pass it over, and complain of it with every page
    if request.is_secure:
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
