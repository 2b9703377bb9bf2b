"""Memory of a function's instance: what is there for as long as it is."""

import gc
from functools import cache


@cache
def keep_what_is_loaded() -> None:
    """The garbage collector passes over all that was there at the first call.

    After one delivery that is the code, the clients and the tables of the standard, which every
    full collection would go through and never free. What refers to itself is collected from then on
    as before, and as often: a rarer collection would let it hold the bytes of more objects.
    """
    gc.freeze()
