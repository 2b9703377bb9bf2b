# What calls a function that no message calls.

locals {
  schedules = { for stage, function in local.pipeline.functions : stage => function if can(function.trigger.every_s) }
}

resource "google_service_account" "caller" {
  for_each = local.schedules

  account_id   = "call-${each.key}"
  display_name = "Calls ${each.key} on its schedule"

  depends_on = [google_project_service.used]
}

resource "google_cloud_run_v2_service_iam_member" "caller" {
  for_each = local.schedules

  location = var.region
  name     = module.stage[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.caller[each.key].member
}

resource "google_cloud_scheduler_job" "call" {
  for_each = local.schedules

  name             = each.key
  description      = each.value.description
  region           = var.region
  schedule         = "*/${each.value.trigger.every_s / 60} * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "${each.value.delivery.timeout_s}s"

  # The next run does what this one did not.
  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = module.stage[each.key].uri

    oidc_token {
      service_account_email = google_service_account.caller[each.key].email
      audience              = module.stage[each.key].uri
    }
  }

  lifecycle {
    precondition {
      condition     = each.value.trigger.every_s % 60 == 0 && each.value.trigger.every_s < 3600
      error_message = "Cloud Scheduler calls at whole minutes, here within the hour."
    }
  }
}
