"""Unit tests reach nothing outside their process."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_sockets() -> None:
    """Fail whatever opens a socket; the plugin lifts the ban after each test."""
    disable_socket(allow_unix_socket=True)
