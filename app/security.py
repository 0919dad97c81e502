"""Who may do what, decided before a byte of the body is read."""

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access import needed_role
from app.callers import LOCAL, Caller, Role
from app.key_watch import KeyWatch
from app.keys import KeysError, load_keys
from app.local_callers import is_loopback, refuse_foreign_pages, refuse_outsiders
from app.problems import Problem
from app.sent_key import brings_key, sent_key, unknown_key
from app.settings import Settings
from app.web.guarding import sign_in_page, signed_in
from app.web.sessions import Sessions

__all__ = ["LOCAL", "Authentication", "Caller", "Role", "refuse_open_service"]


def refuse_open_service(settings: Settings) -> None:
    """Raise `KeysError` if the service can't start: keys are damaged, or other machines could use it without a key."""
    if not load_keys(settings).has_admin and not is_loopback(settings.host):
        raise KeysError(
            f"Other machines can reach {settings.host or 'all addresses'}, and there is no admin key: make one with "
            "`rasid keys new --role admin --name NAME`, or listen on 127.0.0.1."
        )


class Authentication:
    """ASGI middleware: answers 401 or 403, or puts the `Caller` at `scope["state"]["caller"]` and passes on."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._watch = KeyWatch(settings)
        self._may_be_open = is_loopback(settings.host)
        self._sessions = Sessions(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who calls and whether he may."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            try:
                self._admit(scope)
            except Problem as problem:
                await (sign_in_page(scope, problem) or problem.response())(scope, receive, send)
            else:
                await self.app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _admit(self, scope: Scope) -> None:
        needed = needed_role(scope["method"], get_route_path(scope))
        if needed is None:
            return
        caller = self._caller(scope)
        if caller.role < needed:
            detail = f"This key's role is {caller.role.label}; {needed.label} is needed here."
            raise Problem(403, "role-too-low", detail)
        scope.setdefault("state", {})["caller"] = caller

    def _caller(self, scope: Scope) -> Caller:
        try:
            keys = self._watch.keys()
        except KeysError:
            raise Problem(503, "keys-unreadable", "The keys can't be read: see the service's log.") from None
        if self._may_be_open and not keys.given:
            refuse_outsiders(scope)
            return LOCAL
        if not brings_key(scope) and (reader := signed_in(scope, self._sessions, keys)):
            return reader
        sent = sent_key(scope)
        caller = keys.caller_of(sent.key)
        if caller is None:
            raise unknown_key("This key is unknown or revoked.", invalid=True)
        if sent.by_browser:
            refuse_foreign_pages(scope)
        return caller
