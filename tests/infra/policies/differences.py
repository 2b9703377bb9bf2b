"""What a policy finds: places where a plan is not as it should be."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tests.infra.plan import Plan, Resource

Policy = Callable[[Plan], Iterator[str]]


def same(where: str, expected: object, found: object) -> Iterator[str]:
    """Yield a problem when two values differ."""
    if expected != found:
        yield f"{where}: expected {expected!r}, found {found!r}"


def says(resource: Resource, expected: Mapping[str, Any]) -> Iterator[str]:
    """Yield a problem for each attribute of a resource that has another value.

    A dotted name leads through blocks.
    """
    for name, value in expected.items():
        *path, last = name.split(".")
        yield from same(f"{resource.address}.{name}", value, resource.block(*path).get(last))


def exactly(what: str, expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each name that is missing or too many."""
    wanted, there = set(expected), set(found)
    yield from (f"{what}: {name} is missing" for name in sorted(wanted - there))
    yield from (f"{what}: {name} is too many" for name in sorted(there - wanted))
