import contextlib
import json
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from functions.deidentify.settings import Settings as DeidentifySettings
from functions.notify.settings import Settings
from shared.errors import SettingsError
from shared.runtime.environment import Environment

NAMES = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "INLET_EVENTS_TOPIC": "events",
    "INLET_DATASET": "imaging",
}
SECRET = "whsec_bWFkZSB1cCBieSBhIHRlc3Q="
CHAT = "https://chat.example.org/v1/spaces/s/messages?key=made-up"
HOOK = {"kind": "webhook", "url": "https://receiver.example.org"}
LOCAL = {"kind": "webhook", "url": "http://127.0.0.1:1/hook"}
MAIL = {"kind": "email", "to": ["someone@example.org"]}
ROOM = {"kind": "chat"}


def _notify(
    tmp_path: Path,
    targets: object,
    secrets: object = None,
    facilities: object = None,
    **variables: str,
) -> Settings:
    files = {"TARGETS": targets, "FACILITIES": facilities or {"h": {}}}
    if secrets is not None:
        files["TARGET_SECRETS"] = secrets
    for name, content in files.items():
        file = tmp_path / name
        file.write_text(json.dumps(content))
        variables[f"INLET_{name}_FILE"] = str(file)
    return Settings.from_env(Environment(NAMES | variables))


def test_targets_with_their_secrets_are_sound(tmp_path: Path) -> None:
    secrets = {"w": [SECRET, SECRET], "c": CHAT, "smtp": "a password", "of another": 1}
    settings = _notify(
        tmp_path,
        {"w": HOOK, "m": MAIL, "c": ROOM},
        secrets,
        INLET_SMTP_HOST="mail.example.org",
        INLET_SMTP_FROM="inlet@example.org",
        INLET_SMTP_USER="inlet",
        INLET_RECEIVER_NETWORKS="10.0.0.0/8 fd00::/8",
    )
    assert settings.secrets.signing == {"w": (SECRET, SECRET)}
    assert settings.secrets.addresses == {"c": CHAT}
    assert settings.networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.give_up_after == timedelta(days=3)
    server = settings.mail_server
    assert (server.port, server.security, server.password) == (587, "starttls", "a password")
    shown = repr(settings)
    assert not any(secret in shown for secret in (SECRET, CHAT, "a password"))


def test_nobody_to_tell_needs_no_secrets(tmp_path: Path) -> None:
    assert list(_notify(tmp_path, {}).targets) == []


def test_every_problem_of_notify_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        _notify(
            tmp_path,
            {"w": HOOK, "l": LOCAL, "m": MAIL},
            {"w": [], "l": [SECRET]},
            {"h": {"event_uids": "pseudonym"}},
            INLET_GIVE_UP_AFTER_S="soon",
            INLET_SMTP_SECURITY="none",
            INLET_SMTP_PORT="x",
            INLET_SMTP_USER="inlet",
            INLET_RECEIVER_NETWORKS="10.0.0.1/8",
            INLET_DATASET="",
        )
    assert sorted(caught.value.problems) == [
        "INLET_DATASET is not set",
        "INLET_EVENT_KEY_FILE has no key of 16 bytes, which event_uids needs",
        "INLET_GIVE_UP_AFTER_S is not a whole number of at least 1",
        "INLET_RECEIVER_NETWORKS does not allow the plain http of l",
        "INLET_RECEIVER_NETWORKS is no list of networks in CIDR notation",
        "INLET_SMTP_FROM is not set, and mails are to be sent",
        "INLET_SMTP_HOST is not set, and mails are to be sent",
        "INLET_SMTP_PORT is not a whole number of at least 1",
        "INLET_SMTP_SECURITY is none, which is for this machine alone",
        "INLET_TARGET_SECRETS_FILE has no password `smtp` for who signs in",
        "INLET_TARGET_SECRETS_FILE w is no list of one or two secrets of the form whsec_<base64>",
    ]


@pytest.mark.parametrize(
    "secret",
    [None, [], [SECRET] * 3, ["secret"], ["whsec_%%%"], ["whsec_"], ["whsec"], ["whsec_ä"], SECRET],
)
def test_a_webhook_without_usable_secrets_is_refused_at_once(
    tmp_path: Path, secret: object
) -> None:
    with pytest.raises(SettingsError) as caught:
        _notify(tmp_path, {"w": HOOK}, {"w": secret})
    assert "INLET_TARGET_SECRETS_FILE w" in str(caught.value)


@pytest.mark.parametrize("address", [None, "", "room", "http://chat.example.org", 7])
def test_a_chat_without_an_address_is_refused_and_not_quoted(
    tmp_path: Path, address: object
) -> None:
    with pytest.raises(SettingsError) as caught:
        _notify(tmp_path, {"c": ROOM}, {"c": address})
    assert "INLET_TARGET_SECRETS_FILE c" in str(caught.value)
    assert "example.org" not in str(caught.value)


@pytest.mark.parametrize(
    ("networks", "host", "sound"),
    [
        ("127.0.0.0/8", "localhost", True),
        ("::1/128", "127.0.0.1", True),
        ("10.0.0.0/8", "localhost", False),
        ("127.0.0.0/8", "mail.example.org", False),
    ],
)
def test_plain_text_is_for_this_machine_where_that_is_allowed(
    tmp_path: Path, networks: str, host: str, *, sound: bool
) -> None:
    variables = {
        "INLET_SMTP_SECURITY": "none",
        "INLET_SMTP_HOST": host,
        "INLET_SMTP_FROM": "inlet@example.org",
        "INLET_RECEIVER_NETWORKS": networks,
    }
    expected = contextlib.nullcontext() if sound else pytest.raises(SettingsError)
    with expected:
        assert _notify(tmp_path, {"m": MAIL}, **variables).mail_server.port == 25


def _deidentify(tmp_path: Path, facilities: object, profiles: object) -> DeidentifySettings:
    variables = {
        "GOOGLE_CLOUD_PROJECT": "p",
        "INLET_RESEARCH": "research",
        "INLET_RESEARCH_PROJECT": "research",
        "INLET_OUTCOMES_TOPIC": "outcomes",
    }
    for name, content in [
        ("INLET_FACILITIES_FILE", json.dumps(facilities)),
        ("INLET_PROFILES_FILE", json.dumps(profiles)),
        ("INLET_PSEUDONYM_KEY_FILE", "a made-up secret of some length"),
    ]:
        file = tmp_path / name
        file.write_text(content)
        variables[name] = str(file)
    return DeidentifySettings.from_env(Environment(variables))


def test_profiles_and_facilities_that_fit_are_sound(tmp_path: Path) -> None:
    facilities = {"h": {"deidentification": "own"}, "c": {"deidentification": "none"}}
    assert set(_deidentify(tmp_path, facilities, {"own": {}}).profiles) == {"h"}


@pytest.mark.parametrize(
    ("facilities", "profiles", "problem"),
    [
        ({"h": {"deidentification": "own"}}, {"basic": {}}, "h.deidentification names no profile"),
        ({"h": {}}, {}, "INLET_PROFILES_FILE names no profile"),
        ({"h": {}}, {"basic": {"options": ["retain-everything"]}}, "INLET_PROFILES_FILE basic: "),
        ({}, {"basic": {}}, "INLET_FACILITIES_FILE has no facility"),
    ],
)
def test_a_facility_without_its_profile_stops_the_function(
    tmp_path: Path, facilities: object, profiles: object, problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        _deidentify(tmp_path, facilities, profiles)
