"""An endpoint that does nothing behind all that Rasid puts before its own: run with a port as argument.

Keys, limits, headers, metrics and logs are the service's; the body is validated as FastAPI does it.
"""

import sys

import uvicorn

from app.logs import start_logs
from app.main import create_app
from app.serving import server_config
from app.settings import Settings
from tests.benchmarks.bare_app import Body

PATH = "/v1/classify/nothing"

if __name__ == "__main__":
    settings = Settings(port=int(sys.argv[1]))
    start_logs(2, lambda: None)
    app = create_app(settings)

    @app.post(PATH)
    async def nothing(body: Body) -> dict[str, str]:
        """Nothing."""
        return {"status": "done"}

    uvicorn.Server(server_config(app, settings)).run()
