# One key per kind of data, so that each can be withdrawn alone, and the secrets.

locals {
  # Who encrypts and decrypts with each key.
  keys = {
    identities = ["bigquery", "pubsub", "storage"]
    operations = ["artifacts", "functions", "pubsub", "run", "storage"]
    research   = ["bigquery", "storage"]
    secrets    = ["secrets"]
  }
  rotation = "${var.key_rotation_days * 24 * 60 * 60}s"

  # Written by a person (infra/README.md), so that no key is ever in Terraform's state.
  secrets = toset(flatten([
    for function in values(local.pipeline.functions) :
    [for reference in values(function.environment) : reference.secret if can(reference.secret)]
  ]))

  # A deployment's own data, delivered as files; nothing in them is secret.
  data_files = {
    facilities = local.facilities
    profiles   = local.profiles
    targets    = local.targets
  }
}

resource "google_kms_key_ring" "inlet" {
  name     = "inlet"
  location = var.region

  depends_on = [google_project_service.used]
}

resource "google_kms_crypto_key" "data" {
  for_each = local.keys

  name            = each.key
  key_ring        = google_kms_key_ring.inlet.id
  rotation_period = local.rotation

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = merge([
    for key, agents in local.keys : { for agent in agents : "${key} ${agent}" => { key = key, agent = agent } }
  ]...)

  crypto_key_id = google_kms_crypto_key.data[each.value.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = local.agents[each.value.agent]
}

resource "google_pubsub_topic" "rotation" {
  name         = "secret-rotation"
  kms_key_name = google_kms_crypto_key.data["operations"].id

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_topic_iam_member" "rotation" {
  topic  = google_pubsub_topic.rotation.id
  role   = "roles/pubsub.publisher"
  member = local.agents.secrets
}

# A secret is never rotated by a machine: the topic reminds, `secret_versions` rotates.
resource "google_secret_manager_secret" "own" {
  for_each = local.secrets

  secret_id           = each.key
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region
        customer_managed_encryption {
          kms_key_name = google_kms_crypto_key.data["secrets"].id
        }
      }
    }
  }

  rotation {
    rotation_period    = local.rotation
    next_rotation_time = timeadd(var.rotation_start, local.rotation)
  }

  topics {
    name = google_pubsub_topic.rotation.id
  }

  # Secret Manager moves the next moment on by itself.
  lifecycle {
    ignore_changes = [rotation[0].next_rotation_time]
  }

  depends_on = [google_kms_crypto_key_iam_member.agent, google_pubsub_topic_iam_member.rotation]
}

resource "google_secret_manager_secret" "data" {
  for_each = local.data_files

  secret_id = each.key

  replication {
    user_managed {
      replicas {
        location = var.region
        customer_managed_encryption {
          kms_key_name = google_kms_crypto_key.data["secrets"].id
        }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_secret_manager_secret_version" "data" {
  for_each = local.data_files

  secret      = google_secret_manager_secret.data[each.key].id
  secret_data = jsonencode(each.value)

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(jsonencode(each.value)) <= 65536
      error_message = "A secret holds 64 KiB; ${each.key} has more."
    }
  }
}
