"""Settings, all in one file.

The environment chooses the edition; nothing here knows which machine it is on. A value that
cannot be read stops the start. README.md lists the names.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from structlog.tracebacks import ExceptionDictTransformer

from kfq_crm.base.log_masks import mask_line
from kfq_crm.environment import (
    cache,
    database,
    flag,
    hosts_with_ports,
    names,
    number,
    one_of,
    own_secret,
    text,
)
from kfq_crm.looks import UNFOLD  # noqa: F401 — a setting, kept apart for its length

BASE_DIR = Path(__file__).resolve().parent.parent


# --- The installation -------------------------------------------------------------------------

VAR = Path(text("KFQ_VAR", str(BASE_DIR / "var"))).resolve()
VAR.mkdir(mode=0o700, parents=True, exist_ok=True)

DEBUG = flag("DEBUG")
INSECURE_HTTP = flag("KFQ_INSECURE_HTTP")
PROXY_COUNT = number("KFQ_PROXY_COUNT", 0)
# Where people open the system; links in messages begin with it, and are left out without it
SITE_URL = text("KFQ_SITE_URL").rstrip("/")
ZONE_NAME = text("KFQ_ZONE_NAME") or _("Jingjiang Economic and Technological Development Zone")

DATABASE_URL = text("DATABASE_URL")
REDIS_URL = text("REDIS_URL")

# One machine keeps its key in its state folder. With a database server there may be several
# machines, and a key made by each of them would sign everybody out: then it must be given.
SECRET_KEY = text("SECRET_KEY")
if not SECRET_KEY and DATABASE_URL:
    raise ImproperlyConfigured("SECRET_KEY or SECRET_KEY_FILE is required with DATABASE_URL.")
SECRET_KEY = SECRET_KEY or own_secret(VAR / "secret_key")

ALLOWED_HOSTS = names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = names("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    # Before the apps whose templates they replace
    "kfq_crm.overview",
    "kfq_crm.base",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "kfq_crm.base.site.OfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "import_export",
    "simple_history",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "chains",
    "leads",
    "services",
    "seeds",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "kfq_crm.base.uploads.UploadLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "kfq_crm.base.sessions.SessionLimits",
    # A page is closed until its view says otherwise
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "kfq_crm.base.sign_in.PasswordDue",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "kfq_crm.urls"
WSGI_APPLICATION = "kfq_crm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "kfq_crm" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


# --- Database and cache -----------------------------------------------------------------------

DATABASES = {"default": database(DATABASE_URL, VAR)}
CACHES = {"default": cache(REDIS_URL, VAR)}


# --- People: sign-in, sessions, lock-out ------------------------------------------------------

AUTH_USER_MODEL = "base.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "home"

_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "phone", "email")},
    },
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

SESSION_COOKIE_AGE = 30 * 60  # idle; refreshed by base.sessions
SESSION_LONGEST = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = False

AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "kfq_crm.base.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "kfq_crm.base.lockout.locked_out"
AXES_SENSITIVE_PARAMETERS = ["password"]


def totp_issuer(device: object) -> str:
    """What the telephone's app calls this system."""
    return str(_("Investment attraction"))


OTP_TOTP_ISSUER = totp_issuer


# --- Transport and headers --------------------------------------------------------------------

