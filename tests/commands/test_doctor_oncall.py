"""What `lookout doctor` says of who is on call, and whom to phone when nothing works."""

from datetime import date

from bot.commands.doctor_oncall import people
from bot.core.duty import Duty
from bot.settings import Settings


def said(**given):
    """Every line."""
    return [str(one) for one in people(Settings(**given))]


def test_the_phone_tree_is_printed_in_its_order():
    """It is what is left when Slack is down, and this is where it is looked for then."""
    lines = said(phone_tree={"On-call phone": "+81 3 0000", "Bridge": "https://meet.example"})
    assert lines[1:] == [
        "✓ fine    phone: On-call phone: +81 3 0000",
        "✓ fine    phone: Bridge: https://meet.example",
    ]


def test_without_one_it_is_said_how_to_write_it():
    """As of whoever is on call."""
    on_call, tree = said()
    assert "nothing says who it is; the role engineer is called" in on_call
    assert "[phone_tree]" in tree


def test_layers_say_whose_turn_it_is_or_that_it_is_nobody_s():
    """A rotation that has not begun has nobody."""
    layers = {
        "primary": {"people": ["U0ANA"], "starts": date(2020, 1, 6)},
        "later": {"people": ["U0BEN"], "starts": date(9000, 1, 1)},
    }
    first, second, _ = said(oncall={"layers": layers})
    assert first.startswith("✓ fine    on call primary: U0ANA until 20")
    assert "on call later: nobody has the turn just now" in second


def test_a_service_is_asked_and_its_fault_is_named(monkeypatch):
    """Without a token, with somebody nobody knows, with nobody, and well."""
    source = {"oncall": {"source": {"kind": "pagerduty", "schedules": ["P1"]}}}
    assert said(**source)[0].startswith("✗ broken  on call by PagerDuty: LOOKOUT_ONCALL_TOKEN is not set")
    answers = []
    monkeypatch.setattr("bot.sources.oncall.ask", lambda *_, **__: tuple(answers))
    assert "on call by PagerDuty: nobody is on call just now" in said(**source)[0]
    answers.append(Duty("P1", "", "Ana"))
    assert "Ana (no address)" in said(**source)[0]
    answers[0] = Duty("P1", "ana@example.com")
    assert said(**source)[0] == "✓ fine    on call by PagerDuty: ana@example.com"
