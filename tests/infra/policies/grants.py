"""Who may do what."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Final

from tests.infra.access import allowed
from tests.infra.plan import PROJECT, PROJECT_NUMBER, Plan
from tests.infra.policies.differences import exactly, same, says

FULL: Final = "full"  # the example whose grants are listed whole
PUBLIC: Final = ("allUsers", "allAuthenticatedUsers")
ROLES: Final = {
    "inletObjectKeeper": ["storage.objects.create", "storage.objects.get"],
    "inletObjectReader": ["storage.objects.get"],
    "inletObjectTaker": ["storage.objects.delete", "storage.objects.get"],
    "inletReceiptReader": ["storage.objects.get", "storage.objects.list"],
    "inletRowAppender": ["bigquery.tables.get", "bigquery.tables.updateData"],
    "inletUploader": ["storage.objects.create"],
}
# Who reads each secret that a person wrote.
SECRET_READERS: Final = {
    "event-key": ("notify", "sweep"),
    "pseudonym-key": ("deidentify",),
    "target-secrets": ("notify",),
}
# What a perimeter closes: what holds data, keys or code.
RESTRICTED: Final = frozenset(
    [
        "artifactregistry",
        "bigquery",
        "cloudbuild",
        "cloudfunctions",
        "cloudkms",
        "datacatalog",
        "logging",
        "monitoring",
        "pubsub",
        "run",
        "secretmanager",
        "storage",
    ]
)
# What may come through it: facilities, who send and read what became of it.
FROM_OUTSIDE: Final = [
    {
        "operations": [
            {
                "method_selectors": [
                    {"method": f"google.storage.objects.{each}", "permission": None}
                    for each in ("create", "get", "list")
                ],
                "service_name": "storage.googleapis.com",
            }
        ],
        "resources": [f"projects/{PROJECT_NUMBER}"],
        "roles": None,
    }
]
# Kinds of resources whose every member is in the list; of no other kind may there be one.
_OTHER_WAYS: Final = ("_iam_binding", "_iam_policy", "_access_control", "_acl")


def grants(plan: Plan) -> Iterator[str]:
    """The grants are those of the list."""
    listed = {str(grant) for grant in allowed()}
    made = [str(grant) for grant in plan.grants]
    yield from exactly("grants", listed if plan.example == FULL else listed & set(made), made)
    yield from same("grants", len(set(made)), len(made))


def other_ways(plan: Plan) -> Iterator[str]:
    """Nothing grants by a way that the list does not see."""
    for resource in plan.resources:
        if any(way in resource.kind for way in _OTHER_WAYS):
            yield f"{resource.address}: grants are made member by member"
        if resource.kind == "google_bigquery_dataset_access" and not resource.values["view"]:
            yield f"{resource.address}: only views are let in this way"


def public(plan: Plan) -> Iterator[str]:
    """Nothing is open to everybody."""
    for resource in plan.resources:
        text = json.dumps(resource.values)
        yield from (f"{resource.address}: {who}" for who in PUBLIC if f'"{who}"' in text)


def roles(plan: Plan) -> Iterator[str]:
    """Our roles permit what they say."""
    made = {
        each.values["role_id"]: sorted(each.values["permissions"])
        for each in plan.of_kind("project_iam_custom_role")
    }
    yield from same("roles", ROLES, made)


def secret_readers(plan: Plan) -> Iterator[str]:
    """The key of pseudonyms is read by `deidentify` alone, and so is each secret by its own."""
    for secret, stages in SECRET_READERS.items():
        readers = {grant.who for grant in plan.grants if grant.on == f"secret {secret}"}
        used = secret in plan.variables["secret_versions"]
        yield from same(
            f"secret {secret}", {f"fn-{stage}" for stage in stages} if used else set(), readers
        )


def facility_members(plan: Plan) -> Iterator[str]:
    """Who sends for a facility creates objects below its name, reads its receipts, and no more."""
    for facility, members in senders(plan).items():
        own = [
            ("inletReceiptReader", f"folder receipts/{facility}/", _readable(facility)),
            ("inletUploader", f"folder inbox/{facility}/", _writable(facility)),
        ]
        for member in members:
            theirs = [(each.may, each.on, each.only) for each in plan.grants if each.who == member]
            yield from same(member, own, theirs)


def _readable(facility: str) -> str:
    receipts = f"projects/_/buckets/{PROJECT}-receipts"
    return " || ".join(
        f'resource.name.startsWith("{receipts}/{kind}/{facility}/")'
        for kind in ("managedFolders", "objects")
    )


def _writable(facility: str) -> str:
    inbox = f"projects/_/buckets/{PROJECT}-inbox/objects"
    return (
        'resource.type == "storage.googleapis.com/Object" && '
        f'resource.name.startsWith("{inbox}/{facility}/")'
    )


def senders(plan: Plan) -> dict[str, list[str]]:
    """Return who sends, by facility: the members named, and whom its own provider vouches for."""
    pool = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/facilities"
    members, providers = (
        plan.variables[name] for name in ("facility_members", "facility_identity_providers")
    )
    return {
        facility: [
            *members.get(facility, ()),
            *(
                [f"principalSet://iam.googleapis.com/{pool}/attribute.facility/{facility}"]
                if facility in providers
                else []
            ),
        ]
        for facility in {*members, *providers}
    }


def federation(plan: Plan) -> Iterator[str]:
    """A facility's provider vouches for one subject, and for that facility alone."""
    wanted = plan.variables["facility_identity_providers"]
    made = {
        each.values["workload_identity_pool_provider_id"]: each
        for each in plan.of_kind("iam_workload_identity_pool_provider")
    }
    yield from exactly("providers", wanted, made)
    for facility, provider in made.items():
        asked = wanted.get(facility, {"subject": None, "issuer": None, "audience": None})
        yield from says(
            provider,
            {
                "attribute_condition": f"assertion.sub == '{asked['subject']}'",
                "attribute_mapping": {
                    "attribute.facility": f"'{facility}'",
                    "google.subject": "assertion.sub",
                },
                "oidc.issuer_uri": asked["issuer"],
                "oidc.allowed_audiences": [asked["audience"]],
            },
        )


