"""Every policy by name."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.infra.policies import (
    functions,
    grants,
    messaging,
    monitoring,
    sources,
    storage,
    warehouse,
)
from tests.infra.policies.differences import Policy

POLICIES: Final[Mapping[str, Policy]] = {
    f"{module.__name__.rpartition('.')[2]}.{policy.__name__}": policy
    for module, policies in (
        (
            functions,
            (
                functions.functions,
                functions.deadlines,
                functions.environments,
                functions.mounts,
                functions.data_files,
                functions.secrets,
            ),
        ),
        (
            grants,
            (
                grants.grants,
                grants.other_ways,
                grants.public,
                grants.roles,
                grants.secret_readers,
                grants.facility_members,
                grants.federation,
                grants.perimeter,
                grants.identities,
            ),
        ),
        (
            messaging,
            (
                messaging.topics,
                messaging.schemas,
                messaging.subscriptions,
                messaging.ranges,
                messaging.kept,
                messaging.dead_letters,
                messaging.schedules,
            ),
        ),
        (
            monitoring,
            (
                monitoring.counters,
                monitoring.alerts,
                monitoring.objectives,
                monitoring.quarantine_share,
                monitoring.dashboard,
                monitoring.budget,
                monitoring.audit,
                monitoring.services,
                monitoring.region,
                monitoring.labels,
            ),
        ),
        (
            storage,
            (
                storage.buckets,
                storage.lifecycles,
                storage.retention,
                storage.notifications,
                storage.folders,
                storage.keys,
            ),
        ),
        (
            warehouse,
            (
                warehouse.datasets,
                warehouse.tables,
                warehouse.views,
                warehouse.research_views,
                warehouse.restrictions,
                warehouse.rows,
            ),
        ),
    )
    for policy in policies
}
SOURCES: Final[Mapping[str, Callable[[Path], Iterator[str]]]] = {
    f"sources.{policy.__name__}": policy
    for policy in (sources.variables, sources.irreplaceable, sources.names)
}
