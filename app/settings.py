"""Everything that can be set, each by an environment variable `RASID_...` of the field's name in capitals."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The service's settings; sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="RASID_", frozen=True)

    models: Path = Field(Path("models/default"), description="folder of the model's versions, or of one version")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    max_body_bytes: int = Field(1_048_576, gt=0, description="largest request body")
    max_passages: int = Field(256, gt=0, description="most passages of an article")
    max_documents: int = Field(64, gt=0, description="most documents of a batch")
    receive_timeout_s: float = Field(10.0, gt=0, description="longest time to receive a request body")
