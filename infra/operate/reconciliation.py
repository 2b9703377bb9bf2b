"""A sweep by hand: everything at once, from the beginning."""

from dataclasses import replace

from functions.sweep.handler import EVER, Sweep
from functions.sweep.report import Report
from functions.sweep.terms import DEFAULT_LIMITS, Terms
from infra.operate.cloud import Cloud
from shared.contracts.catalogue import Progress

UPLOADS = "uploads"
# Whatever has waited for long enough is due, and no run ends before its part of the archive does.
THOROUGH = replace(
    DEFAULT_LIMITS,
    interval=EVER,
    ask_every=EVER,
    budget=EVER,
    max_announced=1_000_000_000,
    max_findings=1_000,
)


def reconcile(cloud: Cloud) -> list[Report]:
    """Return what the runs found, once the whole archive is compared.

    Each run is one of `sweep`'s and is written down like one.
    """
    sweep = Sweep(
        objects=cloud.objects,
        uploads=cloud.topic(UPLOADS),
        catalogue=cloud.catalogue,
        dead_letters=cloud.dead_letters,
        clock=cloud.clock,
        terms=Terms(
            inbox=cloud.inbox,
            archive=cloud.archive,
            quarantine=cloud.quarantine,
            limits=THOROUGH,
        ),
    )
    reports = [sweep.run(Progress())]
    while not reports[-1].pass_complete:
        reports.append(sweep.run(reports[-1].progress))
    return reports
