"""How many messages a second go through the local Pub/Sub server.

Publisher and subscriber are Google's client in this process; the server, and the endpoint that
pushes go to, are processes of their own. Prints a table and writes ``build/bench/pubsub.json``.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from google.api_core.exceptions import NotFound
from google.cloud import pubsub_v1

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "build" / "bench" / "pubsub.json"
PROJECT = "bench"
BODY = b"x" * 500

RECEIVER = """
import asyncio, sys

ANSWER = b"HTTP/1.1 204 No Content\\r\\n\\r\\n"

class Endpoint(asyncio.Protocol):
    count, expected = 0, int(sys.argv[1])

    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        while b"\\r\\n\\r\\n" in self.data:
            head, _, rest = self.data.partition(b"\\r\\n\\r\\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\\r\\n")[0])
            if len(rest) < length:
                return
            self.data = rest[length:]
            self.transport.write(ANSWER)
            Endpoint.count += 1
            if Endpoint.count % Endpoint.expected == 0:
                print("done", flush=True)

async def main():
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@contextmanager
def running_server() -> Iterator[subprocess.Popen[bytes]]:
    """Run the server in a process of its own and point Google's client at it."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder, "port")
        command = [sys.executable, "-m", "infra.local.pubsub", "--port-file", str(port_file)]
        server = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
        while not port_file.exists():
            time.sleep(0.02)
        os.environ["PUBSUB_EMULATOR_HOST"] = port_file.read_text(encoding="utf-8")
        try:
            yield server
        finally:
            server.terminate()
            server.wait()


@contextmanager
def running_receiver(expected: int) -> Iterator[subprocess.Popen[str]]:
    """Run an endpoint that prints its port, and ``done`` after each ``expected`` requests."""
    command = [sys.executable, "-c", RECEIVER, str(expected)]
    receiver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield receiver
    finally:
        receiver.terminate()
        receiver.wait()


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return the processor time a process has used, 0 where the system does not tell."""
    with suppress(OSError):
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Bench:
    """Topics and subscriptions of their own for each measurement."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.publisher = pubsub_v1.PublisherClient()
        self.subscriber = pubsub_v1.SubscriberClient()

    def fresh(self, name: str, **options: object) -> tuple[str, str]:
        """Return the names of a new topic and a new subscription to it."""
        topic = self.publisher.topic_path(PROJECT, name)
        subscription = self.subscriber.subscription_path(PROJECT, name)
        with suppress(NotFound):
            self.subscriber.delete_subscription(subscription=subscription)
        with suppress(NotFound):
            self.publisher.delete_topic(topic=topic)
        self.publisher.create_topic(name=topic)
        request = {"name": subscription, "topic": topic, **options}
        self.subscriber.create_subscription(request=request)
        return topic, subscription

    def publish_all(self, topic: str) -> None:
        """Publish every message and wait for the confirmations."""
        futures = [self.publisher.publish(topic, BODY, n=str(n)) for n in range(self.messages)]
        for future in futures:
            future.result()

    def publish_to_push(self) -> float:
        """Return messages a second from the first publish to the last answered push."""
        with running_receiver(self.messages) as receiver:
            assert receiver.stdout
            endpoint = f"http://127.0.0.1:{receiver.stdout.readline().strip()}/"
            topic, _ = self.fresh("push", push_config={"push_endpoint": endpoint})
            started = time.perf_counter()
            self.publish_all(topic)
            receiver.stdout.readline()
            return self.messages / (time.perf_counter() - started)

    def publish_to_streaming_pull(self) -> float:
        """Return messages a second from the first publish to the last one received."""
        topic, subscription = self.fresh("stream")
        done, lock, count = threading.Event(), threading.Lock(), 0

        def receive(message: pubsub_v1.subscriber.message.Message) -> None:
            nonlocal count
            message.ack()
            with lock:
                count += 1
                if count == self.messages:
                    done.set()

        flow = pubsub_v1.types.FlowControl(max_messages=1000)
        pull = self.subscriber.subscribe(subscription, receive, flow_control=flow)
        started = time.perf_counter()
        self.publish_all(topic)
        done.wait()
        elapsed = time.perf_counter() - started
        pull.cancel()
        pull.result()
        return self.messages / elapsed

    def publish_only(self) -> float:
        """Return messages a second that are published and confirmed, nobody receiving them."""
        topic, _ = self.fresh("publish")
        started = time.perf_counter()
        self.publish_all(topic)
        return self.messages / (time.perf_counter() - started)


def measure(name: str, once: Callable[[], float], runs: int) -> dict[str, object]:
    """Return the rates of several runs after one that does not count."""
    once()
    rates = [round(once()) for _ in range(runs)]
    return {
        "name": name,
        "unit": "messages/s",
        "runs": rates,
        "median": statistics.median(rates),
        "minimum": min(rates),
        "maximum": max(rates),
    }


def idle_cpu_percent(server: subprocess.Popen[bytes], seconds: float) -> float:
    """Return the share of one core that the server uses with nothing to do."""
    before = cpu_seconds(server)
    time.sleep(seconds)
    return round(100 * (cpu_seconds(server) - before) / seconds, 2)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--idle-seconds", type=float, default=5.0)
    options = parser.parse_args()
    with running_server() as server:
        bench = Bench(options.messages)
        results = [
            measure("publish → push", bench.publish_to_push, options.runs),
            measure("publish → streaming pull", bench.publish_to_streaming_pull, options.runs),
            measure("publish", bench.publish_only, options.runs),
        ]
        idle = idle_cpu_percent(server, options.idle_seconds)
    report = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "messages": options.messages,
        "message_bytes": len(BODY),
        "idle_cpu_percent": idle,
        "results": results,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{'messages/s':26}{'median':>10}{'minimum':>10}{'maximum':>10}")
    for row in results:
        print(f"{row['name']:26}{row['median']:>10}{row['minimum']:>10}{row['maximum']:>10}")
    print(f"idle: {idle} % of a core")


if __name__ == "__main__":
    main()
