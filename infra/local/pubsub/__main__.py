"""``python -m infra.local.pubsub``: serve until told to stop."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from infra.local.pubsub.server import AddressError, Server

log = logging.getLogger("pubsub")


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit status."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(options.host, options.port, options.port_file))
    except AddressError as error:
        log.error("%s", error)  # noqa: TRY400 - a busy port needs no traceback
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.pubsub",
        description="A Pub/Sub server for one machine. It keeps everything in memory.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: a free one")
    parser.add_argument("--port-file", type=Path, help="file to write host:port to when listening")
    return parser.parse_args()


async def _serve(host: str, port: int, port_file: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = Server()
    address = await server.start(host, port)
    log.info("listening on %s; messages are kept in memory and lost when this stops", address)
    if port_file:
        _write_atomically(port_file, address)
    await stopped.wait()
    await server.stop()
    log.info("stopped; all topics, subscriptions and messages are gone")


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
