# The stages of pipeline.yaml as functions, from the bundles that were tested.

locals {
  buckets = {
    archive    = google_storage_bucket.archive
    inbox      = google_storage_bucket.inbox
    quarantine = google_storage_bucket.quarantine
    receipts   = google_storage_bucket.receipts
    research   = google_storage_bucket.research
  }

  bundles = {
    for stage in keys(local.pipeline.functions) : stage => one(fileset(var.bundles, "${stage}-????????????????.zip"))
  }

  # What each function is called for: messages of its topic and of others, and those of its targets.
  pushes = {
    for stage, function in local.pipeline.functions : stage => merge(
      {
        for name, push in merge(
          can(function.trigger.topic) ? { (stage) = function.trigger } : {},
          { for also in flatten([try(function.also, [])]) : "${stage}-${also.topic}" => also },
          ) : name => {
          filter           = try(push.filter, "")
          identity         = "push-${name}"
          max_attempts     = function.delivery.max_attempts
          oldest_message_s = local.oldest_message_s
          path             = ""
          retention_s      = 7 * 24 * 60 * 60
          topic            = google_pubsub_topic.pipeline[push.topic].id
        }
      },
      try(local.target_pushes[stage], {}),
    )
  }

  # Which files each function finds, and under which variable their path stands. A secret that
  # has no version in use is not there, and neither is its variable.
  mounts = {
    for stage, function in local.pipeline.functions : stage => {
      for variable, reference in function.environment :
      variable => can(reference.file) ? {
        name    = reference.file
        secret  = google_secret_manager_secret.data[reference.file].id
        version = google_secret_manager_secret_version.data[reference.file].version
        } : {
        name    = reference.secret
        secret  = google_secret_manager_secret.own[reference.secret].id
        version = var.secret_versions[reference.secret]
      }
      if can(reference.file) || can(var.secret_versions[reference.secret])
    }
  }

  environments = {
    for stage, function in local.pipeline.functions : stage => {
      for variable, reference in function.environment : variable => (
        can(reference.bucket) ? local.bucket_names[reference.bucket] :
        can(reference.setting) ? var.settings[reference.setting] :
        one(values(reference))
      )
      if !can(reference.file) && !can(reference.secret) && (!can(reference.setting) || can(var.settings[reference.setting]))
    }
  }
}

module "stage" {
  source   = "./modules/stage"
  for_each = local.pipeline.functions

  build = {
    bucket     = google_storage_bucket.bundles.name
    identity   = google_service_account.build.id
    object     = google_storage_bucket_object.bundle[each.key].name
    repository = google_artifact_registry_repository.functions.id
  }
  channels        = [for channel in google_monitoring_notification_channel.email : channel.id]
  dead_letters    = google_pubsub_topic.pipeline[local.dead_letters].id
  delivery        = each.value.delivery
  description     = each.value.description
  egress          = var.egress
  environment     = local.environments[each.key]
  key             = google_kms_crypto_key.data["operations"].id
  max_instances   = var.max_instances
  messaging_agent = local.agents.pubsub
  mounts          = local.mounts[each.key]
  name            = each.key
  project         = var.project
  pushes          = local.pushes[each.key]
  region          = var.region
  resources       = each.value.resources

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket" "bundles" {
  name                        = "${var.project}-bundles"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  encryption {
    default_kms_key_name = google_kms_crypto_key.data["operations"].id
  }

  # Made again from the sources at any time, the same bytes under the same name.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_object" "bundle" {
  for_each = local.bundles

  bucket       = google_storage_bucket.bundles.name
  name         = each.value
  source       = "${var.bundles}/${each.value}"
  content_type = "application/zip"

  # A function is built from the new one before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_artifact_registry_repository" "functions" {
  repository_id = "inlet-functions"
  description   = "Images that the platform builds from the bundles."
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = google_kms_crypto_key.data["operations"].id

  depends_on = [google_kms_crypto_key_iam_member.agent]
}
