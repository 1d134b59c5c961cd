"""Builds the services that the HTTP handlers of a process use."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from baton.backend_choice import backend_of
from baton.command_api.auditing.access_log import accesses_on
from baton.command_api.auditing.verifications import Progress, Verifications, Verify
from baton.command_api.backtest_jobs import BacktestJobs
from baton.command_api.budgets import Budgets, Limits
from baton.command_api.budgets.limits import Rate
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.security.access_watch import AccessWatch
from baton.command_api.security.api_keys import ApiKeyAuthenticator
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.bearer import BearerAuthenticator
from baton.command_api.security.claims import ExpectedClaims
from baton.command_api.security.jwks import JwksKeys
from baton.command_api.security.password_sign_in import PasswordSignIn
from baton.command_api.security.signed_in_users import SignedInUsers
from baton.command_api.security.token_issuer import TokenIssuer
from baton.command_api.security.token_keys import SharedSecrets
from baton.command_api.services import Installation, Services, bulks_on, webhooks_on
from baton.command_api.sessions.sessions import Sessions
from baton.domain.json import JsonObject
from baton.domain.verification.messages import Finding
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import FileNotReadable
from baton.eventlog.ids import new_id
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues
from baton.keys import MissingJwtSecret, audit_keys, jwt_secrets, seal_keys
from baton.projector.as_of.past import Past, past_of
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.protocols.document_signatures import DocumentSignatures, load_keys
from baton.protocols.masking import masked
from baton.role import RoleContext, ViewPosition
from baton.settings import Settings
from baton.trace_settings import keep_of, sampling_of
from baton.verification.run import verify_apart

READY_WITHIN_MS: Final = 1_000
"""/readyz fails if the views need longer than this, in ms, to reach the newest event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The verifier of API keys, and the watch for ended credentials, which it shares with tokens.

    The role that accepts commands runs both.
    """

    watch: AccessWatch
    api_keys: ApiKeyAuthenticator

    async def run(self) -> None:
        """Look for ended credentials, and save the last uses of keys, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.watch.run())
            group.create_task(self.api_keys.run())


def build_credentials(context: RoleContext) -> Credentials:
    """Build the verifier of API keys and the watch for ended credentials."""
    stores, clock = context.stores, context.clock
    watch = AccessWatch(stores.checkpoints, clock)
    api_keys = ApiKeyAuthenticator(stores.events, watch, stores.api_key_uses, clock)
    return Credentials(watch=watch, api_keys=api_keys)


def build_services(
    context: RoleContext, credentials: Credentials, *, takes_commands: bool
) -> Services:
    """Build the services of one process.

    Raises MissingJwtSecret for a process that accepts commands. Any other process verifies
    credentials for /metrics only, and without a secret it accepts no token.
    """
    settings, stores, clock = context.settings, context.stores, context.clock
    definitions, values = DefinitionQueries(stores.views), RunValues(stores.artifacts)
    budgets = Budgets(build_limits(settings), tenant_runs=context.tenant_runs)
    return Services(
        store=stores.events,
        past=_build_past(context),
        values=values,
        max_answer_bytes=settings.limit_answer_bytes,
        definitions=definitions,
        runs=RunQueries(stores.views),
        run_steps=RunStepQueries(stores.views),
        schedules=ScheduleQueries(stores.views),
        webhooks=webhooks_on(stores.views, context.webhook_client),
        bulks=bulks_on(stores.views),
        reached=context.view_position.reached,
        position=lambda: context.view_position.position,
        live=_build_live_feed(context, definitions),
        clock=clock,
        new_id=lambda: new_id(clock.now()),
        keys=stores.keys,
        secrets=stores.secrets,
        leaves=stores.leaves,
        backtests=BacktestJobs(stores.leaves, values, clock),
        hold=context.hold,
        accesses=accesses_on(stores.events, clock),
        verifications=Verifications(stores.events, build_verify(settings, stores), clock),
        installation=_build_installation(stores, settings),
        authenticator=_authenticator(context, credentials, required=takes_commands),
        checks=context.checks,
        budgets=budgets,
        sign_in=PasswordSignIn(stores.events, build_token_issuer(settings, clock), budgets),
        sessions=build_sessions(settings) if takes_commands else None,
        live_logs=context.live_logs,
        live_attempts=context.live_attempts,
        functions=context.functions,
        waiting_calls=context.waiting_calls,
        signatures=build_signatures(settings),
        metrics=context.metrics,
        virtual_time=context.replaced.time,
    )


def _build_past(context: RoleContext) -> Past:
    """Build the reader of everything as of an earlier position."""
    reached, held = context.history_position.reached, context.view_position
    return past_of(context.stores, reached, lambda: held.position)


def _build_live_feed(context: RoleContext, definitions: DefinitionQueries) -> LiveFeed:
    """Build the feed of live events; it shows the events that the views hold."""
    view_position = context.view_position
    return LiveFeed(
        context.stores.log,
        context.stores.events,
        definitions,
        reached=view_position.reached,
        held=lambda: view_position.position,
        clock=context.clock,
        tenant_limit=context.settings.limit_tenant_streams,
    )


