# Copies without identities.

resource "google_storage_bucket" "research" {
  name                        = local.bucket_names.research
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  encryption {
    default_kms_key_name = google_kms_crypto_key.data["research"].id
  }

  # Can be made again from the archive; and a copy that is withdrawn must be gone at once.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_iam_member" "research_reader" {
  for_each = toset(var.research_readers)

  bucket = google_storage_bucket.research.name
  role   = "roles/storage.objectViewer"
  member = each.key
}
