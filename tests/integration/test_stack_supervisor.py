"""How the stack's supervisor treats any process, and how the cache and the platform's foundations behave."""

import asyncio
import os
import signal
import stat
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from deploy.local import kafka, platform, postgres, status
from deploy.local.cache import filled
from deploy.local.infrastructure import Addresses
from deploy.local.jars import Jar
from deploy.local.passwords import password
from deploy.local.processes import Given, Process, Report, StackError, Step
from deploy.local.settings import SERVICES, StackSettings, environment
from deploy.local.status import StackStatus, State
from deploy.local.supervisor import Supervisor
from tests.stack import settings_of

RUNS = "import signal; print('up', flush=True); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
BREAKS = "import sys; sys.exit('no such table: contacts')"


def process(folder: Path, name: str, code: str = RUNS, *after: str, grace: float = 10) -> Process:
    """A Python process that is ready once it has written its first line."""
    log = folder / f"{name}.log"

    async def ready() -> None:
        if "up" not in log.read_text():
            raise ConnectionError("it has not said that it is up")

    return Process(name=name, argv=(sys.executable, "-c", code), log=log, ready=ready, after=after, stop_grace=grace)


async def test_a_part_starts_after_those_it_builds_on_and_stops_before_them(tmp_path: Path) -> None:
    seen: list[tuple[str, State]] = []

    def watch(stack: StackStatus) -> None:
        for part in stack.parts:
            if (part.name, part.state) not in seen:
                seen.append((part.name, part.state))

    below, above = process(tmp_path, "below"), process(tmp_path, "above", RUNS, "below")
    supervisor = Supervisor([above, below], watch)
    await supervisor.start()
    await supervisor.stop()
    assert seen.index(("below", State.HEALTHY)) < seen.index(("above", State.STARTING))
    assert seen.index(("above", State.STOPPED)) < seen.index(("below", State.STOPPING))


async def test_a_process_that_will_not_start_fails_the_stack_with_the_end_of_its_log(tmp_path: Path) -> None:
    stays = process(tmp_path, "stays")
    supervisor = Supervisor([stays, process(tmp_path, "breaks", BREAKS, "stays")], lambda _: None)
    with pytest.raises(StackError) as told:
        await supervisor.start()
    assert "breaks: it ended with exit code 1 before it was ready" in str(told.value)
    assert f"its log is {tmp_path / 'breaks.log'}" in str(told.value)
    assert "no such table: contacts" in str(told.value)
    pid = supervisor.status.part("stays").pid
    assert pid is not None
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_process_that_does_not_hear_is_killed_after_its_grace(tmp_path: Path) -> None:
    supervisor = Supervisor([process(tmp_path, "deaf", DEAF, grace=0.2)], lambda _: None)
    await supervisor.start()
    await supervisor.stop()
    row = supervisor.status.part("deaf")
    assert (row.state, row.pid) == (State.STOPPED, None)
    assert row.detail.startswith("killed: ")


async def test_a_stack_stops_though_the_answer_to_a_question_swallows_the_first_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def ready() -> None:
        if supervisor.status.part("quiet").state is State.HEALTHY:
            asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    monkeypatch.setattr("deploy.local.supervisor.HEALTH_EVERY", 0.1)
    supervisor = Supervisor([replace(process(tmp_path, "quiet"), ready=ready)], lambda _: None)
    await supervisor.start()
    await asked.wait()
    await supervisor.stop()
    assert supervisor.status.part("quiet").state is State.STOPPED


async def test_restarts_come_later_each_time_while_a_process_keeps_dying(tmp_path: Path) -> None:
    waits: list[str] = []
    restarted = asyncio.Event()

    def watch(stack: StackStatus) -> None:
        row = stack.part("mortal")
        if row.state is State.RESTARTING:
            waits.append(row.detail)
        elif row.state is State.HEALTHY and row.pid and len(waits) < 3:
            os.kill(row.pid, signal.SIGKILL)
        elif row.state is State.HEALTHY:
            restarted.set()

    supervisor = Supervisor([process(tmp_path, "mortal")], watch)
    await supervisor.start()
    await asyncio.wait_for(restarted.wait(), 30)
    await supervisor.stop()
    assert [line.partition(";")[2] for line in waits] == [f" again in {s} s, see its log" for s in ("0.1", "0.5", "1")]
    assert supervisor.status.part("mortal").restarts == 3


async def test_a_part_that_comes_after_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="above comes after below, which this stack does not have"):
        Supervisor([process(tmp_path, "above", RUNS, "below")], lambda _: None)


async def test_of_several_who_want_the_same_one_fills_and_nobody_sees_it_half_done(tmp_path: Path) -> None:
    fills: list[Path] = []

    async def fill(folder: Path) -> None:
        fills.append(folder)
        assert not (tmp_path / "tool").exists()
        (folder / "program").write_text("whole")

    async def want() -> str:
        return ((await filled(tmp_path / "tool", fill, lambda _: None)) / "program").read_text()

    assert await asyncio.gather(*(want() for _ in range(5))) == ["whole"] * 5
    assert len(fills) == 1


