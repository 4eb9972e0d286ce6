"""What a pack cannot answer, in the reasons of the contracts; the state machine's own refusals are in them already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from policy.errors import ClockUndefined, PolicyError, Refused


@contextmanager
def packs_refuse() -> Iterator[None]:
    """Around a command: a kind that is not in the pack, or a pack that is not there, becomes a refusal."""
    try:
        yield
    except ClockUndefined as problem:
        raise Refused("NOT_IN_PACK", problem.message) from problem
    except PolicyError as problem:
        raise Refused("PACK_UNUSABLE", problem.message) from problem
