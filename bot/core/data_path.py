"""Paths that a file of ours gives to data: below its own folder, and nowhere else."""

from pathlib import PurePosixPath, PureWindowsPath


def leaves(path: str) -> bool:
    """Whether a path climbs with `..`, has a scheme or stands in a home.

    Absolute paths are judged where they are read.
    """
    climbs = ".." in PurePosixPath(path).parts or ".." in PureWindowsPath(path).parts
    return climbs or "://" in path or path.startswith("~")
