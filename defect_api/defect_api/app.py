"""The application factory of the REST service."""

from flask import request
from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from defect_api import __version__
from defect_api.errors import invalid_parameters, register_error_handlers
from defect_api.forms import FormRequest
from defect_api.history.history import History
from defect_api.inspection import Inspector
from defect_api.media import MediaVolume
from defect_api.metrics import ALERTED, REFUSALS
from defect_api.model_choice import ModelChooser
from defect_api.parameters import refuse_repeated
from defect_api.requests_log import configure_logging, log_requests
from defect_api.routes import docs, exports, first, health, inspections, media, models, statistics, thumbnails
from defect_api.schemas import ProblemDocument
from defect_api.served_model import ModelSlot
from defect_api.settings import Settings
from defect_api.state import EXTENSION, State

DESCRIPTION = (
    "Finds, measures and judges defects on pictures of flat steel sheet. Errors are RFC 9457 problem documents."
)
# the 500 ids of an export, or the pictures of a request, and their options
MAX_PARTS = 520


def create_app(settings: Settings | None = None, slot: ModelSlot | None = None) -> OpenAPI:
    """Make the service; its model loads in the background, in the process that calls this.

    `settings` default to the environment's and `slot` to the model that they name.
    """
    settings = settings or Settings()
    configure_logging(settings.log_level)
    app = OpenAPI(
        __name__,
        info=Info(title="Surface Defect Detector", version=__version__, description=DESCRIPTION),
        security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=invalid_parameters,
        validation_error_model=ProblemDocument,
        doc_ui=False,
    )
    app.request_class = FormRequest
    # a picture without a file name is a field of the form, of which it is told that the name is missing
    most = settings.max_upload_bytes
    app.config.update(MAX_CONTENT_LENGTH=most, MAX_FORM_MEMORY_SIZE=most, MAX_FORM_PARTS=MAX_PARTS)
    volume = MediaVolume(settings.media_dir)
    chooser = ModelChooser(settings)
    model_slot = slot or ModelSlot(chooser.load, chooser.complaints)
    history = History(settings, volume)
    history.start_if_new()
    inspector = Inspector(volume, model_slot, settings, history.published)
    app.extensions[EXTENSION] = State(settings, volume, model_slot, inspector, history, chooser)
    for reason in ALERTED:
        REFUSALS.labels(reason)
    log_requests(app)
    app.before_request(lambda: refuse_repeated(request.args) if request.path.startswith("/v1/") else None)
    register_error_handlers(app)
    for routes in (inspections, thumbnails, statistics, exports, media, models, health, first):
        app.register_api(routes.api)
    app.register_blueprint(docs.blueprint)
    # nginx is the one proxy in front; without it the headers are absent and nothing changes
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    return app
