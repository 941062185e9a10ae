"""Settings: one file, environment only. Everything a deployment changes is read here and nowhere else.

KEZUN_HOME holds all that the installation owns (database, facts, files, keys); DATABASE_URL switches to
PostgreSQL; see docs/operate.md for the whole list.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlparse

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

ROOT = Path(__file__).resolve().parents[2]


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


TESTING = "pytest" in sys.modules
# Tests never touch a real home, whatever the environment says: each process of theirs has its own.
KEZUN_HOME = Path(tempfile.mkdtemp(prefix="kezun-test-") if TESTING else env("KEZUN_HOME", "var")).resolve()
KEZUN_HOME.mkdir(parents=True, exist_ok=True)
KEZUN_PACKS = [Path(p) for p in env("KEZUN_PACKS", str(ROOT / "packs")).split(os.pathsep) if p]
KEZUN_TRAIL_SHARDS = int(env("KEZUN_TRAIL_SHARDS", "16"))
KEZUN_TRAIL_DIGEST = env("KEZUN_TRAIL_DIGEST", "sha256")
KEZUN_TRAIL_ANCHOR_EVERY = int(env("KEZUN_TRAIL_ANCHOR_EVERY", "1000"))
KEZUN_METRICS_TOKEN = env("KEZUN_METRICS_TOKEN")
KEZUN_DISK_MIN_BYTES = int(env("KEZUN_DISK_MIN_BYTES", str(512 * 1024**2)))
KEZUN_BANK_ZONE = env("KEZUN_BANK_ZONE", "Asia/Shanghai")
KEZUN_MEMORY = env("KEZUN_MEMORY", "2GB")
KEZUN_UPLOAD_MAX_BYTES = int(env("KEZUN_UPLOAD_MAX_BYTES", str(2 * 1024**3)))
KEZUN_UNPACKED_MAX_BYTES = int(env("KEZUN_UNPACKED_MAX_BYTES", str(20 * 1024**3)))
KEZUN_PIXELS_MAX = int(env("KEZUN_PIXELS_MAX", "40000000"))
KEZUN_EMBEDDED_WORKER = flag("KEZUN_EMBEDDED_WORKER")
PASSWORD_PROFILE = env("PASSWORD_PROFILE", "asvs")
KEZUN_SESSION_IDLE_SECONDS = int(env("KEZUN_SESSION_IDLE_SECONDS", "900"))
KEZUN_SESSIONS_MAX = int(env("KEZUN_SESSIONS_MAX", "3"))
KEZUN_PDF_FONT = env("KEZUN_PDF_FONT", "")
KEZUN_API_PER_MINUTE = int(env("KEZUN_API_PER_MINUTE", "600"))
ADMINISTRATORS = "" if TESTING else "system_admin,security_admin,audit_admin"  # `kezun demo` asks nobody
KEZUN_MFA_REQUIRED_ROLES = {
    role for role in env("KEZUN_MFA_REQUIRED_ROLES", ADMINISTRATORS).split(",") if role
}
KEZUN_LDAP_URL = env("KEZUN_LDAP_URL")
KEZUN_LDAP_DN = env("KEZUN_LDAP_DN", "uid={name}")
KEZUN_OIDC_URL = env("KEZUN_OIDC_URL")
KEZUN_OIDC_CLAIM = env("KEZUN_OIDC_CLAIM", "preferred_username")

# Mails: none, `console`, `folder` (KEZUN_HOME/mails), or a server: smtp[s]://user:password@host:port
KEZUN_MAIL = env("KEZUN_MAIL")
_mail = urlparse(KEZUN_MAIL)
EMAIL_BACKEND = "django.core.mail.backends." + (
    f"{_mail.scheme[:4]}.EmailBackend"
    if _mail.scheme
    else {"console": "console.EmailBackend", "folder": "filebased.EmailBackend"}.get(
        KEZUN_MAIL, "dummy.EmailBackend"
    )
)
EMAIL_FILE_PATH = str(KEZUN_HOME / "mails") if KEZUN_MAIL == "folder" else None
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_SSL, EMAIL_TIMEOUT = _mail.scheme == "smtps", 20
EMAIL_USE_TLS = _mail.scheme == "smtp" and EMAIL_PORT == 587
DEFAULT_FROM_EMAIL = env("KEZUN_MAIL_FROM", "kezun@localhost")


def _secret() -> str:
    if given := env("KEZUN_SECRET_KEY"):
        return given
    path = KEZUN_HOME / "keys" / "django.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


SECRET_KEY = _secret()
DEBUG = flag("KEZUN_DEBUG")
ALLOWED_HOSTS = env("KEZUN_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
SECURE = flag("KEZUN_HTTPS")

INSTALLED_APPS = [
    "kezun.ui",
    "kezun.kernel",
    "kezun.org",
    "kezun.facts",
    "kezun.standards",
    "kezun.cases",
    "kezun.floor",
    "kezun.assessment",
    "kezun.insight",
    "kezun.control",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
]

MIDDLEWARE = [
    "kezun.kernel.middleware.Requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "kezun.org.middleware.SignedIn",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "kezun.site.urls"
WSGI_APPLICATION = "kezun.site.wsgi.application"
ASGI_APPLICATION = "kezun.site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kezun.site.context.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "kezun.ui.templatetags.ui",
            ],
        },
    }
]


def _database() -> dict[str, object]:
    url = env("DATABASE_URL")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": KEZUN_HOME / "kezun.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlparse(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit("DATABASE_URL: only postgresql://user:password@host:port/name is understood")
    socket = [v for k, _, v in (p.partition("=") for p in parts.query.split("&")) if k == "host"]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(socket[0]) if socket else (parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "org.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "kezun.org.signin.Backend",
    "kezun.org.ldap.LdapBackend",
]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "kezun.org.passwords.ProfileValidator"}]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

LANGUAGE_CODE = "zh-hans"
LOCALE_PATHS = [ROOT / "kezun" / "site" / "locale"]
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
TIME_ZONE = KEZUN_BANK_ZONE
USE_TZ = True
LANGUAGE_COOKIE_NAME = "kezun_language"

STATIC_URL = "/static/"
STATIC_ROOT = KEZUN_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
WHITENOISE_AUTOREFRESH = DEBUG or TESTING  # a file is looked up when asked for; each test's client listed all
# What is packed already, and maps that only a developer's tools ask for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "jpg", "gif", "webp", "woff", "woff2", "gz", "zip"]

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(env("KEZUN_SESSION_SECONDS", str(8 * 3600)))
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
X_FRAME_OPTIONS = "DENY"


def _origin(url: str) -> list[str]:
    parts = urlparse(url)
    return [f"{parts.scheme}://{parts.netloc}"] if url else []


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF, *_origin(KEZUN_OIDC_URL)],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_ADAPTER = "kezun.org.signin.Adapter"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
# Lockout counts name + address (axes) and name alone (below): a whole branch sits behind one address.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "30/5m/key"}
SOCIALACCOUNT_ADAPTER = "kezun.org.signin.OutsideAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "bank",
                "name": env("KEZUN_OIDC_NAME", "OpenID Connect"),
                "client_id": env("KEZUN_OIDC_CLIENT"),
                "secret": env("KEZUN_OIDC_SECRET"),
                "settings": {"server_url": KEZUN_OIDC_URL},
            }
        ]
        if KEZUN_OIDC_URL
        else []
    }
}
MFA_ADAPTER = "kezun.org.signin.SecondFactorAdapter"
MFA_FORMS = {
    "add_webauthn": "kezun.org.passkeys.AddPasskey",
    "authenticate_webauthn": "kezun.org.passkeys.UsePasskey",
    "login_webauthn": "kezun.org.passkeys.LoginPasskey",
    "reauthenticate_webauthn": "kezun.org.passkeys.ConfirmPasskey",
}
MFA_TOTP_ISSUER = "Kezun"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = 0.25
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "kezun.org.signin.lockout_name"
AXES_LOCKOUT_CALLABLE = "kezun.org.signin.locked"
AXES_HTTP_RESPONSE_CODE = 429
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "kezun.kernel.log.Lines"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": env("KEZUN_LOG_LEVEL", "INFO")},
    "loggers": {
        # one line a request is written by kernel.middleware; these repeat it with paths and addresses in it
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
        "_granian": {"level": "WARNING"},
        "granian.access": {"level": "ERROR"},
    },
}
MESSAGE_LEVEL = 20
SHELL_TITLE = _("Kezun")
