"""Changes from real GitHub payloads and from the generic contract."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.change import ChangeKind
from handlers.changes import generic, github
from handlers.json_body import UnreadableError

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads" / "github"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def read(name, **changed):
    """Parse a payload of octokit's collection as the event its file name begins with."""
    payload = json.loads((PAYLOADS / name).read_text()) | changed
    return github.parse(payload, {"x-github-event": name.split("__")[0]})


def test_a_successful_deployment_is_a_code_deploy():
    """With environment, person, service and the short commit."""
    (change,) = read("deployment_status__with-installation.json")
    assert change.kind is ChangeKind.CODE_DEPLOY
    assert change.title == "Codertocat/Hello-World deployed to production"
    assert (change.by, change.service, change.version) == ("Codertocat", "Hello-World", "f95f852bd8fc")
    assert change.at == datetime(2019, 5, 15, 15, 20, 55, tzinfo=UTC)


def test_a_published_release_is_a_code_deploy():
    """A release that is only created or a draft is none."""
    (change,) = read("release__published.with-discussion-url.json")
    assert (change.version, change.at) == ("0.0.1", datetime(2019, 5, 15, 15, 20, 53, tzinfo=UTC))
    assert read("release__created.json") == ()


def test_a_push_to_the_default_branch_counts_and_a_tag_does_not():
    """The deleted tag of the first payload changes nothing that runs."""
    (change,) = read("push__with-no-username-committer.json")
    assert change.title == "Codertocat/Hello-World push to master: Initial commit"
    assert change.previous_version == ""
    assert read("push__1.json") == ()


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["prompts/system.txt"], ChangeKind.PROMPT),
        (["config/serving.yaml", "config/x.yaml"], ChangeKind.CONFIG),
        (["db/migrations/7.sql"], ChangeKind.SCHEMA),
        (["frontend/app.ts"], ChangeKind.FRONTEND),
        (["src/rank.py", "prompts/system.txt"], ChangeKind.CODE_DEPLOY),
        ([], ChangeKind.CODE_DEPLOY),
        (7, ChangeKind.CODE_DEPLOY),
        ("prompts/system.txt", ChangeKind.CODE_DEPLOY),
    ],
)
def test_a_push_is_of_the_kind_all_its_paths_agree_on(paths, kind):
    """A push that mixes kinds is a code deploy."""
    (change,) = read("push__with-no-username-committer.json", commits=[{"modified": paths}])
    assert change.kind is kind


def test_only_workflows_that_deploy_count():
    """The real payload is a test workflow; renamed it is a deploy."""
    name = "workflow_run__completed.with-pull-requests.json"
    assert read(name) == ()
    (change,) = read(name, workflow={"name": "Deploy reranker"})
    assert change.id == "workflow_run/289782451/1"
    assert change.title.startswith("octo-org/octo-repo workflow Deploy reranker: ci(action)")


def test_other_events_are_accepted_and_change_nothing():
    """A ping comes when the webhook is set up."""
    assert read("ping__payload.json") == ()
    assert read("pull_request__opened.json") == ()


def test_a_body_without_githubs_header_or_time_cannot_be_read():
    """It goes to quarantine with its reason."""
    with pytest.raises(UnreadableError, match="X-GitHub-Event is missing"):
        github.parse({}, {})
    with pytest.raises(UnreadableError) as error:
        read("release__published.with-discussion-url.json", release={"id": 1})
    assert error.value.path == "/release/published_at"


def test_githubs_signature_is_checked_over_the_raw_body():
    """One byte more, another secret or a non-ASCII signature is refused."""
    body = b'{"zen": "x"}'
    good = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert github.authentic({"x-hub-signature-256": good}, body, "s3cret", NOW)
    assert not github.authentic({"x-hub-signature-256": good}, body + b" ", "s3cret", NOW)
    assert not github.authentic({"x-hub-signature-256": good}, body, "other", NOW)
    assert not github.authentic({"x-hub-signature-256": "sha256=é"}, body, "s3cret", NOW)
    assert not github.authentic({}, body, "s3cret", NOW)


def test_githubs_delivery_id_is_the_key():
    """A redelivery by hand carries the same id."""
    assert github.delivery_key({"x-github-delivery": "72d3"}, b"", {}) == "72d3"


def test_the_generic_change_is_taken_as_the_contract_says():
    """Every field of the contract."""
    (change,) = generic.parse(
        {
            "id": "m-12", "kind": "model", "title": "reranker L12", "at": "2026-11-23T02:14:00Z",
            "ended_at": "2026-11-23T03:00:00Z", "by": "ana", "service": "reranker", "version": "12",
            "previous_version": "6", "url": "https://x",
        },
        {},
    )  # fmt: skip
    assert (change.kind, change.versions, change.by) == (ChangeKind.MODEL, "6 → 12", "ana")


@pytest.mark.parametrize(
    ("change", "path"),
    [({"kind": "magic"}, "/kind"), ({"at": None}, "/at"), ({"at": "yesterday"}, "/at"), ({"id": ""}, "/id")],
)
def test_a_fault_in_a_generic_change_is_named_with_its_pointer(change, path):
    """So that the person who writes the sender can mend it."""
    good = {"id": "1", "kind": "config", "title": "t", "at": "2026-11-23T02:14:00Z"}
    with pytest.raises(UnreadableError) as raised:
        generic.parse(good | change, {})
    assert raised.value.path == path
