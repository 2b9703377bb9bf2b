# Around the project: what is inside is reached from inside, by who has an access level, and by
# facilities, which may send.

resource "google_access_context_manager_service_perimeter" "inlet" {
  for_each = toset(var.perimeter == null ? [] : [var.perimeter.policy])

  parent = "accessPolicies/${each.key}"
  name   = "accessPolicies/${each.key}/servicePerimeters/${replace(var.project, "-", "_")}"
  title  = var.project

  status {
    resources           = ["projects/${data.google_project.this.number}"]
    access_levels       = var.perimeter.access_levels
    restricted_services = [for service in sort(keys(google_project_service.used)) : service if service != "iam.googleapis.com"]

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

            method_selectors {
              method = "google.storage.objects.create"
            }
          }
        }
      }
    }
  }
}
