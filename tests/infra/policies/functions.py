"""The functions: what runs, as whom, with which variables and files."""

import base64
import importlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from infra.data_files import facilities, profiles
from infra.definition import DATA_FILES, Function, Kind, load_pipeline
from infra.docs import read_variables
from shared.contracts.targets import SMTP, TargetKind
from shared.errors import SettingsError
from shared.runtime.environment import Environment
from tests.infra.plan import PROJECT, REGION, Plan, Resource
from tests.infra.policies.calls import target_data, targets_of
from tests.infra.policies.differences import exactly, same, says
from tests.infra.terraform import INFRA

RUNTIME: Final = "python311"
LARGEST_SECRET_BYTES: Final = 65536
_PLATFORM: Final = {"GOOGLE_CLOUD_PROJECT", "THREADS"}


def functions(plan: Plan) -> Iterator[str]:
    """Each stage runs from its bundle, under the terms of the definition."""
    made = {each.values["name"]: each for each in plan.of_kind("cloudfunctions2_function")}
    yield from exactly("functions", load_pipeline().functions, made)
    for stage, function in load_pipeline().functions.items():
        if stage in made:
            yield from says(made[stage], _expected(plan, function))


def _expected(plan: Plan, function: Function) -> Mapping[str, object]:
    stage, resources, egress = function.stage, function.resources, plan.variables["egress"]
    return {
        "description": function.description,
        "location": REGION,
        "kms_key_name": plan.id_of("kms_crypto_key", "operations"),
        "build_config.runtime": RUNTIME,
        "build_config.entry_point": stage,
        "build_config.docker_repository": plan.id_of("artifact_registry_repository", "functions"),
        "build_config.service_account": plan.id_of("service_account", "build"),
        "build_config.source.storage_source.bucket": f"{PROJECT}-bundles",
        "build_config.source.storage_source.object": _bundle(plan, stage),
        "service_config.service_account_email": f"fn-{stage}@{PROJECT}.iam.gserviceaccount.com",
        "service_config.ingress_settings": "ALLOW_INTERNAL_ONLY",
        "service_config.all_traffic_on_latest_revision": True,
        "service_config.available_cpu": f"{resources.cpu:g}",
        "service_config.available_memory": f"{resources.memory_mib}Mi",
        "service_config.timeout_seconds": resources.timeout_s,
        "service_config.max_instance_request_concurrency": resources.concurrency,
        "service_config.max_instance_count": plan.variables["max_instances"],
        "service_config.direct_vpc_egress": "VPC_EGRESS_ALL_TRAFFIC" if egress else None,
        "service_config.direct_vpc_network_interface.network": egress and egress["network"],
        "service_config.secret_environment_variables": [],
    }


def _bundle(plan: Plan, stage: str) -> str:
    """Return the one bundle of a stage, which is called after its content."""
    (name,) = (name for name in plan.bundles if re.fullmatch(rf"{stage}-[0-9a-f]{{16}}\.zip", name))
    return name


def deadlines(plan: Plan) -> Iterator[str]:
    """A function is stopped before its message is delivered again."""
    timeouts = {
        each.values["name"]: each.block("service_config")["timeout_seconds"]
        for each in plan.of_kind("cloudfunctions2_function")
    }
    for stage, function in load_pipeline().functions.items():
        for push in function.pushes.values():
            if timeouts.get(stage, 0) >= push.ack_deadline_s:
                yield f"{stage}: runs for longer than a delivery is waited for"


def environments(plan: Plan) -> Iterator[str]:
    """Each function is told what its settings read, and starts with it."""
    contents = _contents(plan)
    for each in plan.of_kind("cloudfunctions2_function"):
        stage = each.values["name"]
        told = each.block("service_config")["environment_variables"]
        known = {variable.name for variable in read_variables(stage)} | _PLATFORM
        yield from (f"{stage}: never reads {name}" for name in sorted(told.keys() - known))
        yield from _values(plan, stage, told)
        yield from _starts(stage, told, _mounted(each), contents)


def _values(plan: Plan, stage: str, told: Mapping[str, str]) -> Iterator[str]:
    function = load_pipeline().functions[stage]
    yield from same(f"{stage}.THREADS", f"{function.resources.concurrency}", told.get("THREADS"))
    yield from same(f"{stage}.GOOGLE_CLOUD_PROJECT", PROJECT, told.get("GOOGLE_CLOUD_PROJECT"))
    for variable, reference in function.environment.items():
        match reference.kind:
            case Kind.BUCKET:
                expected: object = f"{PROJECT}-{reference.name}"
            case Kind.SETTING:
                expected = plan.variables["settings"].get(reference.name)
            case Kind.SECRET if reference.name not in plan.variables["secret_versions"]:
                expected = None
            case Kind.SECRET | Kind.FILE:
                expected = f"/etc/inlet/{reference.name}/content"
            case _:
                expected = reference.name
        yield from same(f"{stage}.{variable}", expected, told.get(variable))


