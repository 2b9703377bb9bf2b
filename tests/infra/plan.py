"""A plan as values: every resource that would be made, and every grant among them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

PROJECT: Final = "example-imaging"
PROJECT_NUMBER: Final = "123456789012"
REGION: Final = "europe-west3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource; what only the cloud can assign is not among its values."""

    address: str
    kind: str
    values: Mapping[str, Any]

    def block(self, *path: str) -> Mapping[str, Any]:
        """Return the one block at a path, or an empty one."""
        found: Any = self.values
        for name in path:
            found = (found.get(name) or [{}])[0]
        return dict(found)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """Who may do what on what, under which condition."""

    who: str
    may: str
    on: str
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What Terraform would make of one example."""

    example: str
    variables: Mapping[str, Any]
    bundles: frozenset[str]  # that there were to deploy
    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, example: str, shown: Mapping[str, Any], bundles: Iterable[str]) -> "Plan":
        """Return the plan in what `terraform show -json` printed."""
        return cls(
            example=example,
            variables={name: each["value"] for name, each in shown["variables"].items()},
            bundles=frozenset(bundles),
            resources=tuple(_resources(shown["planned_values"]["root_module"])),
        )

    def of_kind(self, kind: str) -> list[Resource]:
        """Return the resources of a type."""
        return [resource for resource in self.resources if resource.kind == f"google_{kind}"]

    def named(self, kind: str, name: str) -> Resource:
        """Return the one resource of a type whose address ends with a name or a key.

        Raises:
            LookupError: there is none.
        """
        for resource in self.of_kind(kind):
            if resource.address.endswith((f".{name}", f'["{name}"]')):
                return resource
        raise LookupError(f"there is no {kind} {name}")

    def id_of(self, kind: str, name: str) -> str:
        """Return the id of a resource; see `named`."""
        return str(self.named(kind, name).values["id"])

    @property
    def grants(self) -> list[Grant]:
        """Every grant, with the names that people use."""
        return sorted(_grant(each) for each in self.resources if "_iam_member" in each.kind)


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    for each in module.get("resources", ()):
        if each["mode"] == "managed":
            yield Resource(address=each["address"], kind=each["type"], values=each["values"])
    for child in module.get("child_modules", ()):
        yield from _resources(child)


# What a grant is on: the words for it, from the attributes of the grant.
_ON: Final[Mapping[str, tuple[str, str]]] = {
    "artifact_registry_repository": ("repository", "{repository}"),
    "bigquery_dataset": ("dataset", "{dataset_id}"),
    "bigquery_table": ("table", "{dataset_id}.{table_id}"),
    "cloud_run_v2_service": ("function", "{name}"),
    "data_catalog_policy_tag": ("columns", "{policy_tag}"),
    "kms_crypto_key": ("key", "{crypto_key_id}"),
    "project": ("project", ""),
    "pubsub_subscription": ("subscription", "{subscription}"),
    "pubsub_topic": ("topic", "{topic}"),
    "secret_manager_secret": ("secret", "{secret_id}"),
    "service_account": ("identity", "{service_account_id}"),
    "storage_bucket": ("bucket", "{bucket}"),
    "storage_managed_folder": ("folder", "{bucket}/{managed_folder}"),
}


def _grant(resource: Resource) -> Grant:
    kind = resource.kind.removeprefix("google_").removesuffix("_iam_member")
    word, name = _ON[kind]
    on = name.format(**resource.values).removeprefix(f"{PROJECT}-")
    if on.startswith("projects/"):
        on = on.rpartition("/")[2]
    return Grant(
        who=_who(resource.values["member"]),
        may=resource.values["role"].rpartition("roles/")[2],
        on=f"{word} {on.removesuffix(f'@{PROJECT}.iam.gserviceaccount.com')}".strip(),
        only=resource.block("condition").get("expression", ""),
    )


def _who(member: str) -> str:
    own = re.fullmatch(rf"serviceAccount:(.+)@{PROJECT}\.iam\.gserviceaccount\.com", member)
    agent = re.fullmatch(
        rf"serviceAccount:(?:service|bq)-{PROJECT_NUMBER}@(.+)\.iam\.gserviceaccount\.com", member
    )
    return own[1] if own else f"agent {agent[1]}" if agent else member
