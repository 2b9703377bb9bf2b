"""Looking at the dead letters without taking any."""

from typing import Final

from shared.contracts.letter import Letter
from shared.ports import Subscription

AT_ONCE: Final = 10  # each may have ten megabytes
FIRST_WAIT_S: Final = 2.0
MORE_WAIT_S: Final = 0.5  # meanwhile nobody else sees those that are lent


def waiting(subscription: Subscription, limit: int) -> list[Letter]:
    """Return messages that wait, up to a limit, without their data; all of them go on waiting."""
    lent: list[Letter] = []
    found: dict[str, Letter] = {}
    wait_s = FIRST_WAIT_S
    try:
        while len(found) < limit:
            pulled = [letter.envelope for letter in subscription.pull(AT_ONCE, wait_s)]
            lent, wait_s = lent + pulled, MORE_WAIT_S
            if all(letter.message_id in found for letter in pulled):
                break
            found |= {letter.message_id: letter for letter in pulled}
    finally:
        subscription.give_back(lent)
    return list(found.values())[:limit]
