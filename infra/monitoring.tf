# What is counted, promised and told.

locals {
  oldest_message_s   = 900
  oldest_of_target_s = 3600 # of a receiver that is down for less nobody need know

  # What the functions' log lines are counted by; their fields are those of shared/runtime/log.py
  # and of each handler's last line.
  counters = {
    decided = {
      description = "Uploads decided, by outcome, reason and facility."
      filter      = "jsonPayload.stage = \"ingest\" AND jsonPayload.message = \"upload decided\""
      labels      = ["facility", "outcome", "reason"]
      value       = null
    }
    handled = {
      description = "Instances that de-identification handled, by outcome, reason and facility."
      filter      = "jsonPayload.stage = \"deidentify\" AND jsonPayload.message = \"instance handled\""
      labels      = ["facility", "outcome", "reason"]
      value       = null
    }
    retried = {
      description = "Deliveries that failed and come again, by function and reason."
      filter      = "jsonPayload.message = \"will be retried\""
      labels      = ["reason", "stage"]
      value       = null
    }
    bytes = {
      description = "Bytes of uploads decided, by facility."
      filter      = "jsonPayload.stage = \"ingest\" AND jsonPayload.message = \"upload decided\""
      labels      = ["facility"]
      value       = "size"
    }
    duration = {
      description = "Milliseconds that a function took for a delivery, by function."
      filter      = "jsonPayload.duration_ms >= 0"
      labels      = ["stage"]
      value       = "duration_ms"
    }
  }

  objectives = {
    ingest = { display_name = "99.9 % of five minutes: no upload waits longer than five minutes to be decided", seconds = 300 }
    index  = { display_name = "99.9 % of five minutes: no outcome waits longer than ten minutes to be indexed", seconds = 600 }
  }

  # How fast the month's budget of errors may burn: in two days over an hour, in five over six hours.
  burn_rates = {
    fast = { window = "3600s", factor = 14.4, severity = "CRITICAL" }
    slow = { window = "21600s", factor = 6, severity = "WARNING" }
  }

  # What the dashboard draws.
  charted = merge(
    { for name, metric in google_logging_metric.log : name => "resource.type=\"cloud_run_revision\" metric.type=\"logging.googleapis.com/user/${metric.name}\"" },
    {
      given_up = "resource.type=\"pubsub_subscription\" metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\""
      oldest   = "resource.type=\"pubsub_subscription\" metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
    },
  )
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_emails)

  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.used]
}

resource "google_logging_metric" "log" {
  for_each = local.counters

  name            = "inlet/${each.key}"
  description     = each.value.description
  filter          = "resource.type = \"cloud_run_revision\" AND ${each.value.filter}"
  value_extractor = each.value.value == null ? null : "EXTRACT(jsonPayload.${each.value.value})"

  label_extractors = {
    for label in each.value.labels : label => "EXTRACT(jsonPayload.${label})"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = each.value.value == null ? "INT64" : "DISTRIBUTION"

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  dynamic "bucket_options" {
    for_each = compact([each.value.value])

    content {
      exponential_buckets {
        num_finite_buckets = 32
        growth_factor      = 2
        scale              = 1
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_custom_service" "inlet" {
  service_id   = "inlet"
  display_name = "Inlet"

  depends_on = [google_project_service.used]
}

resource "google_monitoring_slo" "waiting" {
  for_each = local.objectives

  service             = google_monitoring_custom_service.inlet.service_id
  slo_id              = "${each.key}-in-time"
  display_name        = each.value.display_name
  goal                = 0.999
  rolling_period_days = 28

  windows_based_sli {
    window_period = "300s"

    metric_mean_in_range {
      time_series = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${each.key}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""

      range {
        min = 0
        max = each.value.seconds
      }
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = merge([
    for objective in keys(local.objectives) : {
      for speed, rate in local.burn_rates : "${objective}-${speed}" => merge(rate, { objective = objective })
    }
  ]...)

  display_name          = "inlet: ${each.value.objective} misses its objective (${each.key})"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = "the budget of errors burns too fast"

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.waiting[each.value.objective].id}\", \"${each.value.window}\")"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.factor
      duration        = "0s"
    }
  }

  documentation {
    content   = "Too much of the time the oldest message of `${each.value.objective}` was older than promised. Its log lines of severity WARNING and ERROR carry the `reason`."
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "quarantine_share" {
  display_name          = "inlet: a facility's uploads are refused"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = "more than a fifth of a facility's uploads in an hour"

    condition_threshold {
      filter             = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.log["decided"].name}\" AND metric.labels.outcome = \"quarantined\""
      denominator_filter = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.log["decided"].name}\""
      comparison         = "COMPARISON_GT"
      threshold_value    = 0.2
      duration           = "0s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.labels.facility"]
      }

      denominator_aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.labels.facility"]
      }
    }
  }

  documentation {
    content   = "`imaging.quarantine_reasons` says why; functions/ingest/README.md says who can fix it."
    mime_type = "text/markdown"
  }
}

resource "google_billing_budget" "monthly" {
  for_each = toset(var.billing_account[*])

  billing_account = each.key
  display_name    = "inlet: ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
    disable_default_iam_recipients   = true
  }
}

resource "google_monitoring_dashboard" "inlet" {
  dashboard_json = jsonencode({
    displayName = "Inlet"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, chart in [
          { title = "Uploads decided, by outcome", filter = local.charted.decided, aligner = "ALIGN_DELTA", by = "metric.label.outcome" },
          { title = "Uploads refused, by facility", filter = "${local.charted.decided} metric.label.outcome=\"quarantined\"", aligner = "ALIGN_DELTA", by = "metric.label.facility" },
          { title = "Research copies, by outcome", filter = local.charted.handled, aligner = "ALIGN_DELTA", by = "metric.label.outcome" },
          { title = "Deliveries that come again, by function", filter = local.charted.retried, aligner = "ALIGN_DELTA", by = "metric.label.stage" },
          { title = "Age of the oldest message, by subscription", filter = local.charted.oldest, aligner = "ALIGN_MAX", by = "resource.label.subscription_id" },
          { title = "Messages given up, by subscription", filter = local.charted.given_up, aligner = "ALIGN_DELTA", by = "resource.label.subscription_id" },
          ] : {
          width  = 6
          height = 4
          xPos   = 6 * (index % 2)
          yPos   = 4 * floor(index / 2)
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "300s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.aligner == "ALIGN_MAX" ? "REDUCE_MAX" : "REDUCE_SUM"
                      groupByFields      = [chart.by]
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_project_service.used]
}
