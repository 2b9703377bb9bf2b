import json
from pathlib import Path

import pytest

from functions.deidentify.settings import Settings as DeidentifySettings
from functions.notify.settings import Settings
from shared.errors import SettingsError
from shared.runtime.environment import Environment

NAMES = {"GOOGLE_CLOUD_PROJECT": "p", "INLET_EVENTS_TOPIC": "events"}
SECRET = "whsec_bWFkZSB1cCBieSBhIHRlc3Q="


def _notify(tmp_path: Path, url: str, secret: str | None) -> Settings:
    variables = NAMES | {"INLET_WEBHOOK_URL": url}
    if secret is not None:
        file = tmp_path / "secret"
        file.write_text(secret)
        variables |= {"INLET_WEBHOOK_SECRET_FILE": str(file)}
    return Settings.from_env(Environment(variables))


def test_a_webhook_with_its_secret_is_sound(tmp_path: Path) -> None:
    settings = _notify(tmp_path, "https://receiver.example.org", SECRET)
    assert settings.webhook_secret == SECRET.encode()
    assert SECRET not in repr(settings)


def test_a_secret_without_a_webhook_is_harmless(tmp_path: Path) -> None:
    assert _notify(tmp_path, "", SECRET).webhook_url is None


@pytest.mark.parametrize("secret", [None, "secret", "whsec_%%%", "whsec_", "whsec"])
def test_a_webhook_without_a_usable_secret_is_refused_at_once(
    tmp_path: Path, secret: str | None
) -> None:
    with pytest.raises(SettingsError) as caught:
        _notify(tmp_path, "https://receiver.example.org", secret)
    assert "INLET_WEBHOOK_SECRET_FILE" in str(caught.value)


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