def build_verify(settings: Settings, stores: Stores) -> Verify:
    """Return a verifier of the store: another process, unless only this one has the data."""

    async def verify(progress: Progress) -> Finding:
        known = audit_keys(settings, create=False)
        keys = () if known is None else known.verifiers
        if "durable" in backend_of(settings.store_url).capabilities:
            location = StoreLocation(
                secrets_keys=(), folder=settings.data_folder, url=settings.store_url
            )
            return await verify_apart(location, [str(verifier) for verifier in keys], progress)
        requirements = Requirements(keys=keys)
        verdict = await verify_store(
            stores.leaves, stores.artifacts, requirements, progress=progress
        )
        return verdict.finding

    return verify


def _authenticator(
    context: RoleContext, credentials: Credentials, *, required: bool
) -> BearerAuthenticator:
    users = SignedInUsers(context.stores.events, credentials.watch, context.clock)
    tokens = build_authenticator(context.settings, context.clock, users, required=required)
    return BearerAuthenticator(tokens, credentials.api_keys)


def _build_installation(stores: Stores, settings: Settings) -> Installation:
    """Build the services for administrators."""
    return Installation(
        dead_letters=stores.dead_letters,
        leases=stores.leases,
        checkpoints=stores.checkpoints,
        view_sets=stores.view_sets,
        topics=stores.topics,
        partition_owners=stores.partition_owners,
        operator_tenant=settings.operator_tenant,
        config=config_of(settings),
        sampling=sampling_of(settings),
        trace_url=settings.trace_url,
        trace_parent=settings.trace_parent,
        keep=keep_of(settings),
    )


def config_of(settings: Settings) -> JsonObject:
    """Return the settings as JSON, with secrets and the passwords of addresses masked."""
    values: JsonObject = json.loads(settings.model_dump_json())
    return {name: masked(value) for name, value in {**values, "store": settings.store_url}.items()}


def build_signatures(settings: Settings) -> DocumentSignatures:
    """Build the verifier of published documents; raises FileNotReadable and UnfitKey."""
    secret, file = settings.dag_signing_secret, settings.dag_signing_jwks
    try:
        keys = None if file is None else load_keys(file)
    except OSError as error:
        message = f"BATON_DAG_SIGNING_JWKS names {file}: {error.strerror}"
        raise FileNotReadable(message) from None
    return DocumentSignatures(
        required=settings.require_dag_signature,
        secret=None if secret is None else secret.get_secret_value(),
        keys=keys,
    )


def build_sessions(settings: Settings) -> Sessions:
    """Build the sessions of the UI; every server with the same sealing keys reads them."""
    keys = seal_keys(settings, create=False)
    return Sessions(keys, SystemClock().now, insecure=settings.ui_insecure)


def build_limits(settings: Settings) -> Limits:
    """Return the limits of this process."""
    return Limits(
        head_s=settings.limit_head_s,
        body_s=settings.limit_body_s,
        body_bytes_per_s=settings.limit_body_bytes_per_s,
        json_values=settings.limit_json_values,
        peer_connections=settings.limit_peer_connections,
        peer_bytes=settings.limit_peer_bytes,
        failed_authentications=Rate(
            burst=settings.limit_failed_authentications,
            per_s=settings.limit_failed_authentications_per_s,
        ),
        logins=Rate(burst=settings.limit_logins, per_s=settings.limit_logins_per_s),
        webhook_calls=Rate(
            burst=settings.limit_webhook_calls, per_s=settings.limit_webhook_calls_per_s
        ),
        webhook_open_runs=settings.limit_webhook_open_runs,
        tenant_open_runs=settings.limit_tenant_open_runs,
        hosts=settings.hosts,
    )


def build_authenticator(
    settings: Settings, clock: Clock, users: SignedInUsers | None = None, *, required: bool = True
) -> TokenAuthenticator:
    """Build the verifier of bearer tokens: by JWKS if a URL is set, else by the shared secrets.

    Raises MissingJwtSecret if there is neither and one is required.
    """
    expected = _expected_claims(settings)
    if settings.jwt_jwks_url is not None:
        return TokenAuthenticator(JwksKeys(settings.jwt_jwks_url, clock), clock, expected)
    try:
        secrets = jwt_secrets(settings, create=False)
    except MissingJwtSecret:
        if required:
            raise
        secrets = ()
    return TokenAuthenticator(SharedSecrets(*secrets), clock, expected, users)


def build_token_issuer(settings: Settings, clock: Clock) -> TokenIssuer | None:
    """Build the signer of tokens; None if an identity provider signs them, or without a secret."""
    if settings.jwt_jwks_url is not None:
        return None
    try:
        secrets = jwt_secrets(settings, create=False)
    except MissingJwtSecret:
        return None
    return TokenIssuer(secrets[0], clock, _expected_claims(settings))


def _expected_claims(settings: Settings) -> ExpectedClaims:
    return ExpectedClaims(issuer=settings.jwt_issuer, audience=settings.jwt_audience)


def readiness_checks(
    stores: Stores, view_position: ViewPosition
) -> dict[str, Callable[[], Awaitable[bool]]]:
    """Return the checks of /readyz: the store answers, and the views keep up with it."""

    async def store() -> bool:
        return await stores.events.head() >= 0

    async def views() -> bool:
        return await view_position.reached(await stores.events.head(), READY_WITHIN_MS)

    return {"store": store, "views": views}
