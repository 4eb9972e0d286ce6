"""What a gauge shows when nobody looks again, and what an age shows as time goes by."""

from datetime import UTC, datetime, timedelta

from chassis.metrics import Age, Gauge


def test_what_a_later_reading_no_longer_names_has_become_nothing() -> None:
    gauge = Gauge("hotline.promises")
    gauge.show_all({("FINDING", "OPEN"): 3, ("FINDING", "OVERDUE"): 1})
    gauge.show_all({("FINDING", "OPEN"): 2})

    assert gauge.readings() == {("FINDING", "OPEN"): 2, ("FINDING", "OVERDUE"): 0}


def test_two_consumers_of_one_process_do_not_take_away_each_others_readings() -> None:
    gauge = Gauge("hotline.consumer.lag")
    gauge.show({("triage", "topic"): 3})
    gauge.show({("triage-shadow", "topic"): 5})

    assert gauge.readings() == {("triage", "topic"): 3, ("triage-shadow", "topic"): 5}


def test_an_age_grows_though_nobody_looks_again_and_is_nothing_once_it_has_ended() -> None:
    age = Age("hotline.outbox.oldest")
    age.show({(): datetime.now(UTC) - timedelta(minutes=1)})
    first, second = age.readings()[()], age.readings()[()]
    assert 60 <= first < second < 90

    age.show({(): None})
    assert age.readings() == {(): 0}
