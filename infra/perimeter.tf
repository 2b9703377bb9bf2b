# Around the project: what is inside is reached from inside, by who has an access level, and by
# facilities, which may send, and read their receipts.

locals {
  # What holds data, keys or code.
  restricted_services = [
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudkms.googleapis.com",
    "datacatalog.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ]

  # What facilities do from outside; on what, their grants say.
  facility_methods = [
    "google.storage.objects.create",
    "google.storage.objects.get",
    "google.storage.objects.list",
  ]
}

resource "google_access_context_manager_service_perimeter" "inlet" {
  for_each = toset(var.perimeter == null ? [] : [var.perimeter.policy])

  parent = "accessPolicies/${each.key}"
  name   = "accessPolicies/${each.key}/servicePerimeters/${replace(var.project, "-", "_")}"
  title  = var.project

  status {
    resources           = ["projects/${data.google_project.this.number}"]
    access_levels       = var.perimeter.access_levels
    restricted_services = local.restricted_services

    dynamic "ingress_policies" {
      for_each = length(local.senders) > 0 ? ["send"] : []

      content {
        title = ingress_policies.value

        ingress_from {
          identities = distinct([for sender in values(local.senders) : sender.member])

          sources {
            access_level = "*"
          }
        }

        ingress_to {
          resources = ["projects/${data.google_project.this.number}"]

          operations {
            service_name = "storage.googleapis.com"

            dynamic "method_selectors" {
              for_each = local.facility_methods

              content {
                method = method_selectors.value
              }
            }
          }
        }
      }
    }
  }
}
