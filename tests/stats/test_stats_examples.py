"""The examples in the docstrings of bot.stats, run."""

import doctest
import importlib
import pkgutil

import pytest

import bot.stats

MODULES = [f"bot.stats.{module.name}" for module in pkgutil.iter_modules(bot.stats.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    """What a docstring shows is what the function returns."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
