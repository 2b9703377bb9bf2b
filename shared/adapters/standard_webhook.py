"""A receiver of signed events, after the Standard Webhooks specification."""

import requests
from standardwebhooks import Webhook as Signer

from shared.adapters.vendor_errors import translated
from shared.errors import TransientError
from shared.ports import Clock

TIMEOUT_S = (5.0, 10.0)  # connect, read


class StandardWebhook:
    """Posts signed events to one address; the settings see to it that it is an https one."""

    def __init__(self, url: str, secret: bytes, clock: Clock) -> None:
        self._url = url
        self._signer = Signer(secret.decode())
        self._clock = clock

    def send(self, event_id: str, body: bytes) -> None:
        """Return once the receiver has answered 2xx; redirects are not followed."""
        now = self._clock.now()
        headers = {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(event_id, now, body.decode()),
        }
        with (
            translated("webhook"),
            requests.post(
                self._url,
                data=body,
                headers=headers,
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,  # the reply's body is not ours to read
            ) as response,
        ):
            if response.status_code // 100 != 2:  # noqa: PLR2004 - the class of success, RFC 9110
                raise TransientError("webhook-refused")
