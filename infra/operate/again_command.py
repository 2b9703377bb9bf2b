"""`rebuild` and `replay`: what they are told on the command line, and what they print."""

import argparse
from datetime import timedelta

from infra.operate.again import Announced, rebuild, replay
from infra.operate.cloud import Cloud
from infra.operate.moments import moment
from infra.operate.printing import print_table


def add_rebuild_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `rebuild` takes."""
    parser.add_argument("--below", default="", help="only what is archived under such names")
    parser.add_argument("--dry-run", action="store_true", help="only count")


def add_replay_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `replay` takes."""
    parser.add_argument("--since", type=moment, required=True, help="a day, or a moment (UTC)")
    parser.add_argument("--until", type=moment, help="the moment after; else a day after `since`")
    parser.add_argument("--facility", default="", help="only what this one sent")
    parser.add_argument("--dry-run", action="store_true", help="only count")


def run_rebuild(cloud: Cloud, options: argparse.Namespace) -> int:
    """Announce what has no row; 1 when something cannot be announced."""
    return _told(rebuild(cloud, options.below, dry_run=options.dry_run), options)


def run_replay(cloud: Cloud, options: argparse.Namespace) -> int:
    """Announce what landed in that time; 1 when something cannot be announced."""
    until = options.until or options.since + timedelta(days=1)
    found = replay(cloud, options.since, until, options.facility, dry_run=options.dry_run)
    return _told(found, options)


def _told(counts: Announced, options: argparse.Namespace) -> int:
    done = "would be announced" if options.dry_run else "announced"
    print_table(
        (done, "had rows", "not announceable"),
        [(counts.announced, counts.told, counts.unlabelled)],
    )
    return 1 if counts.unlabelled else 0
