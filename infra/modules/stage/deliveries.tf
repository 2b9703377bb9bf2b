# The push subscriptions: each calls the function under an identity of its own that may do nothing
# else. What is given up goes to the dead-letter topic; where nothing ever is, there is none.

locals {
  mortal = { for name, push in var.pushes : name => push if push.max_attempts != null }
}

resource "google_service_account" "push" {
  for_each = var.pushes

  account_id   = each.value.identity
  display_name = "Calls ${var.name} for the subscription ${each.key}"
}

# Pub/Sub signs in as the caller; the right to is on this one identity.
resource "google_service_account_iam_member" "push" {
  for_each = var.pushes

  service_account_id = google_service_account.push[each.key].id
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = var.messaging_agent
}

resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = var.pushes

  location = var.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = google_service_account.push[each.key].member
}

resource "google_pubsub_subscription" "push" {
  for_each = var.pushes

  name                       = each.key
  topic                      = each.value.topic
  filter                     = each.value.filter
  ack_deadline_seconds       = var.delivery.ack_deadline_s
  message_retention_duration = "${each.value.retention_s}s"

  expiration_policy {
    ttl = ""
  }

  push_config {
    push_endpoint = "${google_cloudfunctions2_function.this.service_config[0].uri}${each.value.path}"

    oidc_token {
      service_account_email = google_service_account.push[each.key].email
      audience              = google_cloudfunctions2_function.this.service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${var.delivery.min_backoff_s}s"
    maximum_backoff = "${var.delivery.max_backoff_s}s"
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.max_attempts[*]

    content {
      dead_letter_topic     = var.dead_letters
      max_delivery_attempts = dead_letter_policy.value
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push]
}

# Taking a message away, to give it up, is acknowledging it.
resource "google_pubsub_subscription_iam_member" "gives_up" {
  for_each = local.mortal

  subscription = google_pubsub_subscription.push[each.key].id
  role         = "roles/pubsub.subscriber"
  member       = var.messaging_agent
}
