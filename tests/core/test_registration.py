"""The registration as a frozen value, and its hash."""

import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.core.lint import check_registration
from bot.core.registration import canonical_json, load, sha256
from bot.core.strict_yaml import parse

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")


def test_the_hash_is_over_content_not_over_formatting() -> None:
    """Comments, key order, quotes and 0.80 for 0.8 change nothing; a digit does."""
    data = parse(GOOD, name="x").data
    reordered = "# first\n" + "\n".join(
        f"{key}: {json.dumps(value)}" for key, value in reversed(list(data.items()))
    )
    assert sha256(parse(reordered, name="y").data) == sha256(data)
    assert sha256(parse(GOOD.replace("0.03}", "0.030}", 1), name="y").data) == sha256(data)
    assert sha256(parse(GOOD.replace("0.03}", "0.04}", 1), name="y").data) != sha256(data)


def test_the_hash_is_that_of_plain_canonical_json() -> None:
    """Anyone can compute it: sorted keys, no white space, UTF-8."""
    text = json.dumps(parse(GOOD, name="x").data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_json(parse(GOOD, name="x").data) == text
    assert sha256(parse(GOOD, name="x").data) == hashlib.sha256(text.encode()).hexdigest()


def test_a_registration_is_frozen_all_the_way_down() -> None:
    """Neither fields nor mappings inside can be changed."""
    registration, _ = check_registration(GOOD, "x")
    assert registration is not None
    with pytest.raises(ValidationError):
        registration.alpha = 0.1  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        registration.metrics["other"] = registration.metrics["rate"]  # type: ignore[index]  # the same


def test_dimensions_keep_their_declared_order() -> None:
    """Crossings are named in declared order, not in the order of the canonical JSON."""
    data = parse(GOOD, name="x").data
    data["cohorts"] = {"dimensions": {"tenure": ["new"], "device": ["app"]}}
    assert list(load(data).cohorts.dimensions) == ["tenure", "device"]


def test_labels_of_arms_and_cohorts_are_text() -> None:
    """0, 1 and true are compared with the column as text."""
    data = parse(GOOD, name="x").data
    data["arms"] = {"control": 0, "treatment": True}
    registration = load(data)
    assert (registration.arms.control, registration.arms.treatment) == ("0", "true")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_day_one_is_a_day_from_which_looks_can_be_reckoned(day: str) -> None:
    """A calendar ends somewhere, and looks are posted after it begins."""
    text = (Path(__file__).parents[1] / "data" / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
    registration, findings = check_registration(
        text.replace("kind: summary", f"kind: summary\n  start: {day}"), "asos.yaml"
    )
    assert registration is None
    assert f"data.start is `{day}`" in findings[0].message
