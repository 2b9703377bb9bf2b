# The definition, and the deployment's own data: what every other file here reads.

data "google_project" "this" {
  project_id = var.project
}

locals {
  pipeline = yamldecode(file("${path.module}/pipeline.yaml"))

  facilities = yamldecode(file(var.facilities_file))
  profiles = {
    for file in fileset(var.profiles, "*.yaml") :
    trimsuffix(file, ".yaml") => yamldecode(file("${var.profiles}/${file}"))
  }

  bucket_names = { for name in keys(local.pipeline.buckets) : name => "${var.project}-${name}" }
  dead_letters = "dead-letters"

  # Google's own identities, which read and write with our keys and move our messages.
  agents = {
    for name, email in {
      artifacts = "service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
      bigquery  = "bq-${data.google_project.this.number}@bigquery-encryption.iam.gserviceaccount.com"
      functions = "service-${data.google_project.this.number}@gcf-admin-robot.iam.gserviceaccount.com"
      pubsub    = "service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
      run       = "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
      secrets   = "service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
      storage   = "service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
    } : name => "serviceAccount:${email}"
  }
}
