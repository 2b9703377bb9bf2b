"""Unit tests reach nothing outside their process."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest) -> None:
    """Fail whatever opens a socket, unless that is what the test is about."""
    if request.node.get_closest_marker("enable_socket") is None:
        disable_socket(allow_unix_socket=True)
