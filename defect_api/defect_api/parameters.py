"""The base of the parameters that routes take."""

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict
from werkzeug.datastructures import MultiDict

from defect_api.problems import Unprocessable

LIST = "id"  # the only one that takes several values


class Parameters(BaseModel):
    """A set of parameters: unknown names are refused, since they are most often misspelt ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the schema; without options it is made once.

        Flask-OpenAPI3 asks for it at each request to tell lists from single values; to make it took more time than to
        answer with a known inspection.
        """
        return super().model_json_schema(*arguments, **options) if arguments or options else _plain_schema(cls)


def refuse_repeated(given: MultiDict[str, str]) -> None:
    """Raise Unprocessable where a parameter that takes one value has several: only the first would count."""
    for name, values in given.lists():
        if len(values) > 1 and name != LIST:
            raise Unprocessable(f"The parameter '{name}' is given {len(values)} times, and takes one value.")


@cache
def _plain_schema(model: type[Parameters]) -> dict[str, Any]:
    return super(Parameters, model).model_json_schema()
