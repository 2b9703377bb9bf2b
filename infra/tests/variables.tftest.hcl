# What a deployment may not say.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  alert_emails     = ["imaging-operators@example.org"]
  facilities_file  = "examples/facilities.yaml"
  facility_members = {}
  project          = "example-imaging"
  region           = "europe-west3"
  rotation_start   = "2030-01-01T00:00:00Z"
  secret_versions  = { pseudonym-key = "1" }
}

run "the_least_that_must_be_said_is_enough" {
  command = plan

  assert {
    condition     = output.inbox["example-hospital"] == "gs://example-imaging-inbox/example-hospital/"
    error_message = "A facility is told where to send to."
  }
}

# Every variable at once has a value that must be refused, and each must be.
run "what_may_not_be_said" {
  command = plan

  variables {
    alert_emails      = []
    archive_classes   = { GLACIER = 30 }
    archive_retention = { days = 0, locked = true }
    billing_account   = "my-account"
    event_subscribers = ["allUsers"]
    facility_analysts = { example-hospital = ["allUsers"] }
    facility_identity_providers = {
      example-clinic = { audience = "inlet", issuer = "http://login.example.net", subject = "gateway" }
    }
    facility_members  = { example-hospital = ["allAuthenticatedUsers"] }
    identity_readers  = ["allUsers"]
    imaging_analysts  = ["domain:example.org"]
    key_rotation_days = 3650
    max_instances     = 0
    monthly_budget    = 0
    perimeter         = { access_levels = [], policy = "my-policy" }
    project           = "Example Imaging"
    quarantine_days   = 1
    receipt_days      = 30
    region            = "EU"
    research_readers  = ["allUsers"]
    rotation_start    = "soon"
    secret_versions   = { target-secrets = "1" }
    settings          = { webhook = "https://example.org" }
    soft_delete_days  = 365
  }

  expect_failures = [
    var.alert_emails,
    var.archive_classes,
    var.archive_retention,
    var.billing_account,
    var.event_subscribers,
    var.facility_analysts,
    var.facility_identity_providers,
    var.facility_members,
    var.identity_readers,
    var.imaging_analysts,
    var.key_rotation_days,
    var.max_instances,
    var.monthly_budget,
    var.perimeter,
    var.project,
    var.quarantine_days,
    var.receipt_days,
    var.region,
    var.research_readers,
    var.rotation_start,
    var.secret_versions,
    var.settings,
    var.soft_delete_days,
  ]
}

# A second way of each that has two: an address that is none, a class after no day, a facility that is
# not registered, a version that changes by itself, a zone.
run "nor_this" {
  command = plan

  variables {
    alert_emails      = ["the operators"]
    archive_classes   = { COLDLINE = 0 }
    facility_analysts = { example-practice = ["group:analysts@example.org"] }
    facility_identity_providers = {
      example-practice = { audience = "inlet", issuer = "https://login.example.net", subject = "gateway" }
    }
    facility_members = { example-practice = ["user:sender@example.org"] }
    region           = "europe-west3-a"
    secret_versions  = { pseudonym-key = "latest" }
    soft_delete_days = 1
  }

  expect_failures = [
    var.alert_emails,
    var.archive_classes,
    var.facility_analysts,
    var.facility_identity_providers,
    var.facility_members,
    var.region,
    var.secret_versions,
    var.soft_delete_days,
  ]
}

# Each by itself: what a variable refuses is not asked where another, which it looks at, is refused.
run "a_target_has_a_secret" {
  command = plan

  variables {
    targets_file = "examples/targets.yaml"
  }

  expect_failures = [var.targets_file]
}

run "a_target_has_a_name_for_an_identity" {
  command = plan

  variables {
    secret_versions = { pseudonym-key = "1", target-secrets = "1" }
    targets_file    = "tests/targets/long-name.yaml"
  }

  expect_failures = [var.targets_file]
}

run "a_target_is_not_called_as_the_mail_server_is" {
  command = plan

  variables {
    secret_versions = { pseudonym-key = "1", target-secrets = "1" }
    targets_file    = "tests/targets/smtp.yaml"
  }

  expect_failures = [var.targets_file]
}

run "pseudonyms_of_uids_have_a_key" {
  command = plan

  variables {
    facilities_file = "tests/facilities/pseudonyms.yaml"
  }

  expect_failures = [var.secret_versions]
}

run "a_target_is_told_of_registered_facilities" {
  command = plan

  variables {
    secret_versions = { pseudonym-key = "1", target-secrets = "1" }
    targets_file    = "tests/targets/unregistered.yaml"
  }

  expect_failures = [var.targets_file]
}
