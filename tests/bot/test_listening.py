"""The socket the bot listens on."""

import socket

import pytest

from bot import app
from bot.errors import ConfigError


def test_answers_do_not_wait_for_delayed_acknowledgements():
    """A connection sends at once (TCP_NODELAY): else an answer in two parts waits 40 ms for the peer."""
    with app._listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_said_in_one_line():
    """With what is configured, and what to do about it."""
    with app._listen("127.0.0.1", 0) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"LOOKOUT_PORT {port}: .*in use") as error:
            app._listen("127.0.0.1", port)
    assert error.value.hint == "Choose another port, or end what holds it."
