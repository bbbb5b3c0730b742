"""A real Prometheus and Alertmanager on this machine, and an exporter whose gauges a test sets.

    monitoring = Monitoring(folder, receiver="http://127.0.0.1:3000/webhooks/alertmanager", token="…")
    async with monitoring:
        monitoring.exporter.set("click_rate", 0.02, service="ranker", locale="jp", device="mobile")

Debian's packages `prometheus` and `prometheus-alertmanager`; `missing()` names those not there. Both
are as impatient as they can be: scraped and evaluated every second, and a Prometheus that falls silent is
taken for a recovery after 4 s instead of 4 min.
"""

import asyncio
import json
import shutil
from pathlib import Path
from types import TracebackType

import httpx

from tests.e2e.house import PATIENCE, free_port

PROGRAMS = ("prometheus", "prometheus-alertmanager")

PROMETHEUS = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]
scrape_configs:
- {{job_name: models, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}
"""

RULES = """\
groups:
- name: quality
  rules:
  - alert: ClickRateLow
    expr: click_rate < 0.04
    for: 2s
    labels: {severity: critical, metric: click_rate}
    annotations:
      summary: 'click rate {{ $value | printf "%.3f" }} in {{ $labels.locale }}'
      value: '{{ $value }}'
      baseline: '0.05'
"""

ALERTMANAGER = """\
route: {{receiver: lookout, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}}
receivers:
- name: lookout
  webhook_configs:
  - url: {receiver}
    send_resolved: true
    http_config: {{authorization: {{type: Bearer, credentials: {token}}}}}
"""


def missing() -> str:
    """The programs that are not installed, or nothing."""
    return ", ".join(program for program in PROGRAMS if shutil.which(program) is None)


class Exporter:
    """Gauges at /metrics, as Prometheus reads them."""

    def __init__(self) -> None:
        self._gauges: dict[str, float] = {}
        self.port = free_port()

    def set(self, name: str, value: float, **labels: str) -> None:
        """Let the series have this value from the next scrape on."""
        inner = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
        self._gauges[f"{name}{{{inner}}}"] = value

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Listen no more."""
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            text = "".join(f"{series} {value}\n" for series, value in self._gauges.items()).encode()
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
            writer.write(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # Prometheus hung up
        finally:
            writer.close()


class Monitoring:
    """Both programs and the exporter, up between `async with`; `receiver` gets the webhooks with `token`."""

    def __init__(self, folder: Path, *, receiver: str, token: str) -> None:
        self.folder = folder
        self.exporter = Exporter()
        self._ports = {program: free_port() for program in PROGRAMS}
        self.prometheus_url = f"http://127.0.0.1:{self._ports['prometheus']}"
        self._alertmanager_url = f"http://127.0.0.1:{self._ports['prometheus-alertmanager']}"
        self._receiver, self._token = receiver, token
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def __aenter__(self) -> "Monitoring":
        """Start everything and wait until both programs say that they are ready."""
        await self.exporter.start()
        alertmanager = self._ports["prometheus-alertmanager"]
        configuration = PROMETHEUS.format(alertmanager=alertmanager, exporter=self.exporter.port)
        (self.folder / "prometheus.yml").write_text(configuration)
        (self.folder / "rules.yml").write_text(RULES)
        (self.folder / "alertmanager.yml").write_text(
            ALERTMANAGER.format(receiver=self._receiver, token=json.dumps(self._token))
        )
        await self._start(
            "prometheus-alertmanager",
            f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
            "--cluster.listen-address=",
        )
        await self._start(
            "prometheus",
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self._ports['prometheus']}",
            "--rules.alert.resend-delay=1s",
        )
        await asyncio.gather(self._ready(self._alertmanager_url), self._ready(self.prometheus_url))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        for program in list(self._running):
            await self.kill(program)
        await self.exporter.stop()

    async def kill(self, program: str) -> None:
        """End a program without warning it."""
        process = self._running.pop(program)
        if process.returncode is None:
            process.kill()
        await process.wait()

    def log(self) -> str:
        """The last lines both programs logged."""
        lines = [line for file in self.folder.glob("*.log") for line in file.read_text().splitlines()[-10:]]
        return "\n".join(lines)

    async def _start(self, program: str, *options: str) -> None:
        with (self.folder / f"{program}.log").open("wb") as log:
            self._running[program] = await asyncio.create_subprocess_exec(
                program, *options, "--log.level=warn", stdout=log, stderr=log, cwd=self.folder
            )

    async def _ready(self, url: str) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        async with httpx.AsyncClient(trust_env=False) as client:
            while asyncio.get_running_loop().time() < deadline:
                try:
                    if (await client.get(f"{url}/-/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass  # not listening yet
                await asyncio.sleep(0.05)
        raise AssertionError(f"{url} is not ready; logged last:\n{self.log()}")
