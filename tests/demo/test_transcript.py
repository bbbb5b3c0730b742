"""What is said in the workspace, as it is printed on a terminal."""

from zoneinfo import ZoneInfo

from bot.demo import transcript
from bot.workspace.seed import seed
from bot.workspace.state import Workspace

TOKYO = ZoneInfo("Asia/Tokyo")


def test_markup_is_read_out_in_the_words_of_its_readers() -> None:
    """Names for ids, times of the reader's zone for date tokens, no stars; what is escaped is not."""
    said = (
        "*Locked* by <@U0PM> in <#C0LAUNCH>, <!date^1795424400^{time}|x UTC>, "
        "<!date^1795424400^{date_short_pretty} {time}|x UTC>: p &lt; 0.05"
    )
    read = transcript.plain(seed(Workspace()), said, TOKYO)
    assert read == "Locked by @maria in #launches, 18:00, Mon 23 Nov 18:00: p < 0.05"
