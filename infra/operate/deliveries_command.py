"""`deliveries`: what targets have been told of events, and telling one of them again."""

import argparse

from infra.operate.cloud import Cloud
from infra.operate.moments import moment
from infra.operate.printing import print_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `deliveries` takes."""
    what = parser.add_subparsers(dest="what")
    what.add_parser("list", help="count them by target and what became of them")
    one = what.add_parser("replay", help="tell a target again of all that was published since")
    one.add_argument("--target", required=True, help="its name")
    one.add_argument("--since", type=moment, required=True, help="a day, or a moment (UTC)")


def deliveries(cloud: Cloud, options: argparse.Namespace) -> int:
    """List how far targets have been told, or have one told again; 1 when one has not got all."""
    if options.what == "replay":
        cloud.deliveries.replay(options.target, options.since)
        print(f"{options.target} is told again of what was published since {options.since:%F %T}")
        return 0
    standings = list(cloud.deliveries.standings())
    print_table(
        (
            "target",
            "delivered",
            "failed",
            "refused",
            "given up",
            "last attempt",
            "oldest left",
        ),
        [
            (
                each.target,
                each.delivered,
                each.failed,
                each.refused,
                each.given_up,
                f"{each.attempted_at:%F %T}",
                f"{each.oldest:%F %T}" if each.oldest else "",
            )
            for each in standings
        ],
    )
    return 1 if any(each.failed or each.refused or each.given_up for each in standings) else 0
