"""A bench for monitors: a Prometheus that tells a history, a monitor's file, and the bot's clock."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from bot.core.monitor import History
from bot.services.monitor_jobs import monitor_jobs
from bot.services.monitors import TEND_JOB, tend
from bot.sources.prometheus import Prometheus
from bot.store import slots
from bot.store.database import Database
from tests.services.incident_bench import Bench

FILE = """kind: monitor
id: useful_answer_rate
title: Useful-answer rate
service: reranker
data: {source: prom, numerator: useful, denominator: answers}
cohorts: [locale, device, tenure]
baseline_weeks: 4
page: {h: 12}
labels: {team: search}
"""


class Teller:
    """Answers range queries from a history: `useful` are its sums, all else what they are divided by."""

    def __init__(self, past: History, names: tuple[str, ...]) -> None:
        self.past = past
        self.names = names
        self.asked: list[str] = []
        self.instead: Callable[[], httpx.Response] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        asked = {key: value[0] for key, value in parse_qs(request.url.query.decode()).items()}
        self.asked.append(asked["query"])
        if self.instead is not None:
            return self.instead()
        start, end = (float(asked[key]) for key in ("start", "end"))
        numbers = self.past.x if asked["query"] == "useful" else self.past.n
        first = round((start - self.past.start.timestamp()) / 3600) - 1
        last = min(round((end - self.past.start.timestamp()) / 3600) - 1, len(self.past) - 1)
        rows = range(max(first, 0), last + 1, max(round(float(asked["step"]) / 3600), 1))
        result = [
            {
                "metric": dict(zip(self.names, cell, strict=True)),
                "values": [
                    [self.past.at(row + 1).timestamp(), str(numbers[row, column])]
                    for row in rows
                    if self.past.n[row, column] > 0
                ],
            }
            for column, cell in enumerate(self.past.cells)
        ]
        data = {"resultType": "matrix", "result": result}
        return httpx.Response(200, text=json.dumps({"status": "success", "data": data}))


class MonitorBench(Bench):
    """Monitors are read from a folder; `teller` is what Prometheus would say."""

    def __init__(self, db: Database, clock: Any, folder: Path, past: History, text: str = FILE) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "monitor.yaml").write_text(text, encoding="utf-8")
        names = ("locale", "device", "tenure")
        self.teller = Teller(past, names[: len(past.cells[0])] if past.cells else ())
        super().__init__(
            db, clock,
            sources={"prom": {"kind": "prometheus", "url": "http://prometheus.test"}},
            monitors={"path": folder},
        )  # fmt: skip
        self.reopen()

    def reopen(self, text: str | None = None) -> None:
        """Open the desk again, as after a restart, maybe with another file."""
        if text is not None and self.desk.settings.monitors is not None:
            (self.desk.settings.monitors.path / "monitor.yaml").write_text(text, encoding="utf-8")
            from bot.services.opening import open_desk

            self.desk = open_desk(self.desk.settings)
        client = httpx.Client(transport=httpx.MockTransport(self.teller))
        self.desk = replace(
            self.desk, prometheus={"prom": Prometheus("http://prometheus.test", name="prom", client=client)}
        )

    def go_to(self, hour: int) -> None:
        """Twelve minutes after this hour of the history has begun: the hour before it is complete."""
        self.clock.now = self.teller.past.at(hour) + timedelta(minutes=12)

    def step(self) -> int:
        """Tend, and run what became due; how many jobs."""
        with self.write() as session:
            tend(session, self.desk, self.now)
        return self.run_due()

    def run_due(self) -> int:
        """Run every due job of monitors."""
        jobs, done = monitor_jobs(self.db, self.desk), 0
        while slot := slots.claim(self.db, now=self.now, lease=timedelta(seconds=120)):
            job = jobs.get(slot.job)
            finish = job(slot.payload, self.now) if job else lambda _: None
            with self.write() as session:
                finish(session)
                assert slots.done(session, slot)
            done += slot.job != TEND_JOB and job is not None
        return done

    def hours(self, first: int, end: int) -> None:
        """Live through these hours."""
        for hour in range(first, end):
            self.go_to(hour)
            self.step()

    def said(self, prefix: str) -> list[str]:
        """The notifications of messages whose key begins so."""
        return [one["message"]["text"] for one in self.effects("post") if one["key"].startswith(prefix)]
