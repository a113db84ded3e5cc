"""Runs the platform on a machine without Docker: what compose and the nginx image's entry point do in containers."""
