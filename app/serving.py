"""Runs one server process: its logs, its app, and its end without a dropped request."""

import asyncio
import gc
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.connection import http_protocol
from app.logs import log_event, start_logs
from app.main import create_app
from app.memory import limit_heaps
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings

LEAVING_S = 2.0
"""Time from SIGTERM, when /readyz turns to 503, until no new connection is taken: load balancers look elsewhere."""
ARRIVING_S = 1.0
"""Time for a connection that was taken last to send its request."""
FINISHING_S = 20.0
"""Longest time for requests under way to finish."""
STDERR = 2


class PatientServer(uvicorn.Server):
    """A server that, told to stop, first says that it isn't ready, serves on for a moment, and then finishes.

    SIGINT (Ctrl-C) skips the moment.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._leaving_s = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and spare the garbage collector what is there by then."""
        await super().startup(sockets)
        gc.freeze()
        gc.enable()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal; the first one decides."""
        if sig == signal.SIGTERM and not self._service.stopping:
            self._leaving_s = LEAVING_S
        self._service.stopping = True
        super().handle_exit(sig, frame)

    async def main_loop(self) -> None:
        """Serve until a signal comes and the time to leave is over."""
        await super().main_loop()
        self._service.stopping = True
        log_event("stopping", leaving_s=self._leaving_s)
        await asyncio.sleep(self._leaving_s)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, then let those that are there finish."""
        taken = [listener.fileno() for server in self.servers for listener in server.sockets]
        listeners = [socket.socket(fileno=os.dup(number)) for number in taken]
        for server in self.servers:
            server.close()
        for listener in listeners:
            await self._take_last(listener)
        await asyncio.sleep(ARRIVING_S)
        await super().shutdown(sockets)

    async def _take_last(self, listener: socket.socket) -> None:
        """Serve the connections that the system has taken already, which it would reset with the listener's end."""
        loop = asyncio.get_running_loop()
        listener.listen(0)
        listener.setblocking(False)
        waiting = []
        with suppress(BlockingIOError):
            while True:
                waiting.append(listener.accept()[0])
        listener.close()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def serve(settings: Settings, listener: socket.socket | None = None, shared_metrics: Path | None = None) -> None:
    """Serve in this process until SIGTERM or SIGINT, on a socket that is bound already or on the settings' address.

    After SIGTERM the process ends with exit code 0 within 25 seconds.
    """
    signal.signal(signal.SIGTERM, _exit_in_order)
    limit_heaps()
    metrics = Metrics(shared_metrics)
    logs = start_logs(STDERR, metrics.log_lines_dropped.inc)
    app = create_app(settings, metrics)
    server = PatientServer(server_config(app, settings), app.state.service)
    try:
        server.run([listener] if listener else None)
    except KeyboardInterrupt:
        log_event("interrupted")
    finally:
        log_event("stopped", pid=os.getpid())
        logs.stop()
    if not server.started:
        raise SystemExit(uvicorn.config.STARTUP_FAILURE)


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs: quiet but for its own events, as the requests' lines come from the app."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        lifespan="on",
        http=http_protocol(settings),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(FINISHING_S),
    )


def _exit_in_order(*_: object) -> None:
    """uvicorn hands SIGTERM on once all requests are answered: that is an orderly end, not a failure."""
    raise SystemExit(0)
