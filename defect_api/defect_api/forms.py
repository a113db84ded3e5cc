"""Bodies as Werkzeug does not read them: a broken form is told as one, and a body may be as long as the limit."""

from typing import IO, Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property
from werkzeug.wsgi import get_input_stream

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

    @cached_property
    def stream(self) -> IO[bytes]:
        """Return the body, of at most `max_content_length` bytes. Raises RequestEntityTooLarge, when read as well."""
        most = self.max_content_length
        if most is None:
            return get_input_stream(self.environ)
        if (self.content_length or 0) > most:
            raise RequestEntityTooLarge
        # one byte more: a body that ends at the limit would be taken for one that goes on
        return get_input_stream(self.environ, max_content_length=most + 1)
