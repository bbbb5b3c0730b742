"""Has the distribution of click positions shifted, as it does when the interface changes?

```yaml
checks:
  click_positions:
    {kind: clicks, source: warehouse, table: logs.clicks, time: at, position: rank, device: device}
```
"""

from collections.abc import Mapping
from typing import Any

from bot.core.checks.shares import Shares, read_shares
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("shifted",)


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Shares:
    """Read the options."""
    return read_shares(fields, path, item, column="position", by="device")
