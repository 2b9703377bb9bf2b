# Topics, what may be published to them, and the subscriptions that belong to no function.

locals {
  # Nothing else has a form that whoever subscribes may rely on.
  schemas = { events = "${path.module}/../shared/contracts/events.proto" }
}

# A change is a further revision, beside the earlier ones, and is there before what publishes by it.
resource "google_pubsub_schema" "data" {
  for_each = local.schemas

  name       = each.key
  type       = "PROTOCOL_BUFFER"
  definition = file(each.value)

  depends_on = [google_project_service.used]
}

resource "google_pubsub_topic" "pipeline" {
  for_each = local.pipeline.topics

  name                       = each.key
  kms_key_name               = google_kms_crypto_key.data[each.key == "events" ? "operations" : "identities"].id
  message_retention_duration = "${each.value.retention_s}s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  # Refuses what has a field that the contract does not, whoever publishes it.
  dynamic "schema_settings" {
    for_each = compact([try(google_pubsub_schema.data[each.key].id, "")])

    content {
      schema   = schema_settings.value
      encoding = "JSON"
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_subscription" "kept" {
  for_each = local.pipeline.subscriptions

  name                       = each.key
  topic                      = google_pubsub_topic.pipeline[each.value.topic].id
  message_retention_duration = "${local.pipeline.topics[each.value.topic].retention_s}s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "notification" {
  for_each = toset([for bucket in values(local.pipeline.buckets) : bucket.notifies if can(bucket.notifies)])

  topic  = google_pubsub_topic.pipeline[each.key].id
  role   = "roles/pubsub.publisher"
  member = local.agents.storage
}

resource "google_pubsub_topic_iam_member" "dead_letters" {
  topic  = google_pubsub_topic.pipeline[local.dead_letters].id
  role   = "roles/pubsub.publisher"
  member = local.agents.pubsub
}

resource "google_pubsub_topic_iam_member" "event_subscriber" {
  for_each = toset(var.event_subscribers)

  topic  = google_pubsub_topic.pipeline["events"].id
  role   = "roles/pubsub.subscriber"
  member = each.key
}
