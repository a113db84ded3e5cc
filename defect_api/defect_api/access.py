"""Who may write: everybody, unless a token is set."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request

from defect_api.problems import Unauthorized
from defect_api.state import state

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def writes(view: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Require the bearer token of API_TOKEN, where one is set. Raises Unauthorized."""

    @wraps(view)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        token = state().settings.api_token
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if token and not (scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())):
            raise Unauthorized("This request needs the service's bearer token, and it is missing or wrong.")
        return view(*args, **kwargs)

    return checked
