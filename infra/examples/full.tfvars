# Everything that a deployment can say.

alert_emails        = ["imaging-operators@example.org", "on-call@example.org"]
archive_classes     = { NEARLINE = 30, COLDLINE = 90, ARCHIVE = 365 }
archive_retention   = { days = 3650, locked = false }
billing_account     = "000000-AAAAAA-000000"
deletion_protection = true
egress              = { network = "projects/example-network/global/networks/imaging", subnetwork = "projects/example-network/regions/europe-west3/subnetworks/functions" }
event_subscribers   = ["serviceAccount:pacs@example-pacs.iam.gserviceaccount.com"]
facilities_file     = "examples/facilities.yaml"
facility_analysts   = { example-hospital = ["group:analysts@example-hospital.org"] }
facility_identity_providers = {
  example-clinic = { audience = "inlet", issuer = "https://login.example.net/clinic", subject = "imaging-gateway" }
}
facility_members = {
  example-hospital = ["serviceAccount:sender@example-hospital.iam.gserviceaccount.com"]
}
identity_readers  = ["group:imaging-data-stewards@example.org"]
imaging_analysts  = ["group:imaging-analysts@example.org", "group:imaging-data-stewards@example.org"]
key_rotation_days = 90
max_instances     = 50
monthly_budget    = 2000
perimeter         = { access_levels = ["accessPolicies/123456/accessLevels/imaging_staff"], policy = "123456" }
project           = "example-imaging"
quarantine_days   = 180
receipt_days      = 90
region            = "europe-west3"
research_readers  = ["group:researchers@example.org"]
rotation_start    = "2030-01-01T00:00:00Z"
secret_versions   = { event-key = "1", pseudonym-key = "1", target-secrets = "1" }
settings          = { smtp_from = "inlet@example.org", smtp_host = "smtp.example.org" }
soft_delete_days  = 30
targets_file      = "examples/targets.yaml"
