"""What help says of each command, and what Slack shows beside it."""

from handlers.quarter import TOPICS

HELP = {
    "triage": (
        "*Incidents*\n"
        "• `/triage start [title]` opens an incident in a channel of its own; `/triage start here [title]` "
        "keeps it in this one\n"
        "• `/triage status [INC-7]` where an incident stands; in its channel the number is not needed\n"
        "• `/triage list` the open ones; `/triage tree` the way through the tree\n"
        "• `/triage dashboard [INC-7]` all evidence at once; `/triage queries [INC-7]` what was asked\n"
        "• what the card's buttons do, `INC-7` first where it is elsewhere: `answer nothing`, `back`, "
        "`roll-back`, `mitigated`, `resolved`, `reopen`, `false-alarm`, `lead [@somebody]`, `escalate`, "
        "`refresh`; of the checklist `claim 2`, `done 2`, `undo 2`; `switch TREE` walks another tree\n"
        "• `/triage onset [INC-7] 02:34` says when it began, `02:20-02:41` between when; `again` has it "
        "estimated anew\n"
        "• `/triage silence 2h service=rag WHY` opens no incident for such alerts for a while; `silences` "
        "shows what is silenced, `unsilence N` ends one\n"
        "• `/triage ack [30]` says that you are on it, for so many minutes; `role commander|investigator|"
        "scribe|comms [@somebody|nobody]`, `snooze [30]` and `dismiss` the newest reminder, `update` drafts "
        "one for those who wait; `oncall` who is on call, `phones` whom to phone when nothing works\n"
        "• `/triage drill [NAME]` practises a past incident in the drill channel; `drill stop` ends it\n"
        "In a thread, mention me instead: `@lookout triage status`."
    ),
    "incidents": (
        "*Looking back on incidents*\n"
        "• `/incidents list` the open ones\n"
        "• `/incidents metrics [90d|2026-Q4]` how fast they were detected, localized and mitigated, and how "
        "many were false alarms or came again, with a chart and a CSV file\n"
        "• `/incidents exclude INC-7 REASON` leaves one out of the metrics, `include INC-7` takes it in "
        "again; these take a role\n"
        "• `/incidents monitors [NAME]` what is watched, how far it has learnt, what it raised\n"
        "• `/incidents timeline [INC-7]` what was said and done; `export [INC-7] html|md|json` as a file; "
        "`note TEXT`, `mark LINK`, `unmark LINK` put something in or out\n"
        "• `/incidents review [INC-7]` its retrospective; `own`, `write PART TEXT`, `milestone NAME TIME "
        "because REASON`, `checked CHECK fine|gap TEXT`, `reviewers @…`, `reviewed`, `recheck`, `publish`\n"
        "• `/incidents actions [INC-7|mine]`; `action [@owner] [DAY] TEXT`, `done N`, `move N [@owner] "
        "[DAY]`, `drop N WHY`; `snooze [N]`, `quiet [N]` for reminders"
    ),
    "changes": (
        "*Changes*\n"
        "• `/changes` what changed in the last 24 hours; `/changes 2h`, `3d`, `2026-11-20`\n"
        "• `/changes 3d service=reranker kind=prompt source=mlflow` narrows it down\n"
        "In a thread, mention me instead: `@lookout changes 2h`."
    ),
    "experiment": (
        "*Experiments*\n"
        "• `/experiment new [FRM-1]` writes a registration with you; `/experiment register` takes a YAML "
        "file: paste it behind the command, get a form, or drop the file into the channel\n"
        "• `/experiment look N` posts what the pre-registered plan allows one to conclude at look N; with "
        "several experiments in the channel, `/experiment look ID N`\n"
        "• `/experiment status [ID]` where the experiments of this channel stand; `plan`, `looks`, `cohorts` "
        "and `why N [figure]` say more\n"
        "• `/experiment decide [ID]` posts the decision card again, or the decision and its record\n"
        "• `/experiment start`, `amend`, `withdraw`, `peek REASON`, `stop REASON`, `here` take a role\n"
        "In a thread, mention me instead: `@lookout experiment look 2`; attach the YAML file to "
        "`@lookout experiment register`."
    ),
    "launch": (
        "*Launches*\n"
        "• `/launch check [ID]` what a launch still needs, and who can supply it\n"
        "• `/launch supply [ID] ROW LINK`, `/launch waive [ID] ROW REASON`: these take a role"
    ),
    "digest": (
        "*Digests*\n"
        "• `/digest now [daily|weekly]` posts it in this channel\n"
        "• `/digest subscribe daily|weekly [friday] [09:00] [Europe/Berlin]`; `unsubscribe daily|weekly`\n"
        "• `/digest status` what this channel gets, and when"
    ),
    **{topic.name: topic.help for topic in TOPICS},
}
"""Help by command; the keys are the commands there are."""

USAGE = {
    "triage": (
        "Walk an incident, step by step",
        "start [here] [title] | answer | status | list | drill | help",
    ),
    "incidents": (
        "Looking back on incidents",
        "list | timeline | export | review | actions | metrics | monitors | help",
    ),
    "changes": ("What changed, and when", "[2h | 3d | 2026-11-20] [service=…] [kind=…] | help"),
    "experiment": (
        "What the pre-registered plan allows",
        "new | register | look N | status | plan | looks | why N | help",
    ),
    "launch": ("What a launch still needs", "check [ID] | supply | waive | help"),
    "digest": ("Launch health, posted on time", "now | subscribe | unsubscribe | status | help"),
    **{topic.name: topic.usage for topic in TOPICS},
}
"""What Slack shows beside each command: description and usage hint."""
