"""Templates tried before they are needed."""

import shutil

import pytest

from bot.commands.doctor_templates import templates
from bot.core.narrative import IncidentStory, LaunchStory
from bot.core.quarter_narrative import QuarterStory
from bot.services.opening import open_desk
from bot.services.template_trying import specimen, tried
from bot.settings import Settings, shipped


def test_every_shipped_template_can_be_used():
    """With every record there, and with none."""
    faults = dict(tried(open_desk(Settings()).templates))
    assert {name: fault for name, fault in faults.items() if fault} == {}
    assert {"narrative_launch.md.j2", "narrative_quarter.md.j2", "narrative_incident.md.j2"} <= set(faults)


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        (
            "narrative_quarter.md.j2",
            "{% for one in quarter.portfolio.picks %}\n{{ cite(one.price) }}\n{% endfor %}",
            "narrative_quarter.md.j2:2 cannot be used: PickTold has no field `price`",
        ),
        (
            "narrative_incident.md.j2",
            "{% if not known(incident.cause) %}{{ incident.caues }}{% endif %}",
            "IncidentStory has no field `caues`; `cause` is near.",
        ),
        ("decision.md.j2", "{% for %}", "decision.md.j2:1 cannot be read: "),
    ],
)
def test_a_template_of_ones_own_is_tried_in_every_branch(tmp_path, name, source, said):
    """The doctor says which line, before a narrative is asked for."""
    folder = tmp_path / "templates"
    shutil.copytree(shipped("templates"), folder)
    (folder / name).write_text(source, encoding="utf-8")
    settings = Settings()
    own = settings.model_copy(update={"templates": settings.templates.model_copy(update={"path": folder})})
    wrong, good = templates(own)
    assert (wrong.ok, said in wrong.said) == (False, True), wrong.said
    assert good.ok


@pytest.mark.parametrize("kind", [LaunchStory, QuarterStory, IncidentStory])
def test_every_field_of_a_story_can_be_told(kind):
    """Nothing in a story is a number without its record."""
    for full in (True, False):
        assert isinstance(specimen(kind, full=full), kind)
