"""Changes of vendors beside GitHub, from payloads that their products sent and from their documents."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core.change import ChangeKind
from handlers.changes import (
    SOURCES,
    argocd,
    cloudevents,
    gitlab,
    launchdarkly,
    mlflow,
    pagerduty,
    unleash,
)
from handlers.fields import RECEIVED
from handlers.json_body import UnreadableError

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "data" / "payloads"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECRET = "s3cret"
HEARD = {RECEIVED: NOW.isoformat()}


def sent(name):
    """A body that the vendor's product sent."""
    return json.loads((PAYLOADS / name).read_text())


def hexed(signed):
    """HMAC-SHA256 in hex."""
    return hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


def test_a_gitlab_deployment_that_succeeded_is_a_code_deploy():
    """Its time is written with a space before the offset."""
    body = sent("gitlab/gitlab__deployment-event.json")
    (change,) = gitlab.parse(body, {})
    assert change.kind is ChangeKind.CODE_DEPLOY
    assert change.title == "root/test-deployment-webhooks deployed to staging: Add new file"
    assert (change.version, change.by, change.service) == ("279484c0", "root", "test-deployment-webhooks")
    assert change.at == datetime(2021, 4, 28, 19, 50, tzinfo=UTC)
    assert gitlab.parse(body | {"status": "failed"}, {}) == ()


def test_a_gitlab_push_counts_on_the_default_branch_from_when_we_heard_of_it():
    """A commit may have been written days before it was pushed."""
    body = sent("gitlab/webhooks__push.json")
    (change,) = gitlab.parse(body, HEARD)
    assert change.title.startswith("mike/diaspora push to master: ")
    assert (change.at, change.version, change.previous_version) == (NOW, "da1560886d4f", "95790bf891e7")
    assert gitlab.parse(body | {"ref": "refs/heads/side"}, HEARD) == ()
    assert gitlab.parse(body | {"after": "0" * 40}, HEARD) == ()


def test_a_gitlab_release_and_a_flag_are_changes_and_other_events_are_none():
    """A flag's event has no time of its own."""
    (release,) = gitlab.parse(sent("gitlab/webhooks__release.json"), {})
    assert (release.version, release.at) == ("1.0.0", datetime(2021, 2, 25, 21, 23, 34, tzinfo=UTC))
    flag = {
        "object_kind": "feature_flag", "project": {"path_with_namespace": "ml/answers"},
        "object_attributes": {"id": 6, "name": "ranker_l12", "active": True},
    }  # fmt: skip
    (change,) = gitlab.parse(flag, HEARD)
    assert (change.kind, change.title, change.at) == (
        ChangeKind.CONFIG, "ml/answers flag ranker_l12 is on", NOW,
    )  # fmt: skip
    for name in ("gitlab__tag-event", "gitlab__pipeline-event", "gitlab__system-user-created"):
        assert gitlab.parse(sent(f"gitlab/{name}.json"), HEARD) == ()


def test_gitlab_is_believed_by_its_token():
    """In a header of its own."""
    assert gitlab.authentic({"x-gitlab-token": SECRET}, b"", SECRET, NOW)
    for wrong in ({}, {"x-gitlab-token": "é"}, {"authorization": f"Bearer {SECRET}"}):
        assert not gitlab.authentic(wrong, b"", SECRET, NOW)


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("model_version_alias.created", ChangeKind.MODEL, "alias example_alias now points at version 1"),
        ("prompt_alias.created", ChangeKind.PROMPT, "alias example_alias now points at version 1"),
        ("prompt_version.created", ChangeKind.PROMPT, "version 1 registered"),
    ],
)
def test_mlflow_versions_and_aliases_are_model_and_prompt_changes(name, kind, title):
    """With the registry's name as the service."""
    (change,) = mlflow.parse(sent(f"mlflow/{name}.json"), {})
    assert (change.kind, change.title.partition(": ")[2], change.version) == (kind, title, "1")
    assert change.service in {"example_model", "example_prompt"}
    assert change.at == datetime(2025, 7, 31, 8, 27, 32, 80217, tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["model_version_tag.deleted", "prompt_tag.set", "prompt_tag.deleted", "registered_model.created"]
)
def test_mlflow_tags_and_new_names_change_nothing_that_runs(name):
    """They are taken and say nothing."""
    assert mlflow.parse(sent(f"mlflow/{name}.json"), {}) == ()


