# What became of what a facility sent, for that facility alone.

resource "google_storage_bucket" "receipts" {
  name                        = local.bucket_names.receipts
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # With the facility's own names of files, which may be identities.
  encryption {
    default_kms_key_name = google_kms_crypto_key.data["identities"].id
  }

  # No function deletes one; and what has become too old must be gone at once.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # Receipts, and below `ledger/` which of two sweeps was first to declare what the last 31 days hold.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.receipt_days
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_managed_folder" "receipts" {
  for_each = local.facilities

  bucket = google_storage_bucket.receipts.name
  name   = "${each.key}/"
}

# Who sends for a facility reads its receipts. To list is asked of the folder, to get of an object;
# the condition admits both below the facility's own name.
resource "google_storage_managed_folder_iam_member" "receipts" {
  for_each = local.senders

  bucket         = google_storage_bucket.receipts.name
  managed_folder = google_storage_managed_folder.receipts[each.value.facility].name
  role           = google_project_iam_custom_role.own["inletReceiptReader"].id
  member         = each.value.member

  condition {
    title       = "own-folder"
    description = "Receipts below the facility's own name, and nothing else."
    expression = join(" || ", [
      for kind in ["managedFolders", "objects"] :
      "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.receipts.name}/${kind}/${each.value.facility}/\")"
    ])
  }
}
