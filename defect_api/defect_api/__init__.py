"""The REST service: decodes, segments, measures, judges, draws and records pictures of flat steel sheet."""

__version__ = "1.0.0"
