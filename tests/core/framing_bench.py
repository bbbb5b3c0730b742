"""The framing of the reference's AML-01, as its fields."""

from pathlib import Path

from bot.core.strict_yaml import parse

DATA = Path(__file__).parents[1] / "data" / "framing"
YUKI: dict[str, str] = {
    name: str(value)
    for name, value in parse((DATA / "aml_01.yaml").read_text("utf-8"), name="aml_01.yaml").data.items()
}