async def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    async def fill(folder: Path) -> None:
        (folder / "half").touch()
        raise StackError("the network is gone")

    with pytest.raises(StackError, match="the network is gone"):
        await filled(tmp_path / "tool", fill, lambda _: None)
    assert os.listdir(tmp_path) == ["tool.lock"]


def test_a_jar_that_is_not_the_one_on_the_list_is_refused(tmp_path: Path) -> None:
    jar = tmp_path / "broker-1.jar"
    jar.write_bytes(b"something else")
    with pytest.raises(StackError, match="is not the jar it should be"):
        kafka.jars(StackSettings(home=tmp_path))._verify(jar, Jar("0" * 64, "org.example", "broker", "1"))


def test_a_password_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert password(tmp_path, "a") == password(tmp_path, "a") != password(tmp_path, "b")
    assert stat.S_IMODE((tmp_path / "secrets" / "a").stat().st_mode) == 0o600


def test_a_service_is_not_told_what_is_the_stacks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_POSTGRES_URL", "postgresql://postgres:secret@db/postgres")
    monkeypatch.setenv("HOTLINE_TIME_ZONE", "America/Denver")
    told = environment({"HOTLINE_PORT": "7101"})
    assert "HOTLINE_POSTGRES_URL" not in told
    assert (told["HOTLINE_TIME_ZONE"], told["HOTLINE_PORT"]) == ("America/Denver", "7101")


def test_a_process_that_got_the_pid_of_a_dead_part_is_not_taken_for_it() -> None:
    part = status.PartStatus(name="old", kind="process", pid=os.getpid(), created=1.0)
    assert status.process_of(part) is None


@pytest.fixture
def platform_settings(stack: Addresses, tmp_path: Path) -> StackSettings:
    return settings_of(
        {
            "HOTLINE_HOME": str(tmp_path),
            "HOTLINE_POSTGRES_URL": stack.postgres_url,
            "HOTLINE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        }
    )


def told_of(settings: StackSettings, name: str) -> dict[str, str]:
    """The environment of a process of the platform's table."""
    parts = platform.platform_processes(settings)
    return dict(next(part.env for part in parts if isinstance(part, Process) and part.name == name))


async def take(settings: StackSettings, name: str) -> None:
    """Do one step of the platform's table."""
    step = next(part for part in platform.platform_processes(settings) if part.name == name)
    assert isinstance(step, Step)
    report: Report = lambda _: None  # noqa: E731
    await step.run(report)


async def test_each_service_has_a_database_that_no_other_service_can_enter(platform_settings: StackSettings) -> None:
    await take(platform_settings, "databases")
    await take(platform_settings, "databases")
    own = told_of(platform_settings, "intake api")["HOTLINE_DATABASE_URL"]
    connection = await asyncpg.connect(own)
    assert await connection.fetchval("SELECT current_database()") == "hotline_intake"
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(own.removesuffix("hotline_intake") + "hotline_casework")


async def test_topics_are_made_once_and_one_with_other_partitions_is_refused(platform_settings: StackSettings) -> None:
    await take(platform_settings, "topics")
    await take(platform_settings, "topics")
    bootstrap = platform_settings.kafka_bootstrap
    assert bootstrap
    with pytest.raises(StackError, match="has 6 partitions, and the table of topics says 7"):
        await kafka.ensure_topics(bootstrap, {"hotline.intake.report.v1": 7})


async def test_every_process_of_the_platform_has_a_token_of_its_own(platform_settings: StackSettings) -> None:
    await take(platform_settings, "identity")
    files = [Path(told_of(platform_settings, f"{service} api")["HOTLINE_TOKEN_FILE"]) for service in SERVICES]
    files.append(Path(told_of(platform_settings, "workflows worker")["HOTLINE_TOKEN_FILE"]))
    assert len({file.read_text() for file in files}) == len(SERVICES) + 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert os.path.exists(told_of(platform_settings, "intake api")["HOTLINE_IDENTITY_KEYS"])  # noqa: ASYNC240


def test_a_database_url_keeps_the_options_of_a_given_server() -> None:
    given = "postgresql://admin:secret@db.example:5432/postgres?sslmode=require"
    assert postgres.database_url(given, "hotline_intake", "p/w") == (
        "postgresql://hotline_intake:p%2Fw@db.example:5432/hotline_intake?sslmode=require"
    )


async def test_a_given_part_that_goes_away_shows_as_unhealthy_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [True]
    changes: asyncio.Queue[State] = asyncio.Queue()

    async def ready() -> None:
        if not answers[0]:
            raise ConnectionError("gone")

    monkeypatch.setattr("deploy.local.supervisor.HEALTH_EVERY", 0.02)
    given = Given(name="kafka", address="broker:9092", ready=ready, variable="HOTLINE_KAFKA_BOOTSTRAP")
    supervisor = Supervisor([given], lambda stack: changes.put_nowait(stack.part("kafka").state))
    await supervisor.start()
    for answer, state in ((False, State.UNHEALTHY), (True, State.HEALTHY)):
        answers[0] = answer
        async with asyncio.timeout(10):
            while await changes.get() is not state:
                continue
    await supervisor.stop()
