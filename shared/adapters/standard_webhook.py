"""A receiver of signed events, after the Standard Webhooks specification 1.0.

The body is the event in the JSON format of CloudEvents, and says so by its media type: whoever
reads CloudEvents recognises them by it.
"""

from collections.abc import Sequence
from typing import Final

from standardwebhooks import Webhook as Signer

from shared.adapters.https_post import Poster
from shared.contracts.event import PublicEvent
from shared.contracts.message import to_json
from shared.contracts.outcome import PIPELINE_VERSION
from shared.ports import Reply

USER_AGENT: Final = f"inlet/{PIPELINE_VERSION}"
_MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"


class StandardWebhook:
    """Posts signed events to one address; with two secrets, each is signed with both."""

    def __init__(self, url: str, secrets: Sequence[str], poster: Poster) -> None:
        self._url = url
        self._signers = [Signer(secret) for secret in secrets]
        self._poster = poster

    def send(self, event: PublicEvent) -> Reply:
        """Return what the receiver answered, or why there was no answer."""
        body, now = to_json(event.to_structured()), self._poster.clock.now()
        signed = (signer.sign(event.event_id, now, body.decode()) for signer in self._signers)
        headers = {
            "content-type": _MEDIA_TYPE,
            "user-agent": USER_AGENT,
            "webhook-id": event.event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signed),
        }
        return self._poster.post(self._url, headers, body)
