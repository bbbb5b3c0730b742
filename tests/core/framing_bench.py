"""The framing of the reference's AML-01, as its fields; it is the demo's."""

from pathlib import Path

from bot.core.strict_yaml import parse
from bot.demo.data import FRAMINGS

DATA = Path(__file__).parents[1] / "data" / "framing"
YUKI: dict[str, str] = {
    name: str(value)
    for name, value in parse((FRAMINGS / "aml_01.yaml").read_text("utf-8"), name="aml_01.yaml").data.items()
}
