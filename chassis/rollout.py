"""What a rollout is held to before any process of it runs: new rules come a day before they hold."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from chassis.queries import chassis_queries
from policy.notice import require_notice
from policy.packs import Pack, Packs


async def take_in_packs(database_url: str, packs: Packs, pack_id: str, now: datetime) -> list[Pack]:
    """Note each version of the site's pack that was not held before, and answer those; `now` is the rollout's time.

    PolicyError `PACK_TOO_SOON` for a sealed version that would take effect within a day; then nothing is noted. What an
    installation gets first is taken as it is, and so are drafts, which only development takes.
    """
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(chassis_queries.packs_one_at_a_time)
            held = {row["sha256"] for row in await connection.fetch(chassis_queries.packs_held, pack_id)}
            new = [pack for pack in packs.versions(pack_id) if pack.sha256 not in held]
            for pack in new:
                if held and pack.seal:
                    require_notice(pack, now)
                await connection.execute(chassis_queries.hold_pack, pack.sha256, pack.id, pack.version, now)
            return new
    finally:
        await connection.close()
