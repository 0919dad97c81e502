"""Whether the process lives and whether it is ready; `routes` documents both."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from app.service import Service


async def livez(_: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> JSONResponse:
    """The model is open and its golden passages scored right, and the service isn't shutting down.

    Ready with a reason: the version in use can't be opened and the one before it serves on.
    """
    service: Service = request.app.state.service
    status = {"status": "ready" if service.ready else "not ready"}
    if service.fault is not None:
        status["reason"] = service.fault
    return JSONResponse(status, 200 if service.ready else 503)
