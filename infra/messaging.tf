# Topics, and the subscriptions that belong to no function.

resource "google_pubsub_topic" "pipeline" {
  for_each = local.pipeline.topics

  name                       = each.key
  kms_key_name               = google_kms_crypto_key.data[each.key == "events" ? "operations" : "identities"].id
  message_retention_duration = "${each.value.retention_s}s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
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
