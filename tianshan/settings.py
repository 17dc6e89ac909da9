"""Settings, from the environment alone.

TIANSHAN_MODE says what may be assumed: `production` (the default) assumes nothing
and refuses to start with a sentence; `demo` and `test` make their own secret and use
the embedded PostgreSQL when no DATABASE_URL is given.
"""

import contextlib
import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

MODE = env("TIANSHAN_MODE", default="production")
if MODE not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(
        f"TIANSHAN_MODE is {MODE!r}; it must be production, demo or test."
    )
PRODUCTION = MODE == "production"
DEMO = MODE == "demo"
TESTING = MODE == "test"

HOME = Path(env("TIANSHAN_HOME", default=str(BASE_DIR / "var"))).absolute()
MEDIA_ROOT = HOME / "files"


def _required(name, hint):
    value = env(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value


def _own_secret(name, length):
    """A secret of this data directory's own, kept so that it survives a start."""
    path = HOME / name
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        # Whole or not there: several processes may make it at the same moment, and
        # the first one to link its own wins.
        made = HOME / f"{name}.{os.getpid()}"
        descriptor = os.open(made, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(length))
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text().strip()


# --- what must be given ------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    SECRET_KEY = _required("SECRET_KEY", "Give 50 or more random characters.")
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY needs 50 or more random characters.")
    ALLOWED_HOSTS = [
        host.strip()
        for host in _required(
            "ALLOWED_HOSTS", "Give the portal's host names, separated by commas."
        ).split(",")
    ]
    _required("DATABASE_URL", "Give the application role's PostgreSQL address.")
else:
    SECRET_KEY = env("SECRET_KEY", default="") or _own_secret("secret", 50)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
    if TESTING:
        ALLOWED_HOSTS += ["testserver"]

if not env("DATABASE_URL", default=""):
    from tianshan import database

    os.environ.update(database.ensure())

# --- rooms -------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_filters",
    "django_htmx",
    "django_tasks_db",
    "pgtrigger",
    "pghistory",
    "tianshan.database",
    "tianshan.backup",
    "tianshan.web",
    "tianshan.ledgers",
    "tianshan.values",
    "tianshan.audit",
    "tianshan.workdays",
    "tianshan.notices",
    "accounts",
    "grids",
    "party",
    "enterprises",
    "visits",
    "issues",
    "services",
    "cases",
    "dashboard",
    "public",
]

MIDDLEWARE = [
    "tianshan.web.middleware.request_id",
    "tianshan.web.measured.measured",
    "dashboard.api.doors.as_api",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tianshan.web.middleware.Compressed",
    "tianshan.web.middleware.kept_by_nobody",
    "tianshan.web.busy.not_too_many",
    "tianshan.web.middleware.not_allowed",
    "tianshan.web.middleware.database_away",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tianshan.web.middleware.clean_text",
    "accounts.middleware.leave_nothing",
    "accounts.middleware.end_or_lock",
    "accounts.gate.first_things_first",
    "tianshan.web.entry.SignInFirst",
    "accounts.refusals.written_down",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tianshan.audit.middleware.history_context",
    "tianshan.database.replica.remember_writes",
    "tianshan.ledgers.kept.once_a_request",
    "enterprises.middleware.say_finished_imports",
    "cases.wall.wall",
]

ROOT_URLCONF = "tianshan.urls"
WSGI_APPLICATION = "tianshan.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.navigation.navigation",
                "tianshan.database.replica.told",
            ],
            "builtins": ["tianshan.web.templatetags.portal"],
        },
    }
]
FILTERS_EMPTY_CHOICE_LABEL = "全部"
FORM_RENDERER = "tianshan.web.forms.PortalRenderer"

# --- database ----------------------------------------------------------------------


# Behind PgBouncer in transaction mode a session is a transaction: no cursor outlives it.
POOLED = env.bool("DATABASE_POOLED", default=False)


# What a statement may take, in seconds; 0: as long as it takes. The server sets it.
STATEMENT_SECONDS = env.int("DATABASE_STATEMENT_SECONDS", default=0)
# How many requests each process of the server works on at once, and how many more wait
# for their turn (tianshan/web/busy.py).
REQUESTS_AT_ONCE = env.int("REQUESTS_AT_ONCE", default=6)
REQUESTS_WAITING = env.int("REQUESTS_WAITING", default=12)
# So many seconds old a page of figures may be while a process works on others as well.
FIGURES_SECONDS = env.int("FIGURES_SECONDS", default=0 if TESTING else 10)