_HTTPS = not (DEBUG or INSECURE_HTTP)
SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=_HTTPS)
# Monitoring asks from inside, without the proxy that speaks https
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = number("SECURE_HSTS_SECONDS", 365 * 24 * 60 * 60 if _HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = flag("SECURE_HSTS_INCLUDE_SUBDOMAINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = flag("SECURE_COOKIES", default=_HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Unfold's Alpine evaluates expressions and sets styles; no inline script is needed.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}


# --- Language and time ------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = USE_TZ = True
LOCALE_PATHS = [
    BASE_DIR / "kfq_crm" / "locale",
    # Strings of libraries; kept apart because makemessages would drop them
    BASE_DIR / "kfq_crm" / "locale_vendor",
]


# --- Files ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(text("KFQ_STATIC_ROOT", str(VAR / "static")))
STATICFILES_DIRS = [BASE_DIR / "kfq_crm" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Uploads have no address: a view that checks who asks hands them out.
MEDIA_ROOT = VAR / "media"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Of one request: ten files of 20 MB with the words around them. More is refused unread.
UPLOAD_LARGEST = 220 * 1024 * 1024
# An application hands in a file for each of its papers, so more than a question's ten
DATA_UPLOAD_MAX_NUMBER_FILES = 40
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024


# --- Mail -------------------------------------------------------------------------------------

EMAIL_TIMEOUT = 30
vars().update(environ.Env.email_url_config(text("EMAIL_URL", f"filemail:///{VAR}/mail")))
if vars()["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
    EMAIL_BACKEND = "kfq_crm.base.mail_files.MailFolder"  # a file a message, never half of one
DEFAULT_FROM_EMAIL = SERVER_EMAIL = text("DEFAULT_FROM_EMAIL", "kfq-crm@localhost")

# A message that is refused for the time being is tried so often, with doubling pauses
MAIL_TRIES = 8
MAIL_RETRY_SPAN = timedelta(hours=24)
# A message whose hand-over has no answer on record waits so long before it is sent again.
# Longer than the 10 minutes that a server may take for its answer (RFC 5321, 4.5.3.2.6).
MAIL_LEASE = timedelta(minutes=15)
# host:port of the robots that may be called, https only; see base.webhooks
MAIL_WEBHOOK_HOSTS = hosts_with_ports(
    "MAIL_WEBHOOK_HOSTS", "qyapi.weixin.qq.com:443,oapi.dingtalk.com:443,open.feishu.cn:443"
)


# --- Monitoring -------------------------------------------------------------------------------

# /metrics does not exist without it
METRICS_TOKEN = text("METRICS_TOKEN")


# --- Background work --------------------------------------------------------------------------

# Without a broker a wake-up goes nowhere and the next sweep finds the row: nothing is lost.
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Must exceed CELERY_TASK_TIME_LIMIT, or a running task is handed out a second time
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    # A broker that does not answer must not hold up a page: the sweep finds the row anyway
    "socket_connect_timeout": 2,
}
CELERY_TASK_TIME_LIMIT = 540
CELERY_TASK_SOFT_TIME_LIMIT = 480
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True


# --- Ledgers ----------------------------------------------------------------------------------

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True


# --- The API ----------------------------------------------------------------------------------

_API = "kfq_crm.base.api"
# Requests of one web process that may wait for changes at once; each keeps one of its threads
LONG_POLLS = number("KFQ_LONG_POLLS", 4)
REST_FRAMEWORK = {
    # Tokens alone: without cookies there is nothing that another site could make a browser send
    "DEFAULT_AUTHENTICATION_CLASSES": [f"{_API}.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        f"{_API}.permissions.HasScope",
        f"{_API}.permissions.MayUseModel",
    ],
    "DEFAULT_THROTTLE_CLASSES": [f"{_API}.throttling.TokenThrottle"],
    "DEFAULT_PARSER_CLASSES": [f"{_API}.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        f"{_API}.renderers.CsvRenderer",
        f"{_API}.renderers.XlsxRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": f"{_API}.renderers.FormatNegotiation",
    "DEFAULT_SCHEMA_CLASS": f"{_API}.schema.OfficeSchema",
    "EXCEPTION_HANDLER": f"{_API}.problems.answer_problem",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": _("Investment attraction: programming interface"),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [],
    "COMPONENT_SPLIT_REQUEST": True,
}


# --- Logs -------------------------------------------------------------------------------------

_ENRICH: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=False),
]
# Tracebacks without the values of variables: among them are passwords and telephone numbers.
_RENDER: dict[str, list[Any]] = {
    "json": [
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
    "console": [
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    ],
}
_LEVEL = one_of("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")

structlog.configure(
    processors=[*_ENRICH, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _ENRICH,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_RENDER[one_of("LOG_FORMAT", "console", "json")],
                mask_line,
            ],
        },
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "structured",
            "level": _LEVEL,  # Django sets levels of its own on its loggers
        },
    },
    "root": {"handlers": ["stderr"], "level": _LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # At DEBUG they write addresses of robots, which are keys to their groups
        "apprise": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
    },
}
