"""The site's settings: read once from the environment, each with a default, a unit and a meaning."""

from typing import Literal

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

BYTES_PER_MB = 1024 * 1024


class Settings(BaseSettings):
    """Hold what the environment says; frozen, so that a running site cannot change its mind."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    api_url: HttpUrl = Field(
        HttpUrl("http://defect-api-service:9090"), description="Where the REST service answers (URL without a path)."
    )
    api_connect_timeout_s: float = Field(3.0, gt=0, description="Longest wait for a connection to it (seconds).")
    # uwsgi.ini and nginx end what takes longer
    api_read_timeout_s: float = Field(60.0, gt=0, le=70, description="Longest wait for its next byte (seconds).")
    api_pool_size: int = Field(32, ge=1, description="Connections to it kept open by one process (count).")
    api_token: SecretStr = Field(
        SecretStr(""), description="Bearer token that the site sends with every call (text; empty: none)."
    )
    max_upload_mb: int = Field(16, ge=1, description="Largest request body, shared by all three services (MiB).")
    media_page_size: int = Field(50, ge=1, le=500, description="Files on one page of the media listing (count).")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line that is written (level name)."
    )

    @property
    def max_upload_bytes(self) -> int:
        """Return the body limit in bytes."""
        return self.max_upload_mb * BYTES_PER_MB
