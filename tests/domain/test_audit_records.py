"""Records for auditors: accesses, verifications of the log, and rotations of the audit key."""

import pytest

from baton.domain.access.decisions import DECIDER as ACCESS
from baton.domain.access.messages import Origin, RecordAccess, SignedIn
from baton.domain.audit_key.decisions import DECIDER as AUDIT_KEY
from baton.domain.audit_key.messages import AuditKeyRotated, RotateAuditKey
from baton.domain.verification.decisions import DECIDER as VERIFICATION
from baton.domain.verification.messages import (
    Finding,
    LogVerified,
    ReportFailure,
    ReportFinding,
    RequestVerification,
    VerificationFailed,
    VerificationRequested,
)
from baton.domain.verification.state import LIMIT_MS
from tests.domain.specification import given
from tests.kit.actors import ANN

SIGNED_IN = SignedIn(tenant="acme", actor=ANN, origin=Origin("192.0.2.7", "curl"), at=10)
REQUEST = RequestVerification(tenant="acme", verification_id="v1", actor=ANN, at=10)
REQUESTED = VerificationRequested(tenant="acme", verification_id="v1", actor=ANN, at=10)
WHOLE = Finding(
    events=9,
    streams=3,
    position=9,
    sealed=9,
    heads=1,
    head_size=9,
    head_root="5" * 64,
    signed_by=(),
)
REPORT = ReportFinding(finding=WHOLE, at=20)
VERIFIED = LogVerified(finding=WHOLE, at=20)


def test_an_access_is_recorded_once() -> None:
    recorded = given(ACCESS).when(RecordAccess(SIGNED_IN)).then(SIGNED_IN)

    recorded.when(RecordAccess(SIGNED_IN)).then_nothing()


def test_a_verification_ends_once() -> None:
    requested = given(VERIFICATION).when(REQUEST).then(REQUESTED)
    requested.when(REQUEST).then_nothing()
    verified = requested.when(REPORT).then(VERIFIED)

    verified.when(REPORT).then_nothing()
    verified.when(ReportFailure(reason="stopped", at=30)).then_nothing()
    assert verified.state.status_at(LIMIT_MS * 2) == "verified"


def test_a_verification_that_came_to_no_result_has_failed() -> None:
    requested = given(VERIFICATION, REQUESTED)
    failed = requested.when(ReportFailure(reason="stopped", at=30)).then(
        VerificationFailed(reason="stopped", at=30)
    )

    assert failed.state.status_at(31) == "failed"
    assert requested.state.status_at(LIMIT_MS) == "running"
    assert requested.state.status_at(LIMIT_MS + 11) == "failed"


@pytest.mark.parametrize("command", [REPORT, ReportFailure(reason="stopped", at=30)])
def test_only_a_requested_verification_ends(command: ReportFinding | ReportFailure) -> None:
    given(VERIFICATION).when(command).then_refused("not_found", subject="verification", id="")


def test_a_key_is_rotated_to_another_one() -> None:
    rotate = RotateAuditKey(former="a", key="b", endorsement="signed", actor=ANN, at=10)
    rotated = AuditKeyRotated(former="a", key="b", endorsement="signed", actor=ANN, at=10)
    back = RotateAuditKey(former="b", key="a", endorsement=None, actor=ANN, at=20)
    none = RotateAuditKey(former="a", key="a", endorsement=None, actor=ANN, at=10)
    after = given(AUDIT_KEY).when(rotate).then(rotated)

    given(AUDIT_KEY).when(none).then_nothing()
    after.when(rotate).then_nothing()
    after.when(back).then(AuditKeyRotated(former="b", key="a", endorsement=None, actor=ANN, at=20))