def _database(name):
    options = env.db(name)
    options["DISABLE_SERVER_SIDE_CURSORS"] = POOLED
    options["CONN_MAX_AGE"] = 60
    options["CONN_HEALTH_CHECKS"] = True
    options["ATOMIC_REQUESTS"] = False
    more = options.setdefault("OPTIONS", {})
    more.setdefault("connect_timeout", 3)
    if STATEMENT_SECONDS and not POOLED:
        more["options"] = f"-c statement_timeout={STATEMENT_SECONDS}s"
    return options


# The owner role makes tables and empties the test database; the application's own role
# can do neither. manage.py asks for the owner where a command needs it.
AS_OWNER = TESTING or env("DATABASE_ROLE", default="application") == "owner"
DATABASES = {
    "default": _database(
        "DATABASE_OWNER_URL"
        if AS_OWNER and env("DATABASE_OWNER_URL", default="")
        else "DATABASE_URL"
    )
}

# A server that follows the first: dashboards, ledgers and exports are read from it while
# it is not further behind than this (tianshan/database/replica.py).
REPLICA_MOST_BEHIND = env.int("DATABASE_REPLICA_SECONDS", default=10)
if env("DATABASE_REPLICA_URL", default="") and not AS_OWNER:
    DATABASES["replica"] = _database("DATABASE_REPLICA_URL")
    # Asked at each page how far it is, which tells whether it is there.
    DATABASES["replica"]["CONN_HEALTH_CHECKS"] = False
    DATABASES["replica"]["OPTIONS"] |= {
        "connect_timeout": 2,
        "tcp_user_timeout": 5000,
        "options": " ".join(
            [
                "-c default_transaction_read_only=on",
                DATABASES["replica"]["OPTIONS"].get("options", ""),
            ]
        ).strip(),
    }
DATABASE_ROUTERS = ["tianshan.database.replica.Router"]

# --- signing in --------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/login/"
ACCOUNT_ADAPTER = "accounts.adapter.PortalAdapter"
# Wrong passwords are counted by accounts/guard.py, wrong codes of a second factor here;
# beside that a flood is stopped before it costs a hash each.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key", "login": "120/m/ip"}
# Acts on accounts, and the content of help cases, ask for the password or the second
# factor once more when it was given longer ago.
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("REAUTHENTICATION_MINUTES", default=15) * 60
# A second factor is offered to all and asked of these roles: of the three administrators
# in production always. Without one, they get no further than the page that sets it up.
MFA_REQUIRED_ROLES = set(env.list("MFA_REQUIRED_ROLES", default=[]))
if PRODUCTION:
    MFA_REQUIRED_ROLES |= {"security_admin", "auditor", "system_admin"}
MFA_ADAPTER = "accounts.adapter.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "天山网格"
MFA_TOTP_TOLERANCE = 1  # half a minute either way: phones' clocks differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
# Single sign-on by OpenID Connect, none until OIDC_PROVIDERS names some: of each, say
# `city`, OIDC_CITY_NAME, _ISSUER, _CLIENT_ID and _CLIENT_SECRET (accounts/sign_on.py).
OIDC_PROVIDERS = {}
for _key in env.list("OIDC_PROVIDERS", default=[]):
    OIDC_PROVIDERS[_key] = {
        _part.lower(): _required(
            f"OIDC_{_key.upper()}_{_part}", f"OIDC_PROVIDERS names {_key}."
        )
        for _part in ("NAME", "ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    }
    if not OIDC_PROVIDERS[_key]["issuer"].startswith("https://"):
        raise ImproperlyConfigured(f"OIDC_{_key.upper()}_ISSUER must be https://…")
# How many proxies of one's own stand before the server: only what they say of a
# client's address is believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.LongEnough", "OPTIONS": {"min_length": 8}},
    {"NAME": "accounts.passwords.NotCommon"},
    {"NAME": "accounts.passwords.ThreeClasses"},
    {"NAME": "accounts.passwords.NoOwnWords"},
    {"NAME": "accounts.passwords.NoneOfTheLast"},
]
# After so many days a password has to be changed; 0: never (docs/decisions/0001).
PASSWORD_DAYS = env.int("PASSWORD_DAYS", default=0)
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Nobody stays signed in for longer than this, in seconds, nor idle for longer than that
# (等保, 身份鉴别; ASVS 5.0 7.3). An enrolled phone waits behind its PIN instead.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE = 30 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tianshan.web.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# What is counted for all processes together is counted in PostgreSQL.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
    }
}
if TESTING:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    ACCOUNT_RATE_LIMITS = False

