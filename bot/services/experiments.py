"""Experiments: what can be done with one from Slack, each by its name."""

from bot.services.look_asking import LOOK_JOB, ask_look, run_look
from bot.services.look_questions import status
from bot.services.registering import register

__all__ = ["LOOK_JOB", "ask_look", "register", "run_look", "status"]
