"""Miaofa: a shop and a back office for digital entitlements."""

from pathlib import Path
from urllib.parse import urlsplit

from flask_login import LoginManager
from flask_migrate import Migrate
from jinja2 import StrictUndefined
from sqlalchemy.engine import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

from app import commands, logs, wiring
from app.accounts import effects as account_effects
from app.companies import effects as company_effects
from app.delivery import effects as delivery_effects
from app.delivery import tasks as delivery_tasks
from app.entitlements import tasks as entitlement_tasks
from app.finance import effects as finance_effects
from app.finance import tasks as finance_tasks
from app.gifting import effects as gifting_effects
from app.gifting import tasks as gifting_tasks
from app.inventory import effects as inventory_effects
from app.inventory import tasks as inventory_tasks
from app.kit import bell, bounces, crypto, db, effects, events, http, mail, smtp, tasks, tokens
from app.ledger import tasks as ledger_tasks
from app.members import effects as member_effects
from app.messages import effects as message_effects
from app.messages import providers as carriers
from app.messages import tasks as message_tasks
from app.messages.providers.outside import outside as outside_carriers
from app.orders import tasks as order_tasks
from app.payments import effects as payment_effects
from app.payments import providers
from app.payments import tasks as payment_tasks
from app.payments.providers.outside import outside
from app.payments.providers.test_gateway import TestGateway
from app.redemption import tasks as redemption_tasks
from app.refunds import tasks as refund_tasks
from app.settings import SPOOL, Settings
from app.web import assets, errors, headers, language, letters, surfaces
from app.web.dispatch import Miaofa, csrf
from app.web.guard import current_actor
from app.web.render import htmx
from app.web.session import SurfaceSessions

OUTSIDE_CALLS = (
    account_effects,
    message_effects,
    inventory_effects,
    payment_effects,
    delivery_effects,
    member_effects,
    company_effects,
    gifting_effects,
    finance_effects,
)
LONG_WORK = (
    message_tasks,
    ledger_tasks,
    inventory_tasks,
    order_tasks,
    payment_tasks,
    entitlement_tasks,
    refund_tasks,
    delivery_tasks,
    redemption_tasks,
    gifting_tasks,
    finance_tasks,
)


def create_app(settings: Settings | None = None) -> Miaofa:
    """Return the application: settings → kit → wiring → surfaces; touches neither database nor network."""
    settings = settings or Settings.from_env()
    app = Miaofa(__name__, instance_path=str(settings.instance))
    app.config.update(
        MIAOFA=settings,
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # the dispatcher asks, after login, permission and length
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # order pages send no referrer, so the dispatcher looks at Origin instead
        TEMPLATES_AUTO_RELOAD=False,
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
    )
    logs.configure(settings.log_level)
    _kit(app, settings)
    test_gateway = TestGateway(settings.test_gateway_url, settings.test_gateway_secret)
    providers.configure({"test": test_gateway} | outside(settings.gateways))
    carriers.configure(outside_carriers(settings.gateways))
    events.wire(wiring.NOW, wiring.LATER)
    effects.wire(kind for area in OUTSIDE_CALLS for kind in area.KINDS)
    tasks.wire(kind for area in LONG_WORK for kind in area.KINDS)
    _web(app, settings)
    commands.register(app)
    return app


def _kit(app: Miaofa, settings: Settings) -> None:
    if settings.database_url.startswith("sqlite"):
        Path(str(make_url(settings.database_url).database)).parent.mkdir(parents=True, exist_ok=True)
    crypto.configure(settings.master_keys)
    tokens.configure(settings.secret_keys)
    simulators = (settings.test_gateway_url, *settings.gateways.values())
    http.configure((*settings.outbound_allow, *(urlsplit(url).netloc for url in simulators)))
    bell.hang(settings.redis_url or _bundled_redis(settings))
    mail.configure(opener=_mail(settings))
    bounces.configure(settings.mail_bounce_domain)
    db.database.init_app(app)
    Migrate(app, db.database, directory=str(Path(app.root_path).parent / "migrations"))
    with app.app_context():
        db.prepare(db.engine())


def _mail(settings: Settings) -> mail.Opener:
    if settings.mail == SPOOL:
        return mail.Spool(settings.instance / "spool", settings.mail_from).opened
    return smtp.Smtp(smtp.Server.at(settings.mail), settings.mail_from).opened


def _bundled_redis(settings: Settings) -> str | None:
    """Return the address of the server that `make run` started beside this command, or None."""
    socket = settings.instance / "redis" / "redis.sock"
    return f"unix://{socket}" if socket.exists() else None


def _web(app: Miaofa, settings: Settings) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.session_interface = SurfaceSessions()
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf.init_app(app)
    htmx.init_app(app)
    login = LoginManager(app)
    login.request_loader(lambda _: current_actor())
    assets.register(app)
    headers.register(app)
    errors.register(app)
    language.register(app)
    surfaces.register(app)
    letters.register(app, settings)


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.database_url.startswith("sqlite"):
        return {"connect_args": {"timeout": 5}}
    return {"pool_size": 8, "max_overflow": 4}
