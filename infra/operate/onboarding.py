"""What a facility needs to send, from its entry in the registry."""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.operate.cloud import Cloud
from shared.contracts.facilities import Facilities, Facility
from shared.errors import SettingsError

REASONS = "shared/dicom/README.md#reasons"


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """One facility, and the buckets that it is told of."""

    facility: Facility
    inbox: str
    receipts: str

    @classmethod
    def of(cls, cloud: Cloud, facilities: Facilities, name: str) -> "Onboarding":
        """Look the facility up.

        Raises:
            SettingsError: nobody registered it.
        """
        facility = facilities.get(name)
        if facility is None:
            known = ", ".join(sorted(each.name for each in facilities))
            raise SettingsError(
                "unknown-facility", [f"the registry has no such facility; it has {known}"]
            )
        return cls(facility=facility, inbox=cloud.inbox, receipts=cloud.receipts)

    @property
    def folder(self) -> str:
        """Where it writes, and nowhere else."""
        return f"gs://{self.inbox}/{self.facility.name}/"

    def for_the_operator(self) -> Iterator[str]:
        """Yield the variables of Terraform that let it send; one of the two is enough."""
        name = self.facility.name
        sender = "serviceAccount:SENDER@PROJECT.iam.gserviceaccount.com"
        yield f'facility_members = {{ {name} = ["{sender}"] }}'
        yield f"facility_identity_providers = {{ {name} = {{"
        yield '  audience = "inlet", issuer = "https://ISSUER", subject = "SUBJECT" } }'

    def for_the_facility(self) -> Iterator[tuple[str, str]]:
        """Yield what it is told: a heading, and a line or a command."""
        name, folder = self.facility.name, self.folder
        yield "send a folder", f"gcloud storage cp --recursive FOLDER {folder}DROP/"
        yield "or", f"rclone copy FOLDER :gcs,bucket_policy_only=true:{self.inbox}/{name}/DROP/"
        yield (
            "say that all of it was sent",
            (f"echo '{{\"version\": 1}}' | gcloud storage cp - {folder}DROP/_complete.json"),
        )
        yield "it may", "create objects there; not see, change or delete any"
        yield "receipts", f"gs://{self.receipts}/{name}/"
        yield "why a file was refused", REASONS

    def policies(self) -> Iterator[tuple[str, str]]:
        """Yield how what it sends is treated."""
        facility = self.facility
        yield "of two versions the primary one", facility.conflicts.value
        yield "duplicates", facility.duplicates.value
        yield "archived below", f"{facility.prefix}/"
        yield "profile of research copies", facility.deidentification
        yield "its patient ids are of", facility.authority
        yield "UIDs in public events", facility.event_uids.value
        yield "a study is complete after", f"{facility.study_quiet_s} quiet seconds"
        yield "a receipt is written after", f"{facility.receipt_quiet_s} quiet seconds"
