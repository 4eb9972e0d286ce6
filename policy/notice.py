"""New rules are known before they hold: how long ahead a version of a pack must be rolled out."""

from __future__ import annotations

from datetime import datetime, timedelta

from policy.errors import PolicyError
from policy.packs import Pack

NOTICE = timedelta(hours=24)
"""While a release is rolled out, copies with and without a new version answer side by side. A version that holds only a
day later is held by all of them before any applies it; and whoever decides under it has had a day to read its training
notice."""


def require_notice(pack: Pack, now: datetime) -> None:
    """Refuse (`PACK_TOO_SOON`) a new version of a pack in use that would take effect less than a day from `now`."""
    if pack.effective_from < now + NOTICE:
        message = (
            f"pack {pack.id} {pack.version} takes effect at {pack.effective_from.isoformat()}, and nothing new does "
            f"before {(now + NOTICE).isoformat(timespec='minutes')}, a day from now: give it a later effective_from"
        )
        raise PolicyError("PACK_TOO_SOON", [f"{pack.id}/{pack.version}"], message)
