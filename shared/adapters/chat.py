"""A room of Google Chat or Slack, told through its incoming webhook.

The form that the two share is `{"text": …}`. Whoever knows the address may write to the room, so
it is a secret: no line of a log, no row and no error has it.
"""

from typing import Final

from shared.adapters.https_post import Poster
from shared.adapters.standard_webhook import USER_AGENT
from shared.contracts.event import PublicEvent
from shared.contracts.message import to_json
from shared.contracts.notice import Notice
from shared.ports import Reply

# Links and mentions stand between these in both services, and each has its own way to quote them.
_NO_MARKUP: Final = str.maketrans("<>", "()")
_HEADERS: Final = {"content-type": "application/json; charset=utf-8", "user-agent": USER_AGENT}


class Chat:
    """Writes a text for each event to one room."""

    def __init__(self, address: str, poster: Poster) -> None:
        self._address = address
        self._poster = poster

    def send(self, event: PublicEvent) -> Reply:
        """Return what the room's service answered, or why there was no answer."""
        body = to_json({"text": _text(Notice.of(event))})
        return self._poster.post(self._address, _HEADERS, body)


def _text(notice: Notice) -> str:
    facts = [f"{name}: {value}" for name, value in notice.facts]
    tallies = [" · ".join(filter(None, row)) for row in notice.tallies[1:]]
    lines = [f"Inlet: {notice.title}: {notice.says}", *facts, *tallies]
    return "\n".join(line.translate(_NO_MARKUP) for line in lines)
