# Where facilities drop files. Each writes below its own name and may do nothing else.

resource "google_storage_bucket" "inbox" {
  name                        = local.bucket_names.inbox
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  encryption {
    default_kms_key_name = google_kms_crypto_key.data["identities"].id
  }

  # A generation that its sender overwrites is still decided.
  versioning {
    enabled = true
  }

  # An object leaves only after its successor is durable; to keep it longer would be paid twice.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # What was overwritten waits as long as its announcement is kept. What is live is never deleted.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 31
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_managed_folder" "facility" {
  for_each = local.facilities

  bucket = google_storage_bucket.inbox.name
  name   = "${each.key}/"
}

# A facility that signs in with its own identity provider holds no key of ours. Its provider can
# vouch for that facility alone.
resource "google_iam_workload_identity_pool" "facilities" {
  for_each = toset(length(var.facility_identity_providers) > 0 ? ["facilities"] : [])

  workload_identity_pool_id = each.key
  display_name              = "Facilities that send"
}

resource "google_iam_workload_identity_pool_provider" "facility" {
  for_each = var.facility_identity_providers

  workload_identity_pool_id          = google_iam_workload_identity_pool.facilities["facilities"].workload_identity_pool_id
  workload_identity_pool_provider_id = each.key
  attribute_condition                = "assertion.sub == '${each.value.subject}'"

  attribute_mapping = {
    "attribute.facility" = "'${each.key}'"
    "google.subject"     = "assertion.sub"
  }

  oidc {
    issuer_uri        = each.value.issuer
    allowed_audiences = [each.value.audience]
  }
}

locals {
  senders = merge(
    merge([
      for facility, members in var.facility_members :
      { for member in members : "${facility} ${member}" => { facility = facility, member = member } }
    ]...),
    {
      for facility, provider in google_iam_workload_identity_pool_provider.facility : "${facility} provider" => {
        facility = facility
        member   = "principalSet://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${provider.workload_identity_pool_id}/attribute.facility/${facility}"
      }
    },
  )
}

resource "google_storage_managed_folder_iam_member" "facility" {
  for_each = local.senders

  bucket         = google_storage_bucket.inbox.name
  managed_folder = google_storage_managed_folder.facility[each.value.facility].name
  role           = google_project_iam_custom_role.own["inletUploader"].id
  member         = each.value.member

  condition {
    title       = "own-folder"
    description = "Objects below the facility's own name, and nothing else."
    expression  = "resource.type == \"storage.googleapis.com/Object\" && resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.inbox.name}/objects/${each.value.facility}/\")"
  }
}

resource "google_storage_notification" "uploads" {
  for_each = { for name, bucket in local.pipeline.buckets : name => bucket.notifies if can(bucket.notifies) }

  bucket         = local.buckets[each.key].name
  topic          = google_pubsub_topic.pipeline[each.value].id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  depends_on = [google_pubsub_topic_iam_member.notification]
}