def perimeter(plan: Plan) -> Iterator[str]:
    """A perimeter that was asked for is closed, but to facilities, which may send."""
    asked = plan.variables["perimeter"]
    made = plan.of_kind("access_context_manager_service_perimeter")
    yield from same("perimeters", 1 if asked else 0, len(made))
    project, members = [f"projects/{PROJECT_NUMBER}"], senders(plan).values()
    for each in made:
        status, ingress = each.block("status"), each.block("status", "ingress_policies")
        yield from same(each.address, 1, len(status["ingress_policies"]))
        services = {service.partition(".")[0] for service in status["restricted_services"]}
        yield from exactly(each.address, RESTRICTED, services)
        yield from says(
            each,
            {
                "parent": f"accessPolicies/{asked['policy']}",
                "status.resources": project,
                "status.access_levels": asked["access_levels"],
                "status.egress_policies": [],
            },
        )
        yield from same(
            each.address, sorted(chain(*members)), ingress["ingress_from"][0]["identities"]
        )
        yield from same(each.address, None, ingress["ingress_from"][0]["identity_type"])
        yield from same(each.address, FROM_OUTSIDE, ingress["ingress_to"])


def identities(plan: Plan) -> Iterator[str]:
    """Every function, subscription and schedule has an identity of its own."""
    used = [
        *(
            each.block("service_config")["service_account_email"]
            for each in plan.of_kind("cloudfunctions2_function")
        ),
        *(
            each.block("push_config", "oidc_token").get("service_account_email")
            for each in plan.of_kind("pubsub_subscription")
            if each.values["push_config"]
        ),
        *(
            each.block("http_target", "oidc_token").get("service_account_email")
            for each in plan.of_kind("cloud_scheduler_job")
        ),
    ]
    made = [each.values["email"] for each in plan.of_kind("service_account")]
    yield from same("identities", len(set(used)), len(used))
    yield from exactly(
        "identities", made, [*used, *(email for email in made if email.startswith("build-"))]
    )
