"""Logging that cannot hurt who logs."""

from bot.logs import Steady


class Full:
    """A stream on a full disk."""

    def write(self, text):
        """Refuse."""
        raise OSError(28, "No space left on device")

    def flush(self):
        """Refuse."""
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_does_not_stop_the_work():
    """The text is lost, and nothing is raised."""
    stream = Steady(Full())
    assert stream.write("one") == 0
    stream.flush()
