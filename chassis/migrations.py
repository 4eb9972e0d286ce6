"""Forward-only migrations: plain `.sql` files, the chassis' own first, each applied once and whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
from yoyo import get_backend, read_migrations

CHASSIS = Path(__file__).with_name("migrations")

# Any two processes that migrate one database take turns under this advisory lock; a crash releases it.
_TURN = 7_105_001


def migrate(database_url: str, folders: Sequence[Path], *, lock_timeout: str = "5s") -> list[str]:
    """Bring a database up to date and answer the ids of the migrations that were applied.

    Each file is applied and marked in one transaction. A statement that waits longer than `lock_timeout` for a table
    in use fails, and is tried at the next start, rather than stop the service behind it.
    """
    _refuse_repeated_names([CHASSIS, *folders])
    with psycopg.connect(database_url, autocommit=True) as turn:
        turn.execute("SELECT pg_advisory_lock(%s)", (_TURN,))
        return [applied for folder in (CHASSIS, *folders) for applied in _apply(database_url, folder, lock_timeout)]


def _apply(database_url: str, folder: Path, lock_timeout: str) -> list[str]:
    scheme, separator, rest = database_url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise ValueError("the database url must begin with postgresql://")
    backend = get_backend(f"postgresql+psycopg://{rest}")
    try:
        backend.execute(f"SET lock_timeout TO '{lock_timeout}'")
        backend.ensure_internal_schema_updated()
        pending = list(backend.to_apply(read_migrations(str(folder))))
        for migration in pending:
            # yoyo's own apply marks in a second transaction; a crash between the two would apply the file twice.
            with backend.transaction():
                migration.process_steps(backend, "apply")
                backend.mark_one(migration, log=False)
        return [migration.id for migration in pending]
    finally:
        backend.connection.close()


def _refuse_repeated_names(folders: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for folder in folders:
        files = sorted(folder.glob("*.sql"))
        if not files:
            raise FileNotFoundError(f"no migrations in {folder}")
        for file in files:
            other = seen.setdefault(file.stem, folder)
            if other != folder:
                raise ValueError(f"two migrations are named {file.stem}: in {other} and in {folder}; rename one")
