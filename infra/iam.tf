# Who may do what. Each grant is on one resource; those on the project, which the platform offers
# nowhere else, are together at the end.

locals {
  roles = {
    inletObjectKeeper = {
      title       = "Inlet: keeps objects"
      description = "Makes new objects and finds them again; overwrites and deletes none."
      permissions = ["storage.objects.create", "storage.objects.get"]
    }
    inletObjectReader = {
      title       = "Inlet: reads objects"
      description = "Reads objects whose names it was told."
      permissions = ["storage.objects.get"]
    }
    inletObjectTaker = {
      title       = "Inlet: takes objects away"
      description = "Reads and deletes objects whose names it was told."
      permissions = ["storage.objects.delete", "storage.objects.get"]
    }
    inletReceiptReader = {
      title       = "Inlet: reads receipts"
      description = "Lists and reads objects."
      permissions = ["storage.objects.get", "storage.objects.list"]
    }
    inletRowAppender = {
      title       = "Inlet: appends rows"
      description = "Appends rows to a table without reading any."
      permissions = ["bigquery.tables.get", "bigquery.tables.updateData"]
    }
    inletUploader = {
      title       = "Inlet: uploads objects"
      description = "Makes new objects; does not see, overwrite or delete any."
      permissions = ["storage.objects.create"]
    }
  }

  # Per function and bucket: its roles; where conditions are given, for objects that meet one.
  object_grants = {
    deidentify = {
      archive  = { inletObjectReader = {} }
      research = { inletObjectKeeper = {}, inletObjectTaker = {} }
    }
    ingest = {
      archive    = { inletObjectKeeper = {}, inletObjectTaker = { below = "claims/", ending = ".metadata.json" } }
      inbox      = { inletObjectTaker = {} }
      quarantine = { inletObjectKeeper = {}, inletObjectTaker = {} }
    }
    sweep = {
      archive    = { "roles/storage.objectViewer" = {} }
      inbox      = { "roles/storage.objectViewer" = {} }
      quarantine = { "roles/storage.objectViewer" = {} }
      receipts   = { inletObjectKeeper = {} }
    }
  }

  # Per function: the topics it publishes to, the tables it appends rows to, those it reads.
  publishes = {
    deidentify = ["outcomes"]
    ingest     = ["outcomes", "uploads"]
    notify     = ["events"]
    sweep      = ["events", "uploads"]
  }
  appends = {
    index  = ["imaging.deid_audit", "imaging.events", "imaging.instances", "imaging.landed", "imaging.uploads", "research.instances"]
    notify = ["imaging.deliveries"]
    sweep  = ["imaging.receipts", "imaging.study_changes", "imaging.sweeps"]
  }
  queries = {
    sweep = ["imaging.events", "imaging.instances", "imaging.landed", "imaging.receipts", "imaging.study_changes", "imaging.sweeps", "imaging.uploads"]
  }
}

resource "google_project_iam_custom_role" "own" {
  for_each = local.roles

  role_id     = each.key
  title       = each.value.title
  description = each.value.description
  permissions = each.value.permissions

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket_iam_member" "function" {
  for_each = merge(flatten([
    for stage, buckets in local.object_grants : [
      for bucket, roles in buckets : {
        for role, only in roles : "${stage} ${bucket} ${role}" => {
          stage  = stage
          bucket = bucket
          role   = role
          only = join(" || ", compact([
            try("resource.name.startsWith(\"projects/_/buckets/${local.bucket_names[bucket]}/objects/${only.below}\")", ""),
            try("resource.name.endsWith(\"${only.ending}\")", ""),
          ]))
        }
      }
    ]
  ])...)

  bucket = local.buckets[each.value.bucket].name
  role   = try(google_project_iam_custom_role.own[each.value.role].id, each.value.role)
  member = module.stage[each.value.stage].member

  dynamic "condition" {
    for_each = compact([each.value.only])

    content {
      title      = "some-objects-only"
      expression = condition.value
    }
  }
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = merge([
    for stage, topics in local.publishes : { for topic in topics : "${stage} ${topic}" => { stage = stage, topic = topic } }
  ]...)

  topic  = google_pubsub_topic.pipeline[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = module.stage[each.value.stage].member
}

resource "google_pubsub_subscription_iam_member" "sweep" {
  subscription = google_pubsub_subscription.kept[local.dead_letters].id
  role         = "roles/pubsub.subscriber"
  member       = module.stage["sweep"].member
}

resource "google_bigquery_table_iam_member" "appender" {
  for_each = merge([
    for stage, tables in local.appends : { for table in tables : "${stage} ${table}" => { stage = stage, table = table } }
  ]...)

  dataset_id = google_bigquery_table.pipeline[each.value.table].dataset_id
  table_id   = google_bigquery_table.pipeline[each.value.table].table_id
  role       = google_project_iam_custom_role.own["inletRowAppender"].id
  member     = module.stage[each.value.stage].member
}

resource "google_bigquery_table_iam_member" "reader" {
  for_each = merge([
    for stage, tables in local.queries : { for table in tables : "${stage} ${table}" => { stage = stage, table = table } }
  ]...)

  dataset_id = google_bigquery_table.pipeline[each.value.table].dataset_id
  table_id   = google_bigquery_table.pipeline[each.value.table].table_id
  role       = "roles/bigquery.dataViewer"
  member     = module.stage[each.value.stage].member
}

resource "google_data_catalog_policy_tag_iam_member" "sweep" {
  for_each = local.policies

  policy_tag = google_data_catalog_policy_tag.column[each.key].id
  role       = "roles/datacatalog.categoryFineGrainedReader"
  member     = module.stage["sweep"].member
}

# Builds images from the bundles.

resource "google_service_account" "build" {
  account_id   = "build-functions"
  display_name = "Builds the functions' images"

  depends_on = [google_project_service.used]
}

resource "google_artifact_registry_repository_iam_member" "build" {
  location   = google_artifact_registry_repository.functions.location
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.bundles.name
  role   = google_project_iam_custom_role.own["inletObjectReader"].id
  member = google_service_account.build.member
}

# On the project.

# The platform copies a bundle into a bucket that it makes with the first function.
resource "google_project_iam_member" "build_sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "sources-of-functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}

resource "google_project_iam_member" "build_log" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# A query is a job, and jobs belong to a project; what it reads is granted table by table.
resource "google_project_iam_member" "query" {
  for_each = merge(
    { for stage in keys(local.queries) : stage => module.stage[stage].member },
    { for member in setunion(var.imaging_analysts, var.research_readers, flatten(values(var.facility_analysts))) : member => member },
  )

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = each.value
}
