"""A promise from birth to certificate (design: one engine for every clock)."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.message import Message

from chassis.contract import instant, stamp
from cli.verify import verify as hotline_verify
from hotline.casework.v1 import casework_service_pb2 as pb
from hotline.casework.v1 import promise_pb2
from hotline.notifications.v1.notifications_events_pb2 import NotificationFailed
from policy.certificate import verify
from policy.packs import SHIPPED
from tests.integration.casework.conftest import DEADLINE, MONDAY, World, key, refused, told
from tools import verify_certificate


async def certificate(world: World, promise: promise_pb2.Promise) -> dict[str, object]:
    stub = await world.service()
    answer = await stub.GetCertificate(pb.GetCertificateRequest(promise_id=promise.promise_id), timeout=DEADLINE)
    return verify(json.loads(answer.certificate_json), world.rules.key.public_key())


async def test_a_promise_nobody_acts_on_climbs_to_the_director_who_keeps_it_late(world: World) -> None:
    promise = await world.promise("CALLBACK_URGENT")
    people = world.people
    climbed = []
    for minutes in (0, 10, 5, 5):
        world.clock.move(minutes=minutes)
        answer = await world.ring(promise)
        climbed += told(answer)
        await world.sent(answer)

    kept = await world.attempt(promise, "REACHED", by=people.director)

    assert climbed == [
        ("owner", people.worker),
        ("supervisor", people.supervisor),
        ("manager", people.manager),
        ("director", people.director),
    ]
    assert kept.verdict == promise_pb2.VERDICT_LATE
    assert (await certificate(world, promise))["verdict"] == "LATE"


async def test_a_promise_kept_in_time_is_met(world: World) -> None:
    promise = await world.promise("CALLBACK_URGENT")
    await world.ring(promise)
    world.clock.move(minutes=9)

    kept = await world.attempt(promise, "REACHED")

    assert kept.verdict == promise_pb2.VERDICT_MET
    assert kept.clock.state == promise_pb2.PROMISE_STATE_KEPT
    assert not kept.clock.HasField("next_instant")
    body = await certificate(world, promise)
    assert body["verdict"] == "MET"
    assert body["rungs"][0]["told"] == [world.people.worker]  # type: ignore[index]


async def test_a_promise_nobody_keeps_is_overdue_and_its_last_rung_repeats(world: World) -> None:
    promise = await world.promise("CALLBACK_URGENT")
    world.clock.move(minutes=20)
    answer = await world.ring(promise)
    await world.sent(answer)
    repeated = []
    for _ in range(3):
        world.clock.now = instant(answer.clock.next_instant)
        answer = await world.ring(promise)
        repeated.append((told(answer), answer.notices[0].cycle))
        await world.sent(answer)

    assert answer.clock.state == promise_pb2.PROMISE_STATE_OVERDUE
    assert repeated == [([("director", world.people.director)], cycle) for cycle in (2, 3, 4)]
    assert all(notice.overdue for notice in answer.notices)


async def test_an_attempt_that_fails_leaves_the_promise_in_its_place(world: World) -> None:
    """R081: a missed attempt never loses its place."""
    promise = await world.promise("CALLBACK_URGENT")
    before = await world.ring(promise)

    tried = await world.attempt(promise, "NO_ANSWER")

    assert tried.clock.state == promise_pb2.PROMISE_STATE_OPEN
    assert tried.due_at == promise.due_at
    assert tried.clock.next_instant == before.clock.next_instant


async def test_an_open_promise_has_no_certificate(world: World) -> None:
    promise = await world.promise()
    stub = await world.service()

    async with refused("WRONG_STATE"):
        await stub.GetCertificate(pb.GetCertificateRequest(promise_id=promise.promise_id), timeout=DEADLINE)


async def test_certificates_of_an_office_form_one_chain_that_an_outsider_can_verify(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promises = [await world.promise() for _ in range(8)]

    await asyncio.gather(*(world.attempt(promise) for promise in promises))

    stub = await world.service()
    files = [tmp_path / f"{promise.promise_id}.json" for promise in promises]
    for file, promise in zip(files, promises, strict=True):
        request = pb.GetCertificateRequest(promise_id=promise.promise_id)
        file.write_text((await stub.GetCertificate(request, timeout=DEADLINE)).certificate_json)
    links = sorted(
        (link["number"], link["previous"]) for link in [json.loads(f.read_text())["body"]["chain"] for f in files]
    )
    assert [number for number, _ in links] == list(range(1, 9))
    assert len({previous for _, previous in links}) == 8
    public = tmp_path / "public.pem"
    public.write_bytes(world.rules.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert verify_certificate.main(["--key", str(public), *map(str, files)]) == 0
    by_the_pack = ["--key", str(public), "--packs", str(SHIPPED), *map(str, files)]
    assert verify_certificate.main(by_the_pack) == 0
    assert CliRunner().invoke(hotline_verify, by_the_pack).exit_code == 0
    files[3].write_text(files[3].read_text().replace("REACHED", "REACHEE"))
    assert verify_certificate.main(by_the_pack) == 1
    assert CliRunner().invoke(hotline_verify, by_the_pack).exit_code == 1
    capsys.readouterr()


async def documents(world: World, promise: promise_pb2.Promise) -> list[str]:
    """The certificate and what was added to it, as they were signed."""
    stub = await world.service()
    answer = await stub.GetCertificate(pb.GetCertificateRequest(promise_id=promise.promise_id), timeout=DEADLINE)
    return [answer.certificate_json, *answer.addenda_json]


async def amend(world: World, promise: promise_pb2.Promise, by: str, **values: object) -> str:
    """Somebody says what they know of a promise that is closed."""
    known: dict[str, object] = {
        "idempotency_key": key(),
        "outcome": "NO_ANSWER",
        "occurred_at": promise.received_at,
        "reason": "found in the telephone log",
    }
    request = pb.AmendCertificateRequest(promise_id=promise.promise_id, **(known | values))  # type: ignore[arg-type]
    return (await (await world.person(by)).AmendCertificate(request, timeout=DEADLINE)).addendum_json


async def test_what_comes_after_the_closing_is_added_signed_and_chained(world: World, tmp_path: Path) -> None:
    promise, other = await world.promise(), await world.promise()
    unsent = await world.ring(promise)
    await world.attempt(promise)
    world.clock.move(minutes=2)

    await world.sent(unsent)
    await world.sent(unsent)
    await world.attempt(other)
    said = await amend(world, promise, world.people.supervisor)

    certificate, *addenda = [json.loads(signed) for signed in await documents(world, promise)]
    assert certificate["body"]["rungs"][0]["untold"] == {world.people.worker: "ON_THE_WAY"}
    assert addenda[-1] == json.loads(said)
    told, entered = (added["body"]["statement"] for added in addenda)
    assert told == {
        "what": "DELIVERED",
        "rungs": [{"cycle": 1, "rung": "owner", "person": world.people.worker}],
        "sent_at": "2026-11-23T15:02:00Z",
    }
    assert (entered["what"], entered["by"]) == ("ENTERED_AFTER_CLOSING", world.people.supervisor)
    everything = [*await documents(world, promise), *await documents(world, other)]
    links = sorted(json.loads(signed)["body"]["chain"]["number"] for signed in everything)
    assert links == [1, 2, 3, 4]
    assert verified(world, tmp_path, everything) == 0
    assert verified(world, tmp_path, [*everything[1:], everything[0].replace("MET", "LATE")]) == 1
    assert (
        verified(world, tmp_path, [*everything[:2], everything[2].replace("NO_ANSWER", "REACHED"), *everything[3:]])
        == 1
    )


def verified(world: World, folder: Path, signed: list[str]) -> int:
    """The exit code of the verifier, by the packs."""
    public = folder / "public.pem"
    public.write_bytes(world.rules.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    files = [folder / f"{number}.json" for number, _ in enumerate(signed)]
    for file, document in zip(files, signed, strict=True):
        file.write_text(document)
    return verify_certificate.main(["--key", str(public), "--packs", str(SHIPPED), *map(str, files)])


async def test_a_message_that_never_goes_out_is_added_to_the_certificate(world: World) -> None:
    promise = await world.promise()
    (notice,) = (await world.ring(promise)).notices
    await world.attempt(promise)

    await world.hears(NotificationFailed(notification_id=notice.key, key=notice.key, code="REFUSED"))

    (_, added) = await documents(world, promise)
    statement = json.loads(added)["body"]["statement"]
    assert (statement["what"], statement["code"]) == ("NOT_DELIVERED", "REFUSED")


async def test_a_message_known_to_have_failed_or_been_withdrawn_is_told_so_in_the_certificate(world: World) -> None:
    promise = await world.promise()
    await world.ring(promise)
    supervisor = await world.person(world.people.supervisor)
    request = pb.DelegatePromiseRequest(
        idempotency_key=key(), promise_id=promise.promise_id, to_staff_id=world.people.second
    )
    await supervisor.DelegatePromise(request, timeout=DEADLINE)
    (notice,) = (await world.ring(promise)).notices
    await world.hears(NotificationFailed(notification_id=notice.key, key=notice.key, code="GAVE_UP"))

    await world.attempt(promise, by=world.people.second)

    (certificate,) = await documents(world, promise)
    assert [rung["untold"] for rung in json.loads(certificate)["body"]["rungs"]] == [
        {world.people.worker: "WITHDRAWN"},
        {world.people.second: "GAVE_UP"},
    ]


async def test_what_went_out_before_the_closing_needs_no_addendum(world: World) -> None:
    promise = await world.promise()
    await world.sent(await world.ring(promise))

    await world.attempt(promise)

    (certificate,) = await documents(world, promise)
    assert json.loads(certificate)["body"]["rungs"][0]["untold"] == {}


async def test_only_who_leads_adds_to_a_certificate_once_and_of_what_has_happened(world: World) -> None:
    promise = await world.promise()
    async with refused("WRONG_STATE"):
        await amend(world, promise, world.people.supervisor)
    kept = await world.attempt(promise)

    async with refused("ROLE_NOT_ALLOWED"):
        await amend(world, promise, world.people.worker)
    async with refused("IMPOSSIBLE_TIME"):
        await amend(world, promise, world.people.supervisor, occurred_at=stamp(world.clock.now.replace(hour=23)))
    twice = [await amend(world, promise, world.people.supervisor, idempotency_key="once") for _ in range(2)]

    assert twice[0] == twice[1]
    assert len(await documents(world, promise)) == 2
    assert (await world.shown(promise)).promise == kept


async def test_what_is_written_in_the_ledger_cannot_be_changed(world: World) -> None:
    promise = await world.promise()
    await world.attempt(promise)
    for statement in (
        "UPDATE ledger.promise SET reference = 'other'",
        "UPDATE ledger.history SET actor = 'other'",
        "DELETE FROM ledger.certificate",
        "UPDATE ledger.addendum SET body = '{}'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with world.database.transaction() as uow:
                await uow.execute(statement)


async def test_asking_twice_for_a_promise_makes_one(world: World) -> None:
    first = await world.promise("CALLBACK_URGENT", subject=promise_pb2.Subject(type="callback", id="c-1"))
    second = await world.promise("CALLBACK_URGENT", subject=promise_pb2.Subject(type="callback", id="c-1"))
    other = await world.promise("CALLBACK_URGENT", subject=promise_pb2.Subject(type="callback", id="c-2"))

    assert first == second
    assert other.promise_id != first.promise_id
    assert len(await world.facts(first.promise_id)) == 1


async def test_every_version_is_one_fact_with_the_whole_clock(world: World) -> None:
    promise = await world.promise("CALLBACK_URGENT")
    await world.ring(promise)
    world.clock.move(minutes=3)
    await world.attempt(promise, "BUSY")
    await world.attempt(promise, "REACHED")

    facts: list[tuple[int, Message]] = await world.facts(promise.promise_id)

    assert [(sequence, type(fact).__name__) for sequence, fact in facts] == [
        (1, "PromiseMade"),
        (2, "PromiseMoved"),
        (3, "PromiseMoved"),
        (4, "PromiseClosed"),
    ]
    clocks = [fact.clock for _, fact in facts]  # type: ignore[attr-defined]
    assert [clock.version for clock in clocks] == [1, 2, 3, 4]
    assert [clock.HasField("next_instant") for clock in clocks] == [True, True, True, False]
    assert [fact.event for _, fact in facts[1:3]] == ["CLIMBED", "ATTEMPTED"]  # type: ignore[attr-defined]


async def test_a_promise_made_late_says_so_by_a_next_instant_that_has_passed(world: World) -> None:
    """Born late: the ladder is climbed in order, each person told once, in one message."""
    promise = await world.promise("CALLBACK_URGENT", received_at=stamp(MONDAY.replace(hour=14, minute=40)))

    answer = await world.ring(promise)

    assert instant(promise.clock.next_instant) < world.clock.now
    assert [rung for rung, _ in told(answer)] == ["owner", "supervisor", "manager", "director"]
    assert answer.clock.state == promise_pb2.PROMISE_STATE_OVERDUE


async def test_a_promise_whose_certificate_cannot_be_written_is_not_closed(world: World) -> None:
    """Everything or nothing: row, history, fact and certificate are one commit."""
    promise = await world.promise()
    stub = await world.person(world.people.worker)
    request = pb.RecordAttemptRequest(
        idempotency_key="the-one",
        promise_id=promise.promise_id,
        outcome="REACHED",
        occurred_at=stamp(world.clock.now),
    )
    async with world.database.transaction() as uow:
        await uow.execute("ALTER TABLE ledger.certificate RENAME TO mislaid")

    async with refused("INTERNAL"):
        await stub.RecordAttempt(request, timeout=DEADLINE)

    shown = await world.shown(promise)
    assert shown.promise == promise
    assert [entry.event for entry in shown.history] == ["MADE"]
    assert len(await world.facts(promise.promise_id)) == 1
    async with world.database.transaction() as uow:
        await uow.execute("ALTER TABLE ledger.mislaid RENAME TO certificate")
    kept = await stub.RecordAttempt(request, timeout=DEADLINE)
    assert kept.promise.verdict == promise_pb2.VERDICT_MET


async def test_the_ledger_and_its_certificates_know_by_which_channel_each_person_was_told(
    world: World, tmp_path: Path
) -> None:
    promise = await world.promise()
    called = await world.ring(promise)
    await world.sent(called, channel=pb.CONTACT_CHANNEL_VOICE)
    world.clock.move(minutes=10)
    texted = await world.ring(promise)
    await world.attempt(promise)

    await world.sent(texted, channel=pb.CONTACT_CHANNEL_SMS)

    assert [(told.rung, told.channel) for told in (await world.shown(promise)).told] == [
        ("owner", "VOICE"),
        ("supervisor", "SMS"),
    ]
    everything = await documents(world, promise)
    assert json.loads(everything[1])["body"]["statement"]["channel"] == "SMS"
    assert verified(world, tmp_path, everything) == 0
