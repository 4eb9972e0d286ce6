"""From a pack's data to `Rules`: every condition compiled once, and refused if it reads or uses what it may not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

import cel

from policy.errors import PackInvalid
from policy.packs import Pack
from policy.screening.coherence import incoherent
from policy.screening.grounds import Grounds, Read
from policy.screening.rules import (
    LARGEST_INTEGER,
    Absent,
    Condition,
    Fact,
    Found,
    Kept,
    Line,
    Named,
    Raise,
    Reasoned,
    Rules,
    Screened,
    ScreeningRule,
    Upgrade,
    Value,
    matches,
)
from policy.screening.thresholds import telling_values

Row = TypeVar("Row")

_OPERATORS = frozenset(
    ("_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_?_:_", "_+_", "_-_", "_*_", "-_")
)


@lru_cache(maxsize=64)
def rules_of(pack: Pack) -> Rules:
    """The compiled screening of a pack; `PackInvalid` names an entry that does not compile or reads an unknown name."""
    if mistakes := list(incoherent(pack.document)):
        raise PackInvalid([f"{pack.id}@{pack.version}"], mistakes[0])
    return _Compiler(pack).rules()


class _Compiler:
    """Turns the tables of one pack into `Rules`, and refuses a condition that reads what is not there."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._sources: list[str] = []
        self._document = document = pack.document
        self._criteria = {item["id"]: item["family"] for item in document["criteria"]}
        self._tiers = tuple(document["tiers"])
        ticked = {*self._criteria, *document["families"], "criterion"}
        report = {item["id"] for item in document["report_facts"]}
        child = {item["id"] for item in document["child_facts"]}
        integers = {f"{item['id']}_unknown" for item in document["child_facts"] if "integer" in item}
        derived = {item["id"] for item in document["derived"]}
        anyone = {item["id"] for item in document["any_child"]}
        self._line_ids = frozenset(line["id"] for tree in document["trees"] for line in tree["lines"])
        tasks = {item["id"] for item in document["tasks"]}
        asked = frozenset(ticked | report | child | integers)
        self._in_child = asked | derived | {"danger_now", "danger_now_unknown"}
        self._in_report = frozenset(ticked | report | anyone)
        reasons = tuple(item["reason"] for item in document["screening"] if "reason" in item)
        self._outcomes = (*self._tiers, "SCREEN_IN", "SCREEN_OUT", *reasons)
        self._in_result = self._in_report | self._line_ids | set(self._outcomes)
        self._in_owed = self._in_result | tasks
        self._report_facts = {item["id"]: self._fact(item, asked - child) for item in document["report_facts"]}
        self._child_facts = {item["id"]: self._fact(item, asked) for item in document["child_facts"]}
        self._derived = self._named("derived", self._in_child - derived | child)
        self._any_child = self._named("any_child", self._in_child)

    def rules(self) -> Rules:
        trees = {
            tree["id"]: tuple(self._line(tree["id"], item) for item in tree["lines"]) for tree in self._entry("trees")
        }
        screening = tuple(map(self._screening_rule, self._entry("screening")))
        upgrades = tuple(map(self._upgrade, self._entry("upgrades")))
        tasks = tuple(self._reasoned(f"tasks.{item['id']}", item, self._in_result) for item in self._entry("tasks"))
        reports = self._entry("cross_reports")
        cross_reports = tuple(self._reasoned(f"cross_reports.{item['id']}", item, self._in_result) for item in reports)
        ticked = (*self._criteria, *self._entry("families"), "criterion")
        told = (*(item.id for item in self._any_child), *self._line_ids, *(task.id for task in tasks), *self._outcomes)
        report_read_by = tuple(fact for fact in self._report_facts.values() if fact.unknown_by)
        child_read_by = tuple(fact for fact in self._child_facts.values() if fact.unknown_by)
        return Rules(
            pack=self._pack,
            families=tuple(self._entry("families")),
            criteria=self._criteria,
            report_facts=self._report_facts,
            child_facts=self._child_facts,
            danger_now=tuple(fact.id for fact in self._child_facts.values() if fact.danger_now),
            required_of_report=tuple(fact for fact in self._report_facts.values() if fact.required),
            required_always=tuple(fact for fact in self._child_facts.values() if fact.required == "always"),
            required_with_criterion=tuple(fact for fact in self._child_facts.values() if fact.required),
            derived=self._derived,
            any_child=self._any_child,
            grounds_of_any={item.id: self._grounds(item.by, of_child=True) for item in self._any_child},
            screening=screening,
            tiers=self._tiers,
            trees=trees,
            upgrades=upgrades,
            tasks=tasks,
            cross_reports=cross_reports,
            sentences=self._document["sentences"],
            sources=tuple(self._sources),
            report_defaults={name: fact.unknown for name, fact in self._report_facts.items()},
            report_untold=dict.fromkeys((*ticked, *told), False),
            report_read_by=report_read_by,
            child_untold={
                **dict.fromkeys(ticked, False),
                **{name: fact.unknown for name, fact in self._child_facts.items()},
            },
            child_read_by=child_read_by,
            undecided=dict.fromkeys(self._outcomes, False),
            counted={name: f"{name}_unknown" for name, fact in self._child_facts.items() if fact.integer},
            matching={
                family: _kept([line.when for line in tree], partial(matches, tree)) for family, tree in trees.items()
            },
            told=_holding([(item.id, item.by) for item in self._any_child]),
            screened_when=self._screened(screening),
            raised_when=_holding([(effect, effect.when) for upgrade in upgrades for effect in upgrade.raises]),
            tasks_when=_holding([(task, task.when) for task in tasks]),
            cross_reports_when=_holding([(report, report.when) for report in cross_reports]),
            clocks_when=_holding([(item.id, item.by) for item in self._named("owed", self._in_owed, "when")]),
        )

    def _screened(self, table: Sequence[ScreeningRule]) -> Kept[Screened | None]:
        may_lean = [fact for fact in self._report_facts.values() if fact.may_lean]

        def first(values: Mapping[str, Value]) -> Screened | None:
            leaning: list[Fact] = []
            for rule in table:
                if rule.when.of(values):
                    return Screened(rule, tuple(leaning))
                read = [fact for fact in may_lean if fact.id in rule.when.names]
                leaning += [fact for fact in read if rule.when.of({**values, fact.id: fact.benign})]
            return None

        return _kept([rule.when for rule in table], first)

    def _entry(self, name: str) -> list[Any]:
        entry: list[Any] = self._document[name]
        return entry

    def _condition(self, where: str, source: str, known: frozenset[str]) -> Condition:
        try:
            program = cel.compile(source)
        except ValueError as error:
            raise PackInvalid([self._where(where)], f"not a condition: {source!r}: {error}") from error
        names = frozenset(program.variables())
        if strangers := names - known:
            message = f"the condition {source!r} reads {', '.join(sorted(strangers))}, which is not known there"
            raise PackInvalid([self._where(where)], message)
        if calls := set(program.functions()) - _OPERATORS:
            message = f"the condition {source!r} uses {', '.join(sorted(calls))}; only logic and counting are allowed"
            raise PackInvalid([self._where(where)], message)
        self._sources.append(source)
        return Condition(source, program.execute, names, self._where(where))

    def _where(self, entry: str) -> str:
        return f"{self._pack.id}@{self._pack.version}: {entry}"

    def _fact(self, item: Mapping[str, Any], known: frozenset[str]) -> Fact:
        where, unknown, missing = f"facts.{item['id']}", item["unknown"], item.get("missing")
        words = _words(item)
        values = tuple(value for value in words.values() if not isinstance(value, Absent))
        bounds = item.get("integer", {})
        by = self._condition(where, unknown["by"], known) if isinstance(unknown, dict) else None
        return Fact(
            id=item["id"],
            text=item["text"],
            words=words,
            minimum=bounds.get("min", 0),
            maximum=bounds.get("max", LARGEST_INTEGER),
            integer="integer" in item,
            reference=item.get("reference", False),
            required=item.get("required"),
            danger_now=item.get("danger_now", False),
            unknown=None if by else _plain(words, False if unknown is None else unknown),
            unknown_by=by,
            missing_is=_plain(words, missing["is"]) if missing else None,
            missing_when=self._condition(where, missing["when"], known) if missing else None,
            danger=item["danger"],
            values=values,
            benign=_benign(item, values),
        )

    def _named(self, entry: str, known: frozenset[str], key: str = "by") -> tuple[Named, ...]:
        return tuple(
            Named(item["id"], self._condition(f"{entry}.{item['id']}", item[key], known), item.get("danger", "higher"))
            for item in self._entry(entry)
        )

    def _reasoned(self, where: str, item: Mapping[str, Any], known: frozenset[str]) -> Reasoned:
        return Reasoned(**self._reason(where, item, known))

    def _reason(self, where: str, item: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
        when = self._condition(where, item["when"], known)
        return {
            "id": item["id"],
            "when": when,
            "because": item["because"],
            "cite": ", ".join(item["cite"]),
            "grounds": self._grounds(when, of_child=known is self._in_child),
        }

    def _screening_rule(self, item: Mapping[str, Any]) -> ScreeningRule:
        reason = self._reason(f"screening.{item['id']}", item, self._in_report)
        return ScreeningRule(**reason, result=item["result"], reason=item.get("reason"))

    def _line(self, family: str, item: Mapping[str, Any]) -> Line:
        reason = self._reason(f"trees.{family}.{item['id']}", item, self._in_child)
        tier = self._tiers.index(item["tier"])
        return Line(**reason, family=family, tier=tier, fallback=item.get("fallback", False))

    def _upgrade(self, item: Mapping[str, Any]) -> Upgrade:
        raises = tuple(self._raise(f"upgrades.{item['id']}", effect) for effect in item["raises"])
        return Upgrade(item["id"], raises, item["because"], ", ".join(item["cite"]))

    def _raise(self, where: str, effect: Mapping[str, Any]) -> Raise:
        when = self._condition(where, effect["when"], self._in_report)
        to = self._tiers.index(effect["to"]) if "to" in effect else None
        return Raise(when=when, grounds=self._grounds(when), to=to, steps=effect.get("steps", 0))

    def _grounds(self, condition: Condition, of_child: bool = False) -> Grounds:
        """The grounds of a condition; of a child's, a derived name stands for what it is derived from."""
        behind = tuple(item for item in self._derived if of_child and item.id in condition.names)
        names = condition.names.difference(item.id for item in behind).union(*(item.by.names for item in behind))
        sources = [condition.source, *(item.by.source for item in behind)]
        facts = {**self._report_facts, **(self._child_facts if of_child else {})}
        # Whether a number was given at all is said by the number.
        numbers = {f"{name}_unknown": fact for name, fact in facts.items() if fact.integer}
        names = names.union(numbers[name].id for name in names & numbers.keys())
        page = [*facts, *sorted(names - facts.keys())]
        return Grounds(
            condition,
            behind,
            tuple(self._read(name, facts.get(name), numbers.get(name), sources) for name in page if name in names),
        )

    def _read(self, name: str, fact: Fact | None, number: Fact | None, sources: list[str]) -> Read:
        if fact is None:
            return Read(name, (False, True), False, number)
        values = telling_values(fact, sources)
        calm = fact.benign if fact.danger != "none" else fact.unknown
        return Read(name, values, values[0] if calm is None else calm, fact)


def _kept(conditions: Iterable[Condition], find: Callable[[Mapping[str, Value]], Found]) -> Kept[Found]:
    return Kept(sorted({name for condition in conditions for name in condition.names}), find)


def _holding(rows: Sequence[tuple[Row, Condition]]) -> Kept[tuple[Row, ...]]:
    """Those rows of a table whose conditions hold."""
    return _kept(
        [condition for _, condition in rows],
        lambda values: tuple([row for row, condition in rows if condition.of(values)]),
    )


def _words(item: Mapping[str, Any]) -> Mapping[str, Value | Absent]:
    absent = {word.value: word for word in Absent}
    if "integer" in item or "reference" in item:
        return absent
    if "values" in item:
        return {**{word: word for word in item["values"]}, **absent}
    if item["danger"] == "NO":
        return {"YES": True, "NO": False, **absent}
    return {"NO": False, "YES": True, **absent}


def _benign(item: Mapping[str, Any], values: tuple[Value, ...]) -> Value:
    if item["danger"] == "none":
        return None
    bounds = {"min": 0, "max": LARGEST_INTEGER, **item.get("integer", {})}
    return values[0] if values else bounds["min"] if item["danger"] == "higher" else bounds["max"]


def _plain(words: Mapping[str, Value | Absent], answer: Any) -> Value:
    value = words.get(answer, answer) if isinstance(answer, str) else answer
    return None if isinstance(value, Absent) else value
