"""The `export` lines with which anybody's client finds the local cloud."""

import shlex
from collections.abc import Mapping

from infra.definition import Pipeline
from infra.local.endpoints import Endpoints
from infra.local.functions import data_file
from infra.local.layout import Layout
from infra.local.overrides import Profile

_HEADER = "# The running local cloud, for any Google Cloud client: . .local/env\n"


def client_environment(
    pipeline: Pipeline, profile: Profile, ports: Endpoints, layout: Layout
) -> dict[str, str]:
    """Where the servers are and what the parts are called."""
    return {
        **ports.clients(profile),
        **{f"INLET_{_variable(name)}": profile.bucket(name) for name in pipeline.buckets},
        "INLET_EVENTS_TOPIC": "events",
        "INLET_OUTCOMES_TOPIC": "outcomes",
        "INLET_DATASET": "imaging",
        "INLET_RESEARCH_DATASET": "research",
        **{
            f"INLET_{_variable(name)}_FILE": str(data_file(name, profile, layout))
            for name in profile.data
        },
    }


def export_lines(pipeline: Pipeline, profile: Profile, ports: Endpoints, layout: Layout) -> str:
    """A file for a shell to read."""
    values = client_environment(pipeline, profile, ports, layout)
    return _HEADER + "".join(
        f"export {key}={shlex.quote(value)}\n" for key, value in values.items()
    )


def read_exports(text: str) -> Mapping[str, str]:
    """What such a file sets."""
    words = [shlex.split(line)[1] for line in text.splitlines() if line.startswith("export ")]
    return dict(word.split("=", 1) for word in words)


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
