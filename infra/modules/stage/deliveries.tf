# The push subscriptions: each calls the function under an identity of its own that may do nothing
# else, and gives up into the dead-letter topic.

resource "google_service_account" "push" {
  for_each = var.pushes

  account_id   = "push-${each.key}"
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
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }

  push_config {
    push_endpoint = google_cloudfunctions2_function.this.service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push[each.key].email
      audience              = google_cloudfunctions2_function.this.service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${var.delivery.min_backoff_s}s"
    maximum_backoff = "${var.delivery.max_backoff_s}s"
  }

  dead_letter_policy {
    dead_letter_topic     = var.dead_letters
    max_delivery_attempts = var.delivery.max_attempts
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push]
}

# Taking a message away, to give it up, is acknowledging it.
resource "google_pubsub_subscription_iam_member" "gives_up" {
  for_each = var.pushes

  subscription = google_pubsub_subscription.push[each.key].id
  role         = "roles/pubsub.subscriber"
  member       = var.messaging_agent
}