# --- the browser's wall ------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
# The button to a provider of single sign-on is a form, which leads on to its host.
for _one in OIDC_PROVIDERS.values():
    _issuer = urlsplit(_one["issuer"])
    SECURE_CSP["form-action"].append(f"{_issuer.scheme}://{_issuer.netloc}")
# --- the map -----------------------------------------------------------------------

# Longitude and latitude (WGS-84) around which all outlines lie: 天山路街道.
MAP_MIDDLE = (121.4045, 31.2125)
# Pictures of the ground below the outlines, as https://…/{z}/{x}/{y}; none without.
# They are drawn in MAP_TILES_SYSTEM, and whoever provides them wants to be named.
MAP_TILES = env("MAP_TILES", default="")
MAP_TILES_SYSTEM = env("MAP_TILES_SYSTEM", default="wgs84")
MAP_TILES_BY = env("MAP_TILES_BY", default="")
if MAP_TILES:
    _tiles = urlsplit(MAP_TILES)
    SECURE_CSP["img-src"].append(f"{_tiles.scheme}://{_tiles.netloc}")

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_PERMISSIONS = 0o600

# --- words, time, files ------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Ours alone: no page loads what allauth and django-htmx bring along.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STATIC_ROOT = HOME / "static"
WHITENOISE_MAX_AGE = 60 * 60
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "tianshan.web.storage.PortalStorage"
    },
}
if TESTING:
    MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")

# What rooms beside the dashboard add to the demo, in this order.
DEMO_PARTS = ["public.demo.load"]

# --- jobs --------------------------------------------------------------------------

TASKS = {
    "default": {
        "BACKEND": "django.tasks.backends.immediate.ImmediateBackend"
        if TESTING
        else "django_tasks_db.DatabaseBackend"
    }
}

# --- groups outside the portal -------------------------------------------------------

# Web-hooks of WeCom groups by the code of their grid: "310105006603=https://…,…".
# Posts totals and titles alone, and nothing while this is empty.
WECOM_WEBHOOKS = env.dict("WECOM_WEBHOOKS", default={})
if any(
    not url.startswith(("https://", "http://127.0.0.1:"))
    for url in WECOM_WEBHOOKS.values()
):
    raise ImproperlyConfigured("WECOM_WEBHOOKS must be grid=https://…, by commas.")

# --- help cases ----------------------------------------------------------------------

# Keys of 32 bytes in URL-safe base64; of CASES_KEYS the newest stands first. Without
# them, or with others, the portal works and the pages of help cases say so
# (cases/sealing.py).
CASES_KEYS = env.list("CASES_KEYS", default=[])
CASES_LOOKUP_KEY = env("CASES_LOOKUP_KEY", default="")
if not PRODUCTION:
    CASES_KEYS = CASES_KEYS or [_own_secret("cases_key", 32)]
    CASES_LOOKUP_KEY = CASES_LOOKUP_KEY or _own_secret("cases_lookup_key", 32)

# --- backups -------------------------------------------------------------------------

# Seals archives; kept elsewhere than they are, like the keys of help cases, which are
# in no archive. The list of erasures is what an older archive does not know.
BACKUP_KEY = env("BACKUP_KEY", default="")
if not PRODUCTION:
    BACKUP_KEY = BACKUP_KEY or _own_secret("backup_key", 32)
BACKUP_FOLDER = Path(env("BACKUP_FOLDER", default=str(HOME / "backups")))
BACKUP_KEEP_DAYS = env.int("BACKUP_KEEP_DAYS", default=30)
ERASURES = HOME / "erasures.jsonl"

# --- whoever watches ---------------------------------------------------------------

# What brings it may read /metrics; without one the page is not there.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# --- history -----------------------------------------------------------------------

# Triggers are no part of migrations: five a model make Django draw all its models anew
# for each, which was two thirds of a `migrate`. It ends by installing what the models
# have and taking away what they no longer have. A migration that takes a column away
# and then writes to its table must therefore uninstall that table's triggers first.
PGTRIGGER_MIGRATIONS = False
PGHISTORY_APPEND_ONLY = False
PGHISTORY_CREATED_AT_FUNCTION = "CLOCK_TIMESTAMP()"

# --- logs: no personal data, one line each -------------------------------------------

LOG_FORMAT = env("LOG_FORMAT", default="line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured(
        f"LOG_FORMAT is {LOG_FORMAT!r}; it must be line or json."
    )
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "tianshan.web.middleware.RequestIdFilter"}},
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        },
        "json": {"()": "tianshan.web.logs.JsonLine"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": LOG_FORMAT,
        }
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="WARNING")},
}

if "runserver" in sys.argv and PRODUCTION:
    raise ImproperlyConfigured("runserver is for the demo; production runs gunicorn.")
