# What a person must know of each subscription.

resource "google_monitoring_alert_policy" "given_up" {
  for_each = local.mortal

  display_name          = "inlet: ${each.key} gave up a message"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.channels

  conditions {
    display_name = "a message went to the dead letters"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${each.key}\" AND metric.type = \"pubsub.googleapis.com/subscription/dead_letter_message_count\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }

  documentation {
    content   = "`python -m infra.operate dead-letters` counts what waits; mend the cause, then `dead-letters redrive`."
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "waits" {
  for_each = var.pushes

  display_name          = "inlet: messages wait for ${each.key}"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.channels

  conditions {
    display_name = "the oldest unacknowledged message is too old"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${each.key}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.oldest_message_s
      duration        = "300s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content   = "The function answers with 503, or not at all: its log lines of severity WARNING and ERROR carry the `reason`."
    mime_type = "text/markdown"
  }
}
