"""`lookout manifest`: the Slack app manifest, to be pasted into "Create an app from a manifest"."""

import json

from handlers.manifest import manifest


def run(*, request_url: str = "") -> int:
    """Print the manifest as JSON."""
    print(json.dumps(manifest(request_url), indent=2))
    return 0
