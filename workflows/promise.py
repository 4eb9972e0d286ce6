"""The alarm of one promise. The ledger decides what is due and who is told; this only wakes it in time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from workflows.activities import Activities
    from workflows.messages import Alarm, CallForHelp, Climb, Climbed, Notice, PromiseClock

from workflows.lifetime import begin_anew_if_due

NEXT_INSTANT = SearchAttributeKey.for_datetime("NextInstant")

# Tried without end, for whatever is wrong will be mended: a pending activity shows what it is. When it is, a rung that
# fell due meanwhile waits for no more than the next try.
_UNTIL_IT_WORKS = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=5))
_ONE_TRY = timedelta(seconds=10)
# A ledger that says "due" without moving on would otherwise be asked again in the same instant, for ever.
_BREATH = timedelta(seconds=5)


@workflow.defn
class PromiseWorkflow:
    """`promise/<id>`: from a promise's birth until the ledger says that it is closed."""

    @workflow.init
    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        # The version of the ledger's last answer to this run: none yet.
        self._answered = -1
        self._woken = False
        self._unanswered = False
        self._armed: datetime | None = None
        self._telling: dict[str, asyncio.Task[None]] = {}
        if alarm.just_made:
            self._answered, self._armed, alarm.just_made = alarm.clock.version, alarm.clock.next_instant, False

    @workflow.run
    async def run(self, alarm: Alarm) -> None:
        """Ask the ledger what is due, tell whom it names, wait for news or the next instant; until it is closed."""
        while self._is_open():
            if self._has_news() or self._is_due():
                await self._ask_the_ledger()
            else:
                await self._wait_for_news_or_instant()
            # Who is being told now may be left untold by this run; the first answer in the next one names them.
            await begin_anew_if_due(self._alarm)

    @workflow.signal
    def clock(self, clock: PromiseClock) -> None:
        """A fact of the promise. The highest version wins: a lost, repeated or late fact changes nothing."""
        if clock.version > self._alarm.clock.version:
            self._alarm.clock = clock

    @workflow.signal
    def wake(self) -> None:
        """Ask the ledger anew, tell anew whomever it names, and say anew for which instant this is armed."""
        self._woken, self._armed = True, None

    @workflow.query
    def known(self) -> Alarm:
        """What this alarm goes by."""
        return self._alarm

    def _is_open(self) -> bool:
        clock = self._alarm.clock
        return clock.version == 0 or clock.next_instant is not None

    def _has_news(self) -> bool:
        # People too delegate and escalate: the next answer brings whom that names. A new run begins by asking.
        return self._woken or self._unanswered or self._alarm.clock.version > self._answered

    def _is_due(self) -> bool:
        instant = self._alarm.clock.next_instant
        return instant is None or instant <= workflow.now()

    async def _ask_the_ledger(self) -> None:
        """One climb, as of now; the answer names everyone not yet known to have been told, whoever left them so."""
        before, asked_at, known = self._answered, workflow.now(), self._alarm.clock.version
        if self._woken and workflow.patched("a-wake-tells-anew"):
            # Notifications may have been restored to before it accepted them: the keys keep anybody from hearing twice.
            self._telling = {key: telling for key, telling in self._telling.items() if not telling.done()}
        self._woken = False
        answer = await self._climb(asked_at)
        if answer is None:
            self._ledger_is_silent(asked_at)
            return
        self._answered, self._unanswered, self._alarm.silent_since = answer.clock.version, False, None
        self._take_from_ledger(answer.clock, known)
        for notice in answer.notices:
            self._tell(notice)
        if answer.nobody_left or answer.nobody_left_version:
            version = answer.nobody_left_version or answer.clock.version
            self._call_for_help("NOBODY_LEFT", str(version), asked_at)
        if answer.clock.version == before and (self._has_news() or self._is_due()):
            await self._wait_for_news(_BREATH)

    def _take_from_ledger(self, clock: PromiseClock, known: int) -> None:
        """The ledger decides, even if it says less than was `known` when it was asked: it was restored to before that.

        Only what came in since it was asked is news beside its answer.
        """
        if self._alarm.clock.version == known or clock.version > self._alarm.clock.version:
            self._alarm.clock = clock

    async def _climb(self, as_of: datetime) -> Climbed | None:
        """The ledger's answer, or None if it gave none for as long as anybody may be left untold."""
        try:
            return await workflow.execute_activity_method(
                Activities.climb_rung,
                Climb(self._alarm.clock.promise_id, as_of),
                start_to_close_timeout=_ONE_TRY,
                schedule_to_close_timeout=timedelta(seconds=self._alarm.patience),
                retry_policy=_UNTIL_IT_WORKS,
            )
        except ActivityError as problem:
            if is_cancelled_exception(problem):
                raise
            return None

    def _tell(self, notice: Notice) -> None:
        """Have one person told. Nobody waits for it, neither the others nor the ladder."""
        if notice.key not in self._telling:
            telling = workflow.execute_activity_method(
                Activities.notify, notice, start_to_close_timeout=_ONE_TRY, retry_policy=_UNTIL_IT_WORKS
            )
            self._telling[notice.key] = asyncio.create_task(telling)

    def _ledger_is_silent(self, asked_at: datetime) -> None:
        """The last resort is told once each time the ledger falls silent, and the question stands until it answers."""
        since = self._alarm.silent_since or asked_at
        self._alarm.silent_since = since
        self._call_for_help("LAST_RESORT", since.isoformat(timespec="seconds"), since)
        if workflow.patched("a-silent-ledger-is-asked-until-it-answers"):
            self._unanswered = True

    def _call_for_help(self, template: str, which: str, since: datetime) -> None:
        promise_id = self._alarm.clock.promise_id
        key = f"{promise_id}/{template.lower().replace('_', '-')}/{which}"
        if key not in self._telling:
            telling = workflow.execute_activity_method(
                Activities.call_for_help,
                CallForHelp(key, promise_id, template, since),
                start_to_close_timeout=_ONE_TRY,
                retry_policy=_UNTIL_IT_WORKS,
            )
            self._telling[key] = asyncio.create_task(telling)

    async def _wait_for_news_or_instant(self) -> None:
        instant = self._alarm.clock.next_instant
        assert instant is not None
        if instant != self._armed:
            workflow.upsert_search_attributes([NEXT_INSTANT.value_set(instant)])
            self._armed = instant
        await self._wait_for_news(instant - workflow.now())

    async def _wait_for_news(self, at_most: timedelta) -> None:
        known = self._alarm.clock.version
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: self._woken or self._alarm.clock.version > known,
                timeout=at_most,
                timeout_summary="the promise's next instant",
            )
