"""The options of the warehouse's checks: what may be written, and each fault with its line."""

import pytest

from bot.core.checks import read_check
from bot.core.checks.drift import Features, Importance
from bot.core.checks.eval_set import EvalSet
from bot.core.checks.options import Table
from bot.core.checks.shares import Shares
from bot.core.checks.upstream import Upstream
from bot.core.strict_yaml import parse
from bot.core.yaml_fields import Fields


def read(text):
    """The options and the findings of one check."""
    document = parse(f"checks:\n  mine:\n{text}", name="x.yaml")
    fields = Fields(document)
    check = read_check(fields, ("checks", "mine"), "mine", document.data["checks"]["mine"])
    return check.options, [f"{one.line} {one.code} {one.message} {one.hint}" for one in fields.findings]


def test_everything_has_a_default_but_where_to_look():
    """What the shipped playbooks name: eight weeks, 28 days, a tenth of an sd."""
    assert read("    {kind: upstream}") == (Upstream(Table()), [])
    assert read("    {kind: drift}") == (Features(Table()), [])
    assert read("    {kind: clicks}") == (Shares(Table(), column="position"), [])
    assert read("    {kind: traffic}") == (Shares(Table(), column="channel"), [])
    assert read("    {kind: eval_set}") == (EvalSet(Table()), [])
    assert Table().lacking == "no table"
    assert Table(table="t").lacking == "no source"


def test_features_are_in_the_order_of_their_weights():
    """A list is in order already; a mapping says how important each is; so may a table."""
    options, _ = read("    {kind: drift, features: {price: 0.1, ctr: 0.7, genre: 0.2}}")
    assert options.features == ("ctr", "genre", "price")
    options, _ = read(
        "    {kind: drift, features: [b, a, b], importance: {table: gains, weight: gain}, source: w}"
    )
    assert options.features == ("b", "a")
    assert options.importance == Importance(Table("w", "gains"), "feature", "gain")


def test_an_eval_set_may_have_its_catalog_elsewhere():
    """The source of the set is that of the others where they name none."""
    options, found = read(
        "    kind: eval_set\n    source: w\n    table: eval.items\n    segment: genre\n"
        "    catalog: {table: titles, added: created}\n"
        "    production: {source: logs, table: queries, time: at, segment: query_genre}"
    )
    assert found == []
    assert (options.catalog.table.source, options.catalog.added) == ("w", "created")
    assert (options.production.table.source, options.production.segment) == ("logs", "query_genre")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{kind: upstream, tabel: x}", "unknown key 'tabel' in checks.mine."),
        ("{kind: upstream, table: a, sql: SELECT 1}", "both `table` and `sql` are given. Keep one of them."),
        ("{kind: upstream, weeks: 1}", "'weeks' is 1. Write a number from 3 to 26."),
        ("{kind: upstream, tolerance: .nan}", "'tolerance' is '.nan'. Write a number from 0 to 1."),
        ("{kind: upstream, zone: Tokyo}", "'Tokyo' is not an IANA time zone. Write for example Asia/Tokyo."),
        ("{kind: upstream, zone: ../../etc/passwd}", "is not an IANA time zone."),
        ("{kind: upstream, schema: {id: 4}}", "column 'id' has the type 4."),
        ("{kind: upstream, columns: price}", "checks.mine needs a list of texts 'columns'."),
        ("{kind: drift, features: {price: true}}", "feature 'price' has the weight True. Write a number."),
        ("{kind: drift, importance: {weight: w}}", "importance needs a table."),
        ("{kind: drift, hours: 48}", "'hours' is 48. Write a number from 0 to 24."),
        ("{kind: eval_set, production: {table: q}}", "the eval set names none. Add `segment:`"),
        ("{kind: eval_set, catalog: {added: at}}", "a table is needed here. Add `table:` or `sql:`."),
        ("{kind: eval_set, catalog: yes_please}", "checks.mine.catalog must be a mapping."),
        ("{kind: clicks, sql: 7}", "`sql` is not a text. Write one SELECT."),
        ("{kind: traffic, device: d}", "unknown key 'device' in checks.mine."),
    ],
)
def test_each_fault_is_told_with_its_mend(text, said):
    """Once, and where it is."""
    _, found = read(f"    {text}")
    assert len(found) == 1
    assert said in found[0]
    assert found[0].startswith("3 ")
