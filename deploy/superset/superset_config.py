"""Superset's settings, all from the environment: docs/superset.md has the list.

Superset reads this file where ``SUPERSET_CONFIG_PATH`` names it. What is missing or unsafe ends the program with a
sentence that says which variable to set.
"""

import os
from datetime import timedelta

from flask_caching.backends.rediscache import RedisCache  # noqa: F401  (fails here, and not at the first page)
from sqlalchemy.engine.url import URL, make_url

KEY_LENGTH = 32
"""Characters of a secret key at least; ``openssl rand -base64 42`` makes 56."""


def _given(name: str, example: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SystemExit(f"superset: {name} is not set; for example {name}={example}")
    return value


def _secret(name: str) -> str:
    value = _given(name, '"$(openssl rand -base64 42)"')
    if len(value) < KEY_LENGTH or len(set(value)) < KEY_LENGTH // 4 or "change" in value.lower():
        raise SystemExit(
            f"superset: {name} is no secret: it needs {KEY_LENGTH} random characters or more; "
            "make one with: openssl rand -base64 42"
        )
    return value


SECRET_KEY = _secret("SUPERSET_SECRET_KEY")
# A password is better left to PGPASSWORD, which PostgreSQL's own library reads.
SQLALCHEMY_DATABASE_URI = _given("SUPERSET_DATABASE_URI", "postgresql+psycopg2://superset@127.0.0.1/superset")
SQLALCHEMY_ENGINE_OPTIONS = {"pool_pre_ping": True}
if not SQLALCHEMY_DATABASE_URI.startswith("postgresql"):
    raise SystemExit("superset: SUPERSET_DATABASE_URI must be a PostgreSQL database, postgresql+psycopg2://…")

_REDIS = _given("SUPERSET_REDIS_URL", "redis://127.0.0.1:6379/0")
TRINO_URI = _given("SUPERSET_TRINO_URI", "trino://superset@127.0.0.1:8080/delta/default")


def _cache(prefix: str, lasts: timedelta) -> dict[str, object]:
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": _REDIS,
        "CACHE_KEY_PREFIX": f"superset_{prefix}_",
        "CACHE_DEFAULT_TIMEOUT": int(lasts.total_seconds()),
    }


CACHE_CONFIG = _cache("metadata", timedelta(hours=1))
# The tables change with each `tonearm run`: nobody should look at yesterday's numbers for long.
DATA_CACHE_CONFIG = _cache("data", timedelta(minutes=5))
FILTER_STATE_CACHE_CONFIG = {**_cache("filter", timedelta(days=90)), "REFRESH_TIMEOUT_ON_RETRIEVAL": True}
EXPLORE_FORM_DATA_CACHE_CONFIG = {**_cache("explore", timedelta(days=7)), "REFRESH_TIMEOUT_ON_RETRIEVAL": True}
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = _REDIS
AUTH_RATE_LIMIT = "10 per minute"

ROW_LIMIT = 10_000
SQL_MAX_ROW = 50_000
DISPLAY_MAX_ROW = 5_000
SQLLAB_TIMEOUT = 60


def _trino_alone(address: URL) -> None:
    if (address.host, address.port) != (make_url(TRINO_URI).host, make_url(TRINO_URI).port):
        raise ValueError("this Superset shows tonearm's tables alone: the only database is that of SUPERSET_TRINO_URI")


DB_SQLA_URI_VALIDATOR = _trino_alone
# Superset's defaults let nobody in without a login, and nobody registers.
# Behind a proxy that ends TLS.
_TLS = os.environ.get("SUPERSET_TLS", "") == "1"
ENABLE_PROXY_FIX = _TLS
SESSION_COOKIE_SECURE = _TLS
TALISMAN_ENABLED = True
# Superset's own policy lets pages reach map tiles, fonts and counters elsewhere; these pages need none of them.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": _TLS,
}

APP_NAME = "tonearm"
_TOKENS = {
    "brandAppName": APP_NAME,
    "brandLogoAlt": "Superset",
    "brandLogoUrl": "/static/assets/images/superset-logo-horiz.png",
    "brandLogoHref": "/dashboard/list/",
    "fontUrls": [],
}
THEME_DEFAULT = {
    "token": {**_TOKENS, "colorPrimary": "#a63c06", "colorLink": "#a63c06", "colorBgLayout": "#fbf8f2"},
    "algorithm": "default",
}
THEME_DARK = {"token": {**_TOKENS, "colorPrimary": "#ffa163", "colorLink": "#ffa163"}, "algorithm": "dark"}

# Okabe and Ito's colours, which the colour-blind tell apart, in an order that keeps neighbours far from one another.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "tonearm",
        "label": "tonearm",
        "description": "Okabe and Ito's colours",
        "isDefault": True,
        "colors": [
            *("#0b6670", "#d55e00", "#e69f00", "#56b4e9", "#009e73", "#cc79a7"),
            *("#a63c06", "#0072b2", "#b3a898", "#655d52"),
        ],
    },
    {
        "id": "tonearm_pale",
        "label": "tonearm: pale, for areas with text",
        "description": "",
        "isDefault": False,
        "colors": ["#b5d6d9", "#f0c49f", "#f7e3a1", "#cfe3f5", "#bfe3d2", "#ecd2de", "#e3d9c8", "#dfe3e8"],
    },
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "tonearm_heat",
        "label": "tonearm: little to much",
        "description": "",
        "isDiverging": False,
        "isDefault": True,
        "colors": ["#fbf1e6", "#f6d9bd", "#eeb182", "#de8347", "#b9541a", "#7a2f06"],
    },
    {
        "id": "tonearm_both_ways",
        "label": "tonearm: below and above",
        "description": "",
        "isDiverging": True,
        "isDefault": False,
        "colors": ["#0b6670", "#5aa3aa", "#b5d6d9", "#f7f3ec", "#f0c49f", "#de8347", "#a63c06"],
    },
]
