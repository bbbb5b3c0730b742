"""An incident from a real Prometheus and Alertmanager, from the first page to the monitor's own death."""

import pytest

from bot.store.incident_rows import IncidentAlertRow, IncidentRow
from tests.e2e.house import ENGINEER, TOML, House, shown
from tests.e2e.monitoring import Monitoring, missing

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}"),
]

SOURCE = """\
[sources.prom]
kind = "prometheus"
url = "{url}"
"""


async def test_an_incident_lives_on_what_prometheus_and_alertmanager_really_send(tmp_path):
    """It opens, takes in a second cohort, shows a resolve, and outlives its monitor: nothing closes it."""
    house = House(tmp_path, environment={"LOOKOUT_WEBHOOK_SECRET_ALERTMANAGER": "s3cret: {}"})
    receiver = f"{house.url}/webhooks/alertmanager"
    monitoring = Monitoring(tmp_path, receiver=receiver, token="s3cret: {}")
    house.configuration = TOML + SOURCE.format(url=monitoring.prometheus_url)
    set_rate = monitoring.exporter.set
    set_rate("click_rate", 0.051, service="ranker", locale="jp", device="mobile")
    set_rate("click_rate", 0.049, service="ranker", locale="en", device="app")
    async with house, monitoring:
        set_rate("click_rate", 0.021, service="ranker", locale="jp", device="mobile")
        channel = await opens_with_the_right_evidence(house)
        set_rate("click_rate", 0.03, service="ranker", locale="en", device="app")
        await the_second_cohort_joins(house, channel)
        set_rate("click_rate", 0.05, service="ranker", locale="jp", device="mobile")
        await a_resolve_is_shown_and_closes_nothing(house, channel)
        await monitoring.kill("prometheus")
        await the_monitors_death_closes_nothing(house, channel)


async def opens_with_the_right_evidence(house: House) -> str:
    """Title and severity from the rule, values from the alert and from Prometheus itself, asked anew."""
    await house.hears("ml-incidents", "INC-1", "click rate 0.021 in jp", "SEV1")
    channel = await house.channel_of("")
    await house.hears(channel, "click_rate (jp-mobile) is now 0.021, baseline 0.05 (\u221258.0\u00a0%)")
    (incident,) = house.rows(IncidentRow)
    assert (incident.metric, incident.service) == ("click_rate", "ranker")
    assert (incident.value, incident.baseline) == (0.021, 0.05)
    return channel


async def the_second_cohort_joins(house: House, channel: str) -> None:
    """One incident, one card, one notice."""
    await house.hears(channel, "1 more alert joined this incident", "cohort en-app", "0.03")
    await house.hears(channel, "2 alerts in this incident, 2 firing", "cohorts: jp-mobile, en-app")
    assert len(house.rows(IncidentRow)) == 1
    said = house.said()
    keys = [str((m.metadata or {}).get("event_payload", {}).get("key", "")) for m in said]
    assert len([key for key in keys if key.endswith("/card")]) == 1
    assert len([key for key in keys if key.endswith("/dashboard")]) == 1
    assert len([m for m in said if "opened <!date" in shown(m)]) == 1


async def a_resolve_is_shown_and_closes_nothing(house: House, channel: str) -> None:
    """Alertmanager says that one of the two is over."""
    note = await house.hears(channel, "may only mean that the monitor died", "1 still firing", "jp-mobile")
    assert note.is_reply
    await house.hears(channel, "2 alerts in this incident, 1 firing")
    states = {row.cohort["locale"]: row.status for row in house.rows(IncidentAlertRow)}
    assert states == {"jp": "resolved", "en": "firing"}
    await still_open(house)


async def the_monitors_death_closes_nothing(house: House, channel: str) -> None:
    """What Alertmanager calls resolved then is silence; the evidence says that nobody can be asked."""
    await house.hears(channel, "may only mean that the monitor died", "0 still firing", "en-app")
    await still_open(house)
    await house.press(ENGINEER, channel, "Refresh evidence")
    await house.hears(
        channel, "Did anything change", "en-app) was 0.03", "now unknown: prom cannot be reached"
    )
    await still_open(house)


async def still_open(house: House) -> None:
    """A person finds it among the open ones, at its first step."""
    after = house.newest("general")
    await house.people.command(ENGINEER, "general", "/triage list")
    await house.hears("general", "1 open:", "INC-1", "step 1 of", to=ENGINEER, after=after)
