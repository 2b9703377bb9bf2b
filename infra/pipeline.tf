# The definition, and the deployment's own data: what every other file here reads.

data "google_project" "this" {
  project_id = var.project
}

# To ask for these two agents makes them.
data "google_storage_project_service_account" "this" {
  project = var.project
}

data "google_bigquery_default_service_account" "this" {
  project = var.project
}

locals {
  pipeline = yamldecode(file("${path.module}/pipeline.yaml"))

  facilities = yamldecode(file(var.facilities_file))
  profiles = {
    for file in fileset(var.profiles, "*.yaml") :
    trimsuffix(file, ".yaml") => yamldecode(file("${var.profiles}/${file}"))
  }
  targets = yamldecode(var.targets_file == null ? "{}" : file(var.targets_file))

  bucket_names = { for name in keys(local.pipeline.buckets) : name => "${var.project}-${name}" }
  dead_letters = "dead-letters"

  # Google's own identities, which read and write with our keys and move our messages.
  agents = {
    for name, email in {
      artifacts = "service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
      bigquery  = data.google_bigquery_default_service_account.this.email
      functions = "service-${data.google_project.this.number}@gcf-admin-robot.iam.gserviceaccount.com"
      pubsub    = "service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
      run       = "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
      secrets   = "service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
      storage   = data.google_storage_project_service_account.this.email_address
    } : name => "serviceAccount:${email}"
  }
}