def test_mlflow_signs_delivery_time_and_body():
    """Each of the three counts; after five minutes it is a replay."""
    body, stamp = b'{"a": 1}', str(int(NOW.timestamp()))
    mark = hmac.new(SECRET.encode(), f"d1.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "x-mlflow-delivery-id": "d1", "x-mlflow-timestamp": stamp,
        "x-mlflow-signature": f"v1,{base64.b64encode(mark).decode()}",
    }  # fmt: skip
    assert mlflow.authentic(headers, body, SECRET, NOW)
    assert not mlflow.authentic(headers, body + b" ", SECRET, NOW)
    assert not mlflow.authentic(headers | {"x-mlflow-delivery-id": "d2"}, body, SECRET, NOW)
    assert not mlflow.authentic(headers, body, SECRET, NOW + timedelta(minutes=6))
    assert not mlflow.authentic({}, body, SECRET, NOW)


def test_argo_cds_template_gives_what_is_read():
    """Every field of the shipped template is filled in and read; a sync that failed is no change."""
    template = yaml.safe_load((ROOT / "templates" / "argocd.yaml").read_text())
    body = yaml.safe_load(template["template.lookout-change"])["webhook"]["lookout"]["body"]
    filled = {
        ".app.metadata.name": "answers", ".app.spec.destination.namespace": "prod",
        ".app.status.operationState.phase": "Succeeded", ".app.status.sync.revision": "0123456789abcdef",
        ".app.status.operationState.finishedAt": "2026-11-23T02:30:00Z",
        ".app.status.health.status": "Healthy",
        '(printf "%s/applications/%s" .context.argocdUrl .app.metadata.name)': "https://argo.example/answers",
    }  # fmt: skip
    for name, value in filled.items():
        assert f"{{{{toJson {name}}}}}" in body
        body = body.replace(f"{{{{toJson {name}}}}}", json.dumps(value))
    (change,) = argocd.parse(json.loads(body), {})
    assert (change.title, change.version) == ("answers synced to prod (Healthy)", "0123456789ab")
    assert (change.at, change.service) == (datetime(2026, 11, 23, 2, 30, tzinfo=UTC), "answers")
    assert argocd.parse(json.loads(body) | {"phase": "Failed"}, {}) == ()


def test_launchdarkly_flags_are_config_changes_under_the_audit_entrys_id():
    """Whatever order they arrive in, an entry is one change."""
    body = {
        "_id": "5f", "kind": "flag", "date": int(NOW.timestamp() * 1000), "name": "ranker",
        "titleVerb": "turned on the flag", "member": {"email": "ana@example.com"},
        "target": {"resources": ["proj/default:env/production:flag/ranker"]},
        "_links": {"site": {"href": "https://app.launchdarkly.com/x"}},
    }  # fmt: skip
    (change,) = launchdarkly.parse(body, {})
    assert (change.id, change.title) == ("5f", "flag ranker: turned on the flag in production")
    assert (change.kind, change.at, change.by) == (ChangeKind.CONFIG, NOW, "ana@example.com")
    assert launchdarkly.delivery_key({}, b"", body) == "5f"
    assert launchdarkly.parse(body | {"kind": "member"}, {}) == ()
    assert launchdarkly.authentic({"x-ld-signature": hexed(b"x")}, b"x", SECRET, NOW)
    assert not launchdarkly.authentic({"x-ld-signature": hexed(b"y")}, b"x", SECRET, NOW)


def test_unleash_counts_what_reaches_users():
    """Enabled in an environment: yes; a tag or a comment: no."""
    body = {
        "id": 920, "type": "feature-environment-enabled", "createdBy": "ana", "createdAt": NOW.isoformat(),
        "environment": "production", "project": "answers", "featureName": "ranker",
    }  # fmt: skip
    (change,) = unleash.parse(body, {})
    assert (change.id, change.title) == ("920", "ranker: feature environment enabled in production")
    assert (change.kind, change.service, change.at) == (ChangeKind.CONFIG, "answers", NOW)
    for kind in ("feature-tagged", "feature-created", "feature-metadata-updated", "application-created"):
        assert unleash.parse(body | {"type": kind}, {}) == ()
    assert unleash.authentic({"authorization": SECRET}, b"", SECRET, NOW)
    assert unleash.authentic({"authorization": f"Bearer {SECRET}"}, b"", SECRET, NOW)
    assert not unleash.authentic({"authorization": "other"}, b"", SECRET, NOW)


