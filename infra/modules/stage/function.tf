# The function, who it is, and the files it finds.

resource "google_service_account" "function" {
  account_id   = "fn-${var.name}"
  display_name = "The function ${var.name}"
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = var.mounts

  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function.member
}

resource "google_cloudfunctions2_function" "this" {
  name         = var.name
  description  = var.description
  location     = var.region
  kms_key_name = var.key

  build_config {
    runtime           = "python311"
    entry_point       = var.name
    service_account   = var.build.identity
    docker_repository = var.build.repository

    source {
      storage_source {
        bucket = var.build.bucket
        object = var.build.object
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function.email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    available_cpu                    = tostring(var.resources.cpu)
    available_memory                 = "${var.resources.memory_mib}Mi"
    timeout_seconds                  = var.resources.timeout_s
    max_instance_request_concurrency = var.resources.concurrency
    max_instance_count               = var.max_instances
    direct_vpc_egress                = var.egress == null ? null : "VPC_EGRESS_ALL_TRAFFIC"

    environment_variables = merge(
      {
        GOOGLE_CLOUD_PROJECT = var.project
        THREADS              = tostring(var.resources.concurrency)
      },
      var.environment,
      { for variable, mount in var.mounts : variable => "/etc/inlet/${mount.name}/content" },
    )

    dynamic "direct_vpc_network_interface" {
      for_each = var.egress[*]

      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
      }
    }

    dynamic "secret_volumes" {
      for_each = var.mounts

      content {
        mount_path = "/etc/inlet/${secret_volumes.value.name}"
        project_id = var.project
        secret     = secret_volumes.value.name

        versions {
          version = secret_volumes.value.version
          path    = "content"
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.function]
}
