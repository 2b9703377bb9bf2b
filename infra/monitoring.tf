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
    decided_after = {
      description = "Milliseconds from an upload's landing to its decision, by facility."
      filter      = "jsonPayload.stage = \"ingest\" AND jsonPayload.message = \"upload decided\" AND jsonPayload.since_landed_ms >= 0"
      labels      = ["facility"]
      value       = "since_landed_ms"
    }
    indexed_after = {
      description = "Milliseconds from an upload's landing until tables have what became of it."
      filter      = "jsonPayload.stage = \"index\" AND jsonPayload.message = \"outcome indexed\" AND jsonPayload.since_landed_ms >= 0"
      labels      = []
      value       = "since_landed_ms"
    }
  }

  # In milliseconds. What is promised is a bound, so that what is late is counted and not estimated.
  bounds = {
    since_landed_ms = [100, 300, 1000, 3000, 10000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000, 21600000, 86400000]
  }

  # Of uploads that are decided in the inbox: how long others waited before is nobody's failure.
  objectives = {
    ingest = { display_name = "99.9 % of uploads are decided within five minutes", metric = "decided_after", most_ms = 300000 }
    index  = { display_name = "99.9 % of uploads are indexed within ten minutes", metric = "indexed_after", most_ms = 600000 }
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
      dynamic "explicit_buckets" {
        for_each = [for name, bounds in local.bounds : bounds if name == bucket_options.value]

        content {
          bounds = explicit_buckets.value
        }
      }

      dynamic "exponential_buckets" {
        for_each = contains(keys(local.bounds), bucket_options.value) ? [] : ["of all sizes"]

        content {
          num_finite_buckets = 32
          growth_factor      = 2
          scale              = 1
        }
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

resource "google_monitoring_slo" "in_time" {
  for_each = local.objectives

  service             = google_monitoring_custom_service.inlet.service_id
  slo_id              = "${each.key}-in-time"
  display_name        = each.value.display_name
  goal                = 0.999
  rolling_period_days = 28

  request_based_sli {
    distribution_cut {
      distribution_filter = local.charted[each.value.metric]

      range {
        min = 0
        max = each.value.most_ms
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
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.in_time[each.value.objective].id}\", \"${each.value.window}\")"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.factor
      duration        = "0s"
    }
  }

  documentation {
    content   = "Too many uploads took longer than promised. The log lines of `${each.value.objective}` of severity WARNING and ERROR carry the `reason`, those of INFO `since_landed_ms`."
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
          { title = "Uploads decided, by outcome", filter = local.charted.decided, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.outcome"] },
          { title = "Uploads refused, by facility", filter = "${local.charted.decided} metric.label.outcome=\"quarantined\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.facility"] },
          { title = "Milliseconds until 99 % are decided, by facility", filter = local.charted.decided_after, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = ["metric.label.facility"] },
          { title = "Milliseconds until 99 % are indexed", filter = local.charted.indexed_after, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = [] },
          { title = "Bytes of an upload, the mean by facility", filter = local.charted.bytes, aligner = "ALIGN_DELTA", reducer = "REDUCE_MEAN", by = ["metric.label.facility"] },
          { title = "Research copies, by outcome", filter = local.charted.handled, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.outcome"] },
          { title = "Deliveries that come again, by function", filter = local.charted.retried, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.stage"] },
          { title = "Milliseconds that 99 % of deliveries take, by function", filter = local.charted.duration, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = ["metric.label.stage"] },
          { title = "Age of the oldest message, by subscription", filter = local.charted.oldest, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"] },
          { title = "Messages given up, by subscription", filter = local.charted.given_up, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"] },
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
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
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