def _starts(
    stage: str, told: Mapping[str, str], mounted: Mapping[str, str], contents: Mapping[str, str]
) -> Iterator[str]:
    """Read the settings as the function does, with its files below a folder."""
    with tempfile.TemporaryDirectory() as folder:
        found = dict(told)
        for variable, value in told.items():
            if value in mounted:
                file = Path(folder) / variable
                file.write_text(contents[mounted[value]])
                found[variable] = str(file)
        try:
            importlib.import_module(f"functions.{stage}.settings").Settings.from_env(
                Environment(found)
            )
        except SettingsError as error:
            yield from (f"{stage} does not start: {problem}" for problem in error.problems)


def _mounted(function: Resource) -> dict[str, str]:
    """Return the secrets of a function by the path at which it finds each."""
    return {
        f"{volume['mount_path']}/{version['path']}": volume["secret"]
        for volume in function.block("service_config")["secret_volumes"]
        for version in volume["versions"]
    }


def _contents(plan: Plan) -> dict[str, str]:
    written = {
        each.values["secret"].rpartition("/")[2]: each.values["secret_data"]
        for each in plan.of_kind("secret_manager_secret_version")
    }
    return {**_made_up(plan), **written}


def _made_up(plan: Plan) -> dict[str, str]:
    """Return secrets of the right form; the functions' settings look at no more."""
    of_kind = {
        TargetKind.WEBHOOK: [f"whsec_{base64.b64encode(b'made up').decode()}"],
        TargetKind.CHAT: "https://chat.example.org/rooms/made-up",
    }
    targets = {
        target.name: of_kind[target.kind]
        for target in targets_of(plan.variables)
        if target.kind in of_kind
    }
    return {
        "event-key": "made up for this test, 32 bytes or more",
        "pseudonym-key": "made up for this test, 32 bytes and more",
        "target-secrets": json.dumps({**targets, SMTP: "made up"}),
    }


def mounts(plan: Plan) -> Iterator[str]:
    """The version of a secret that is in use is the one that was chosen."""
    chosen = plan.variables["secret_versions"]
    for each in plan.of_kind("cloudfunctions2_function"):
        for volume in each.block("service_config")["secret_volumes"]:
            found = volume["versions"][0].get("version")  # of data files known after they are made
            if volume["secret"] in chosen or found is not None:
                yield from same(
                    f"{each.address} {volume['secret']}", chosen.get(volume["secret"]), found
                )


def data_files(plan: Plan) -> Iterator[str]:
    """The deployment's own data are delivered as the code reads them, and are small enough."""
    expected = {
        "facilities": facilities(INFRA / plan.variables["facilities_file"]),
        "profiles": profiles(),
        "targets": target_data(plan.variables),
    }
    for name, content in expected.items():
        text = _contents(plan).get(name, "null")
        yield from same(name, content, json.loads(text))
        if len(text.encode()) > LARGEST_SECRET_BYTES:
            yield f"{name}: is larger than a secret may be"


def secrets(plan: Plan) -> Iterator[str]:
    """Secrets are kept in the region under our key; Terraform writes none that is secret."""
    own = {
        reference.name
        for function in load_pipeline().functions.values()
        for reference in function.environment.values()
        if reference.kind is Kind.SECRET
    }
    made = {each.values["secret_id"]: each for each in plan.of_kind("secret_manager_secret")}
    yield from exactly("secrets", {*own, *DATA_FILES}, made)
    for name, secret in made.items():
        where = "replication.user_managed.replicas"
        expected: dict[str, Any] = {
            f"{where}.location": REGION,
            f"{where}.customer_managed_encryption.kms_key_name": plan.id_of(
                "kms_crypto_key", "secrets"
            ),
        }
        if name in own:
            days = plan.variables["key_rotation_days"]
            expected |= {
                "rotation.rotation_period": f"{days * 24 * 60 * 60}s",
                "topics.name": plan.id_of("pubsub_topic", "rotation"),
                "deletion_protection": plan.variables["deletion_protection"],
            }
        yield from says(secret, expected)
    yield from exactly("contents", DATA_FILES, _contents(plan).keys() - own)
