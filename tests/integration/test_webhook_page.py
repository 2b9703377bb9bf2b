"""What the page tells receivers of webhooks to do, done."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from shared.adapters.standard_webhook import StandardWebhook
from tests.events import event_of
from tests.integration.receivers import a_poster, receiving
from tests.outcomes import an_outcome

PAGE = Path(__file__).parents[2] / "functions" / "notify" / "README.md"
SECRET = "whsec_bWFkZSB1cCBieSBhIHRlc3Q="
OTHER = "whsec_YWxzbyBtYWRlIHVwIGJ5IGl0Cg=="


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_a_signature_is_verified_by_hand_as_the_page_says(tmp_path: Path) -> None:
    with receiving() as receiver:
        StandardWebhook(receiver.url(), (OTHER, SECRET), a_poster()).send(event_of(an_outcome()))
    (request,) = receiver.received
    (tmp_path / "body.json").write_bytes(request.body)
    script = next(
        block
        for block in re.findall("```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
        if "openssl" in block
    )
    variables = {
        "SECRET": SECRET,
        "ID": request.headers["webhook-id"],
        "TIMESTAMP": request.headers["webhook-timestamp"],
    }
    made = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"v1,{made.stdout.strip()}" == request.headers["webhook-signature"].split()[1]
    assert Webhook(SECRET).verify(request.body, dict(request.headers))
