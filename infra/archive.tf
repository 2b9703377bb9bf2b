# Originals, as they came.

resource "google_storage_bucket" "archive" {
  name                        = local.bucket_names.archive
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  encryption {
    default_kms_key_name = google_kms_crypto_key.data["identities"].id
  }

  # Retention forbids what versioning undoes, and Cloud Storage has not always taken both.
  versioning {
    enabled = var.archive_retention == null
  }

  # The only copy there is: a mistake, or an attacker, must not be able to end it.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  dynamic "retention_policy" {
    for_each = var.archive_retention[*]

    content {
      is_locked        = retention_policy.value.locked
      retention_period = retention_policy.value.days * 24 * 60 * 60
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.archive_classes

    content {
      action {
        type          = "SetStorageClass"
        storage_class = lifecycle_rule.key
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}
