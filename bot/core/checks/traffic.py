"""Has the mix of traffic sources shifted, and what does the campaign calendar say?

```yaml
checks:
  traffic_sources: {kind: traffic, source: warehouse, table: logs.sessions, time: at, channel: utm_source}
```

A shift is called "campaign" or "event" where the change log has one that ran then, else "shift".
"""

from collections.abc import Mapping
from typing import Any

from bot.core.checks.shares import Shares, read_shares
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("campaign", "event", "shift")


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Shares:
    """Read the options."""
    return read_shares(fields, path, item, column="channel")
