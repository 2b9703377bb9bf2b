"""What operators do to a running pipeline: `python -m infra.operate release|promote|…`.

The environment leads to it as it leads any client of Google's: that of `.local/env`, or the real
names and application default credentials. `--local` takes the local cloud of this checkout.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from functions.sweep.report import Kind
from infra.local.console import Console
from infra.local.layout import DEFAULT, Layout
from infra.local.lifecycle import CloudError, running_environment
from infra.local.table import render
from infra.operate import again_command, deliveries_command, erasure_command, onboarding_command
from infra.operate.cloud import Cloud, connected, topics_by_subscription
from infra.operate.copies import DIGEST, MadeBy, by_maker, profiles_in_force, remove, renew
from infra.operate.erasure_terms import RefusedError
from infra.operate.kept import Selection, UnknownObjectError, promote, release
from infra.operate.letters import LIMIT, listed, redrive
from infra.operate.reconciliation import reconcile
from infra.operate.reidentification import Kind as Pseudonymous
from infra.operate.reidentification import Question, facilities_of, key_of, original_of
from shared.errors import InletError, SettingsError
from shared.runtime.environment import Environment

Command = Callable[[Cloud, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; 0 when all of it was done, 2 when it could not be begun."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if missing := _missing(options):
        parser.error(missing)
    try:
        if options.local:
            state = os.environ.get("INLET_LOCAL_STATE", DEFAULT)
            os.environ.update(running_environment(Layout(Path(state).resolve())))
        return int(options.command(connected(Environment(os.environ)), options))
    except SettingsError as error:
        return _failed("; ".join(error.problems))
    except (CloudError, RefusedError, UnknownObjectError) as error:
        return _failed(str(error))
    except InletError as error:
        return _failed(f"{error.reason}: what was not done can be done again")


def _missing(options: argparse.Namespace) -> str:
    if options.command is _release and not (options.reason or options.facility or options.name):
        return "release needs a reason, a facility or a name"
    removes = options.command is _copies and options.what == "remove"
    if removes and not (options.key_id or options.profile_digest):
        return "copies remove needs a key's id or a profile's digest"
    return ""


def _failed(why: str) -> int:
    print(f"operate: {why}", file=sys.stderr)
    return 2


def _release(cloud: Cloud, options: argparse.Namespace) -> int:
    selection = Selection(
        reason=options.reason or None, facility=options.facility or None, uri=options.name or None
    )
    released = release(cloud, selection, dry_run=options.dry_run)
    rows = [
        (*place, released.announced[place], released.unlabelled[place]) for place in released.places
    ]
    done = "would be released" if options.dry_run else "released"
    _print(("reason", "facility", done, "not releasable"), rows)
    return 1 if released.unlabelled else 0


def _promote(cloud: Cloud, options: argparse.Namespace) -> int:
    stored = promote(cloud, options.uri)
    _print(("promoted", "generation"), [(stored.uri, stored.version.generation)])
    return 0


def _dead_letters(cloud: Cloud, options: argparse.Namespace) -> int:
    if options.what == "redrive":
        redriven = redrive(cloud, topics_by_subscription())
        _print(("topic", "redriven"), sorted(redriven.by_topic.items()))
        if redriven.unknown:
            print(f"{redriven.unknown} of a subscription that the definition does not know wait on")
        return 1 if redriven.unknown else 0
    piles, now = listed(cloud), cloud.clock.now()
    _print(
        ("subscription", "waiting", "oldest", "newest"),
        [(p.subscription, p.count, _age(now - p.oldest), _age(now - p.newest)) for p in piles],
    )
    if sum(pile.count for pile in piles) == LIMIT:
        print(f"and perhaps more: no more than {LIMIT} are looked at")
    return 0


def _reconcile(cloud: Cloud, _: argparse.Namespace) -> int:
    reports = reconcile(cloud)
    counts = sum((report.counts for report in reports), start=Counter[Kind]())
    _print(
        ("finding", "action", "object", "generation"),
        [
            (each["Kind"], each["Action"], each["ObjectUri"], each["Generation"])
            for report in reports
            for each in report.told()
        ],
    )
    _print(("finding", "count"), sorted((kind.value, count) for kind, count in counts.items()))
    print(f"{sum(report.archive_listed for report in reports)} archived versions compared")
    return 1 if counts else 0


def _copies(cloud: Cloud, options: argparse.Namespace) -> int:
    if options.what == "renew":
        renewed = renew(cloud, options.below)
        _print(("announced", "not announceable"), [(renewed.announced, renewed.unlabelled)])
        return 1 if renewed.unlabelled else 0
    if options.what == "remove":
        made_by = MadeBy(key_id=options.key_id, profile_digest=options.profile_digest)
        count = remove(cloud, made_by, dry_run=options.dry_run)
        _print(("would be removed" if options.dry_run else "removed",), [(count,)])
        print(f"Their rows stay until somebody runs: {made_by.rows_to_remove()}")
        return 0
    in_force = profiles_in_force(Environment(os.environ))
    _print(
        ("key", "profile", "digest", "in force", "copies", "bytes", "first", "last"),
        [
            (
                maker.key_id or "unknown",
                maker.profile or "unknown",
                maker.profile_digest or "unknown",
                "yes" if (maker.profile, maker.profile_digest) in in_force else "no",
                made.count,
                made.size,
                f"{made.first:%F %T}",
                f"{made.last:%F %T}",
            )
            for maker, made in by_maker(cloud).items()
        ],
    )
    return 0


def _reidentify(cloud: Cloud, options: argparse.Namespace) -> int:
    env = Environment(os.environ)
    key = key_of(env, options.key_file, options.project)
    facilities = facilities_of(env)
    (kind,) = (kind for kind in Pseudonymous if getattr(options, kind))
    question = Question(
        kind=kind, pseudonym=getattr(options, kind), who=options.who, reason=options.reason
    )
    original = original_of(cloud, facilities, key, question)
    if original is None:
        print(f"none that is archived has this pseudonym under the key {key.key_id}")
        return 1
    _print(("attribute", "original"), sorted(original.items()))
    return 0


def _digest(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise argparse.ArgumentTypeError("it is 16 hexadecimal digits")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it must say something")
    return text.strip()


def _age(age: timedelta) -> str:
    """Return an age in whole units of the largest that fits."""
    seconds = round(age.total_seconds())
    units = ((86_400, "d"), (3_600, "h"), (60, "min"))
    fitting = (f"{seconds // size} {unit}" for size, unit in units if seconds >= size)
    return next(fitting, f"{seconds} s")


def _print(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    console = Console()
    for line in render(columns, rows, None, console.styled):
        console.line(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.operate", description=__doc__)
    parser.add_argument("--local", action="store_true", help="the local cloud of this checkout")
    commands = parser.add_subparsers(required=True)

    def add(name: str, command: Command, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about)
        added.set_defaults(command=command)
        return added

    one = add("release", _release, "decide anew what is in the quarantine")
    one.add_argument("--reason", default="", help="all that was refused for it")
    one.add_argument("--facility", default="", help="all that a facility sent")
    one.add_argument("--name", default="", metavar="gs://…", help="one object")
    one.add_argument("--dry-run", action="store_true", help="only say what would be released")
    one = add("promote", _promote, "make an archived version the primary one")
    one.add_argument("uri", metavar="gs://…", help="the version")
    one = add("dead-letters", _dead_letters, "what was given up after the last attempt")
    one.add_argument("what", nargs="?", choices=("list", "redrive"), default="list")
    add("reconcile", _reconcile, "compare everything now")
    _add_copies(add("copies", _copies, "research copies by what made them"))
    _add_reidentify(add("reidentify", _reidentify, "what a pseudonym stands for; it is recorded"))
    about = "have everything kept that has no row decided again"
    again_command.add_rebuild_arguments(add("rebuild", again_command.run_rebuild, about))
    about = "have what landed in some time decided again"
    again_command.add_replay_arguments(add("replay", again_command.run_replay, about))
    about = "what a facility needs to send"
    onboarding_command.add_arguments(add("onboard", onboarding_command.onboard, about))
    about = "remove a patient, or a study, from every bucket and table; it is recorded"
    erasure_command.add_arguments(add("erase", erasure_command.erase, about))
    about = "what targets have been told of events"
    deliveries_command.add_arguments(add("deliveries", deliveries_command.deliveries, about))
    return parser


def _add_copies(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what")
    what.add_parser("list", help="count them")
    one = what.add_parser("renew", help="have what is archived copied as is done today")
    one.add_argument("--below", default="", help="only what is archived under such names")
    one = what.add_parser("remove", help="delete those of a key, or of a profile as it was")
    one.add_argument("--key-id", type=_digest, help="the key, as `list` names it")
    one.add_argument("--profile-digest", type=_digest, help="the profile, as `list` names it")
    one.add_argument("--dry-run", action="store_true", help="only count them")


def _add_reidentify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key-file", required=True, help="the secret; nothing else names it")
    parser.add_argument("--project", required=True, help="the project that the pseudonyms are of")
    parser.add_argument("--who", type=_said, required=True, help="who wants to know")
    parser.add_argument("--reason", type=_said, required=True, help="why")
    asked = parser.add_mutually_exclusive_group(required=True)
    for kind in Pseudonymous:
        asked.add_argument(f"--{kind}", type=_said, metavar="PSEUDONYM")


if __name__ == "__main__":
    sys.exit(main())
