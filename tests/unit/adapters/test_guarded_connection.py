from ipaddress import ip_address, ip_network

import pytest

from shared.adapters.guarded_connection import Guard


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_what_is_public_may_be_connected_to(address: str) -> None:
    assert Guard().permits(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        # this machine, and nobody
        *("127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "0.1.2.3", "::"),
        # private, and shared with the provider (RFC 1918, RFC 6598, RFC 4193)
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00::1"),
        # link-local, where clouds keep what machines may ask
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254"),
        # many, and all
        *("224.0.0.1", "224.0.1.1", "239.255.255.255", "255.255.255.255", "ff02::1", "ff0e::1"),
        # documentation, benchmarks, reserved
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "240.0.0.1", "192.0.0.8"),
        *("2001:db8::1", "100::1", "3fff::1"),
        # IPv4 in disguise
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1"),
        *("2002:7f00:1::", "2002:808:808::", "2001:0:808:808::1", "192.88.99.1"),
        *("::ffff:0:7f00:1", "fec0::1"),
    ],
)
def test_what_is_not_public_may_not(address: str) -> None:
    assert not Guard().permits(ip_address(address))


def test_what_is_allowed_may_be_connected_to_and_nothing_beside_it() -> None:
    guard = Guard((ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")))
    permitted = ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5"]
    refused = ["10.2.0.1", "64:ff9b::10.1.2.3", "fd00:2::5", "127.0.0.1"]
    assert [guard.permits(ip_address(each)) for each in permitted] == [True] * 3
    assert [guard.permits(ip_address(each)) for each in refused] == [False] * 4
