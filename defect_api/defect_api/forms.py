"""Forms that cannot be read are told as such: Werkzeug takes them for empty ones."""

from typing import Any

from flask import Request
from werkzeug.formparser import FormDataParser

from defect_api.problems import BadRequest


class _Parser(FormDataParser):
    def parse(self, *args: Any, **options: Any) -> Any:
        self.silent = False
        try:
            return super().parse(*args, **options)
        except ValueError as error:
            raise BadRequest("The form cannot be read: it is cut off, or a name in it is not UTF-8.") from error


class FormRequest(Request):
    """A request. Raises BadRequest when its form is looked at and cannot be read."""

    form_data_parser_class = _Parser
