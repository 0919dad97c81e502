"""Everything that can be set, each by an environment variable `RASID_...` of the field's name in capitals."""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from app.tagger import InputError

PREFIX = "RASID_"


class Settings(BaseModel):
    """The service's settings; sizes in bytes, times in seconds. What isn't given comes from the environment.

    pydantic-settings does the same, and takes as long to import as the model to open: it brings its readers of files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Field(Path("models/default"), description="folder of the model's versions, or of one version")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    max_body_bytes: int = Field(1_048_576, gt=0, description="largest request body")
    max_passages: int = Field(256, gt=0, description="most passages of an article")
    max_documents: int = Field(64, gt=0, description="most documents of a batch")
    receive_timeout_s: float = Field(10.0, gt=0, description="longest time to receive a request body")
    max_upload_bytes: int = Field(52_428_800, gt=0, description="largest CSV that is uploaded")
    max_concurrency: int = Field(64, gt=0, description="requests that a worker works on at once")
    rate_limit: str = Field(
        "1200/minute", description="requests of one key, or of one address without keys; no limit if empty"
    )
    workers: int = Field(1, ge=1, le=64, description="processes that serve")
    docs: bool = Field(True, description="serve /docs and /openapi.json")
    metrics: bool = Field(True, description="serve /metrics")
    state: Path = Field(Path(".rasid"), description="folder of the keys, the training jobs and the embedded store")
    keys: str = Field("", description="API keys beside those of the key file, as name:role:hash parted by commas")
    secret: SecretStr = Field(SecretStr(""), description="secret that keys are hashed with; a file's if empty")
    database_url: str = Field("", description="SQLAlchemy URL of the store; the embedded one if empty")
    job_timeout_s: float = Field(3600.0, gt=0, description="longest time of a training job")
    job_memory_bytes: int = Field(2_147_483_648, gt=0, description="address space that a training job may fill")

    @model_validator(mode="before")
    @classmethod
    def _with_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        named = {name: _in_environment(PREFIX + name.upper()) for name in cls.model_fields}
        return {name: value for name, value in named.items() if value is not None} | given


def _in_environment(variable: str) -> str | None:
    """A variable's value, or the content of the file that `RASID_..._FILE` names, which is how secrets are mounted."""
    value, path = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if path is None:
        return value
    if value is not None:
        raise InputError(f"{variable} and {variable}_FILE are both set: leave one out.")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"The file that {variable}_FILE names can't be read: check that it's there and its rights."
        ) from None


def read_settings(**given: object) -> Settings:
    """The settings given and, for the rest, those of the environment.

    Raises `InputError` that names the first setting that can't be used, never its value.
    """
    try:
        return Settings(**given)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise InputError(f"{PREFIX}{name} can't be used: {first['msg'].lower()}.") from None
