"""Be called with each event: for services that scale to nothing.

python -m infra.examples.subscribers.push --port 8080 --handled handled.sqlite

Before it lets a request through, Cloud Run checks the token that Pub/Sub sends; elsewhere check it
with google.oauth2.id_token.verify_oauth2_token.
"""

import argparse
import base64
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cloudevents.http import CloudEvent

from infra.examples.subscribers.handled import Handled, event_of, work


def event_of_push(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Read a push: as it is when its headers are an event's, else out of Pub/Sub's envelope."""
    named = {name.lower(): value for name, value in headers.items()}
    if "ce-id" in named:
        return event_of(named, body)
    message = json.loads(body)["message"]
    return event_of(message["attributes"], base64.b64decode(message["data"]))


def serve(handled: Handled, port: int) -> ThreadingHTTPServer:
    """Return a server that answers 204 once the work is done, and else has the event come again."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            handled.once(event_of_push(dict(self.headers), body), work)
            self.send_response(204)
            self.end_headers()

        def log_request(self, *_: object) -> None:
            """Print what was handled, not that somebody called."""

    return ThreadingHTTPServer(("127.0.0.1", port), Endpoint)


def main() -> int:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--handled", type=Path, required=True)
    named = parser.parse_args()
    serve(Handled(named.handled), named.port).serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