def test_pagerduty_change_events_are_believed_by_their_routing_key():
    """As the Events API does; the kind may be named in the details."""
    body = {
        "routing_key": SECRET,
        "payload": {
            "summary": "Build 42 of answers deployed", "timestamp": "2026-11-23T02:30:00Z", "source": "ci",
            "custom_details": {"kind": "model", "version": "l12", "service": "reranker"},
        },
        "links": [{"href": "https://ci.example/42", "text": "build"}],
    }  # fmt: skip
    raw = json.dumps(body).encode()
    assert pagerduty.authentic({}, raw, SECRET, NOW)
    for wrong in (b"[]", b"{", b'{"routing_key": 1}', b'{"routing_key": "\\ud800"}', b"[" * 100_000):
        assert not pagerduty.authentic({}, wrong, SECRET, NOW)
    (change,) = pagerduty.parse(body, HEARD)
    assert (change.kind, change.version, change.service) == (ChangeKind.MODEL, "l12", "reranker")
    assert (change.at, change.url) == (datetime(2026, 11, 23, 2, 30, tzinfo=UTC), "https://ci.example/42")
    assert pagerduty.parse(body, HEARD)[0].id == change.id
    del body["payload"]["timestamp"]
    assert pagerduty.parse(body, HEARD)[0].at == NOW


@pytest.mark.parametrize("verb", ["deployed", "upgraded", "rolledback", "removed"])
def test_cdevents_of_services_are_code_deploys_bare_or_wrapped(verb):
    """As they stand, in a CloudEvent, and in a batch."""
    bare = sent(f"cdevents/conformance__service_{verb}.json")
    context = bare["context"]
    wrapped = {
        "specversion": "1.0", "id": context["id"], "source": context["source"], "type": context["type"],
        "time": context["timestamp"], "datacontenttype": "application/json", "data": bare,
    }  # fmt: skip
    (change,) = cloudevents.parse(bare, {})
    assert (change.kind, change.service) == (ChangeKind.CODE_DEPLOY, "mySubject123")
    assert change.title.endswith(" in test123")
    assert change.at == datetime(2023, 3, 20, 14, 27, 5, 315384, tzinfo=UTC)
    assert cloudevents.parse(wrapped, {}) == (change,)
    assert cloudevents.parse([wrapped, wrapped], {}) == (change, change)


@pytest.mark.parametrize("number", [0, 2, 4, 8])
def test_cloudevents_about_anything_else_are_taken_and_say_nothing(number):
    """The specification's own examples, with data of every kind."""
    assert cloudevents.parse(sent(f"cloudevents/json-format_{number}.json"), {}) == ()


def test_cdevents_about_pipelines_tickets_and_artefacts_are_no_changes():
    """Nothing runs differently after them."""
    for name in ("artifact_published", "pipelinerun_finished", "ticket_updated", "incident_detected"):
        assert cloudevents.parse(sent(f"cdevents/conformance__{name}.json"), {}) == ()


def test_a_cloudevent_in_binary_mode_may_carry_the_generic_change():
    """Attributes in the headers, the body is the data."""
    headers = {
        "ce-id": "7", "ce-source": "/trainer", "ce-type": "com.example.promoted", "ce-specversion": "1.0",
        "ce-time": "2026-11-23T02:30:00Z",
    }  # fmt: skip
    (change,) = cloudevents.parse({"kind": "model", "title": "l12 promoted", "version": "l12"}, headers)
    assert (change.id, change.kind, change.version) == ("/trainer/7", ChangeKind.MODEL, "l12")
    assert cloudevents.delivery_key(headers, b"", {}) == "/trainer\n7"


