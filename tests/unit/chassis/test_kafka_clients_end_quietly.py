"""A Kafka client that cannot stop in order ends nobody who used it: an outage is waited out by the same process."""

from __future__ import annotations

import asyncio

import pytest

from chassis import kafka


class Client:
    """Starts well, and stops as aiokafka's consumer has been seen to when its broker had died."""

    def __init__(self, failure: BaseException) -> None:
        self._failure = failure

    async def start(self) -> None:
        pass

    async def topics(self) -> set[str]:
        return set()

    async def stop(self) -> None:
        raise self._failure


@pytest.mark.parametrize("failure", [asyncio.CancelledError(), ConnectionError("the broker is gone")])
async def test_what_a_client_meets_while_it_stops_is_not_passed_on(
    failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "AIOKafkaConsumer", lambda **_settings: Client(failure))
    async with kafka.running_consumer("127.0.0.1:9092", "readers", []):
        pass


async def test_why_a_client_was_left_is_passed_on_though_its_stopping_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "AIOKafkaConsumer", lambda **_settings: Client(asyncio.CancelledError()))
    with pytest.raises(ConnectionError, match="the broker is gone"):
        async with kafka.running_consumer("127.0.0.1:9092", "readers", []):
            raise ConnectionError("the broker is gone")
