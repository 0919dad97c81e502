"""Which role each route needs."""

from dataclasses import dataclass

from app.callers import Role

PROBES = frozenset({"/livez", "/readyz"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Rule:
    """The role for paths that are, or with a star at the end begin with, `path`; None needs no key.

    `method` "GET" stands for HEAD and OPTIONS too, "*" for all methods.
    """

    method: str
    path: str
    role: Role | None

    def fits(self, method: str, path: str) -> bool:
        """Whether the rule is for this request."""
        if self.method not in ("*", method) and not (self.method == "GET" and method in SAFE_METHODS):
            return False
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path


RULES = (
    Rule("POST", "/v1/classify*", Role.CLASSIFY),
    Rule("GET", "/livez", None),
    Rule("GET", "/readyz", None),
    Rule("GET", "/docs", None),
    Rule("GET", "/openapi.json", None),
    Rule("GET", "/static/*", None),
    Rule("*", "/login", None),
    Rule("POST", "/logout", Role.CLASSIFY),
    Rule("*", "/read", Role.CLASSIFY),
    Rule("GET", "/", Role.CLASSIFY),
    Rule("GET", "/review", Role.CLASSIFY),
    Rule("GET", "/models", Role.CLASSIFY),
    Rule("GET", "/topics", Role.CLASSIFY),
    Rule("*", "/metrics", Role.ADMIN),
    Rule("*", "/v1/training-jobs*", Role.ADMIN),
    Rule("*", "/v1/reviews*", Role.REVIEW),
    Rule("*", "/v1/articles*", Role.REVIEW),
    Rule("*", "/v1/queue", Role.REVIEW),
    Rule("POST", "/label-studio/webhook", Role.REVIEW),
    Rule("GET", "/label-studio/health", Role.CLASSIFY),
    Rule("POST", "/label-studio/setup", Role.CLASSIFY),
    Rule("POST", "/label-studio/predict", Role.CLASSIFY),
    Rule("GET", "/v1/*", Role.CLASSIFY),
    Rule("*", "/v1/*", Role.ADMIN),
)
"""The first rule that fits holds."""


def rule_for(method: str, path: str) -> Rule | None:
    """The rule of a request, if there is one."""
    return next((rule for rule in RULES if rule.fits(method, path)), None)


def needed_role(method: str, path: str) -> Role | None:
    """The least role that may send a request, or None if it needs no key.

    What no rule names isn't there, and any key may be told so; methods that change things are left to administrators.
    """
    rule = rule_for(method, path)
    if rule is not None:
        return rule.role
    return Role.CLASSIFY if method in SAFE_METHODS else Role.ADMIN