@pytest.mark.parametrize(
    ("source", "body", "path"),
    [
        (gitlab, [], ""),
        (gitlab, {"object_kind": "deployment", "status": "success"}, "/status_changed_at"),
        (mlflow, {"entity": "prompt_version", "action": "created", "data": {}}, "/data/name"),
        (mlflow, {"entity": "prompt_version", "action": "created", "data": {"name": "p"}}, "/timestamp"),
        (argocd, {"phase": "Succeeded"}, "/app"),
        (argocd, {"app": "a", "finished_at": "<no value>"}, "/finished_at"),
        (launchdarkly, {"kind": "flag"}, "/_id"),
        (launchdarkly, {"kind": "flag", "_id": "1", "date": "x"}, "/date"),
        (unleash, {}, "/type"),
        (unleash, {"type": "feature-archived"}, "/createdAt"),
        (pagerduty, {"payload": {}}, "/payload/summary"),
        (cloudevents, [1], "/0"),
        (cloudevents, {"data": {}}, "/type"),
        (
            cloudevents,
            {"id": "1", "type": "dev.cdevents.service.deployed.0.3.0", "data": {"subject": {}}},
            "/time",
        ),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_place(source, body, path):
    """A JSON pointer for whoever looks into the quarantine."""
    with pytest.raises(UnreadableError) as error:
        source.parse(body, {})
    assert error.value.path == path


@pytest.mark.parametrize("source", sorted(set(SOURCES) - {"gitlab", "mlflow", "launchdarkly", "pagerduty"}))
def test_only_the_configured_secret_opens_the_door(source):
    """None raises, whatever the headers are; those that sign have tests of their own."""
    for header in ("Bearer s3cre", "Basic s3cret", "", "Bearer é", "Bearer \udcff"):
        assert not SOURCES[source].authentic({"authorization": header}, b"{}", SECRET, NOW)
    assert not SOURCES[source].authentic({}, b"{}", SECRET, NOW)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
REAL = {
    "gitlab": "gitlab/webhooks__push.json",
    "mlflow": "mlflow/model_version_alias.created.json",
    "cloudevents": "cdevents/conformance__service_deployed.json",
}


@pytest.mark.parametrize("source", sorted(REAL))
@given(data=st.data())
def test_a_body_of_any_shape_is_read_or_refused_and_nothing_else(source, data):
    """Fields of a real body replaced by anything: a change, none, or UnreadableError."""
    body = place = sent(REAL[source])
    for _ in range(data.draw(st.integers(0, 2))):
        inside = sorted(name for name, value in place.items() if isinstance(value, dict))
        if inside:
            place = place[data.draw(st.sampled_from(inside))]
    place[data.draw(st.sampled_from(sorted({*place, "more"})))] = data.draw(odd)
    try:
        changes = SOURCES[source].parse(body, HEARD)
    except UnreadableError:
        return
    assert all(change.source == source and change.id and change.title for change in changes)


CHANGES = {
    "github/deployment_status__with-installation.json": "Codertocat/Hello-World deployed to production",
    "github/push__with-no-username-committer.json": "Codertocat/Hello-World push to master: Initial commit",
    "github/release__published.with-discussion-url.json": "Codertocat/Hello-World released 0.0.1",
    "gitlab/gitlab__deployment-event.json": "root/test-deployment-webhooks deployed to staging: Add new file",
    "gitlab/gitlab__push-event.json": "mike/diaspora push to master: fixed readme",
    "gitlab/webhooks__push.json": "mike/diaspora push to master: fixed readme",
    "gitlab/webhooks__release.json": "exm-namespace/example-project released 1.0.0",
}
"""What of the real payloads changes something that runs; the others say nothing."""


@pytest.mark.parametrize("source", ["github", "gitlab"])
def test_every_real_payload_is_a_change_or_says_nothing(source):
    """Reviews, tags, pings, people and builds change nothing; none is refused."""
    found = {}
    for file in sorted((PAYLOADS / source).glob("*.json")):
        headers = {"x-github-event": file.name.partition("__")[0], **HEARD}
        for change in SOURCES[source].parse(json.loads(file.read_text()), headers):
            found[f"{source}/{file.name}"] = change.title
    assert found == {name: title for name, title in CHANGES.items() if name.startswith(source)}


def test_an_alias_that_was_removed_and_a_prompt_that_is_only_a_name():
    """The one is a change, the other comes with its first version."""
    body = sent("mlflow/prompt_alias.created.json") | {"action": "deleted"}
    (change,) = mlflow.parse(body, {})
    assert change.title == "Prompt example_prompt: alias example_alias removed"
    assert change.version == ""
    assert mlflow.parse(sent("mlflow/registered_model.created.json") | {"entity": "prompt"}, {}) == ()


def test_links_of_launchdarkly_name_their_host_and_cloudevents_may_end():
    """So that they can be followed; a campaign has an end."""
    body = {
        "_id": "5f", "kind": "flag", "date": int(NOW.timestamp() * 1000), "name": "ranker",
        "_links": {"site": {"href": "/default/production/features/ranker"}},
    }  # fmt: skip
    assert launchdarkly.parse(body, {})[0].url == (
        "https://app.launchdarkly.com/default/production/features/ranker"
    )
    data = {"kind": "campaign", "title": "sale", "at": NOW.isoformat(), "ended_at": "2026-11-24T00:00:00Z"}
    event = {"id": "1", "source": "/plan", "type": "com.example.campaign", "specversion": "1.0", "data": data}
    assert cloudevents.parse(event, {})[0].ended_at == datetime(2026, 11, 24, tzinfo=UTC)
