"""The page about webhooks: its receiver in Python verifies what Baton signs, and nothing else."""

import re
import time
from typing import Any

import pytest

from baton.protocols.standard_webhooks import headers_signed_by
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
SECRETS = ("whsec_" + "bm90IGEgc2VjcmV0IG9mIGFueWJvZHkh", "webhook-secret")
BODY = '{"type":"workflow.execution.completed","data":{"größe":1}}'.encode()


@pytest.fixture(scope="module")
def verify() -> Any:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = {}
    exec(block, found)
    return found["verify"]


@pytest.mark.parametrize("secret", SECRETS)
def test_the_code_verifies_a_message_signed_with_one_or_two_secrets(
    verify: Any, secret: str
) -> None:
    now = int(time.time() * 1_000)

    assert verify(secret, headers_signed_by([secret], "d1", now, BODY), BODY)
    assert verify(secret, headers_signed_by(["another secret", secret], "d1", now, BODY), BODY)


@pytest.mark.parametrize(
    ("signed_at_s", "body", "secret"),
    [(0, BODY + b" ", SECRETS[0]), (-301, BODY, SECRETS[0]), (0, BODY, "another secret")],
)
def test_the_code_refuses_any_other_message(
    verify: Any, signed_at_s: int, body: bytes, secret: str
) -> None:
    at = int(time.time() + signed_at_s) * 1_000

    assert not verify(SECRETS[0], headers_signed_by([secret], "d1", at, BODY), body)
