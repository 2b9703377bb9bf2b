# Datasets, tables and views, from the files that the functions and the tests read.

locals {
  tables = {
    for name in flatten([
      for dataset, parts in local.pipeline.datasets : [for table in parts.tables : "${dataset}.${table}"]
    ]) : name => jsondecode(file("${path.module}/schemas/${name}.json"))
  }

  # A view names tables as `dataset.table`; a stored view must name their project too.
  views = {
    for name in flatten([
      for dataset, parts in local.pipeline.datasets : [for view in parts.views : "${dataset}.${view}"]
    ]) :
    name => replace(file("${path.module}/views/${name}.sql"), "/`(${join("|", keys(local.pipeline.datasets))})\\./", "`${var.project}.$1.")
  }
  # BigQuery checks a view when it is made: first those that read tables only, then those that read
  # these, then the rest.
  reads = {
    for name, query in local.views : name => [
      for view in keys(local.views) : view if strcontains(query, "`${var.project}.${view}`")
    ]
  }
  first_views  = [for name, read in local.reads : name if length(read) == 0]
  second_views = [for name, read in local.reads : name if length(read) > 0 && length(setsubtract(read, local.first_views)) == 0]

  research_views = toset([for view in local.pipeline.datasets.research.views : "research.${view}"])

  # The restrictions that columns of the schema files name.
  policies = {
    identifying = "Tells who or when: names, numbers, dates, texts, names of files as sent."
    linking     = "Tells it to whoever has another system, or a key: UIDs and what they name."
  }
}

resource "google_data_catalog_taxonomy" "patients" {
  display_name           = "Inlet: what a column tells of a patient"
  region                 = var.region
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]

  depends_on = [google_project_service.used]
}

resource "google_data_catalog_policy_tag" "column" {
  for_each = local.policies

  taxonomy     = google_data_catalog_taxonomy.patients.id
  display_name = each.key
  description  = each.value
}

resource "google_data_catalog_policy_tag_iam_member" "reader" {
  for_each = {
    for pair in setproduct(keys(local.policies), var.identity_readers) : "${pair[0]} ${pair[1]}" => { tag = pair[0], member = pair[1] }
  }

  policy_tag = google_data_catalog_policy_tag.column[each.value.tag].id
  role       = "roles/datacatalog.categoryFineGrainedReader"
  member     = each.value.member
}

resource "google_bigquery_dataset" "pipeline" {
  for_each = local.pipeline.datasets

  dataset_id                 = each.key
  description                = each.value.description
  location                   = var.region
  delete_contents_on_destroy = false

  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.data[each.key == "research" ? "research" : "identities"].id
  }

  # Left out, BigQuery lets whoever may view the project read everything. Further grants are resources
  # of their own.
  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  lifecycle {
    ignore_changes = [access]
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_bigquery_table" "pipeline" {
  for_each = local.tables

  dataset_id          = google_bigquery_dataset.pipeline[split(".", each.key)[0]].dataset_id
  table_id            = split(".", each.key)[1]
  description         = each.value.description
  clustering          = try(each.value.clustering, null)
  deletion_protection = var.deletion_protection

  schema = replace(
    replace(
      jsonencode(each.value.fields),
      "\"policyTags\":{\"names\":[\"identifying\"]}",
      "\"policyTags\":{\"names\":[\"${google_data_catalog_policy_tag.column["identifying"].id}\"]}"
    ),
    "\"policyTags\":{\"names\":[\"linking\"]}",
    "\"policyTags\":{\"names\":[\"${google_data_catalog_policy_tag.column["linking"].id}\"]}"
  )

  time_partitioning {
    type  = "DAY"
    field = each.value.partition_field
  }
}

module "first_views" {
  source  = "./modules/views"
  queries = { for name in local.first_views : name => local.views[name] }

  depends_on = [google_bigquery_table.pipeline]
}

module "second_views" {
  source  = "./modules/views"
  queries = { for name in local.second_views : name => local.views[name] }

  depends_on = [module.first_views]
}

module "third_views" {
  source  = "./modules/views"
  queries = { for name, query in local.views : name => query if !contains(concat(local.first_views, local.second_views), name) }

  depends_on = [module.second_views]
}

# Researchers read views alone: tables also say when copies were stored, which may be the day of an
# examination.
resource "google_bigquery_dataset_access" "research_view" {
  for_each = local.research_views

  dataset_id = google_bigquery_dataset.pipeline["research"].dataset_id

  view {
    project_id = var.project
    dataset_id = google_bigquery_dataset.pipeline["research"].dataset_id
    table_id   = split(".", each.key)[1]
  }

  depends_on = [module.third_views]
}

resource "google_bigquery_table_iam_member" "research_reader" {
  for_each = {
    for pair in setproduct(local.research_views, var.research_readers) : "${pair[0]} ${pair[1]}" => { view = pair[0], member = pair[1] }
  }

  dataset_id = google_bigquery_dataset.pipeline["research"].dataset_id
  table_id   = split(".", each.value.view)[1]
  role       = "roles/bigquery.dataViewer"
  member     = each.value.member

  depends_on = [module.third_views]
}

# A facility's analysts see its rows: of the tables that say whose a row is, also through views.

locals {
  by_facility = [
    for name, table in local.tables : name
    if startswith(name, "imaging.") && contains([for field in table.fields : field.name], "Facility")
  ]

  row_filters = merge(
    { all_rows = { filter = "TRUE", grantees = concat(var.imaging_analysts, [for stage in keys(local.queries) : module.stage[stage].member]) } },
    {
      for facility, members in var.facility_analysts :
      "rows_of_${replace(facility, "-", "_")}" => { filter = "Facility = '${facility}'", grantees = members }
    },
  )

  facility_reads = setproduct(
    concat(local.by_facility, [for view in keys(local.views) : view if startswith(view, "imaging.")]),
    distinct(flatten(values(var.facility_analysts))),
  )
}

resource "google_bigquery_row_access_policy" "facility" {
  for_each = length(var.facility_analysts) == 0 ? {} : {
    for pair in setproduct(local.by_facility, keys(local.row_filters)) : "${pair[0]} ${pair[1]}" => { table = pair[0], policy = pair[1] }
  }

  dataset_id       = google_bigquery_table.pipeline[each.value.table].dataset_id
  table_id         = google_bigquery_table.pipeline[each.value.table].table_id
  policy_id        = each.value.policy
  filter_predicate = local.row_filters[each.value.policy].filter
  grantees         = local.row_filters[each.value.policy].grantees
}

resource "google_bigquery_table_iam_member" "facility_analyst" {
  for_each = { for pair in local.facility_reads : "${pair[0]} ${pair[1]}" => { table = pair[0], member = pair[1] } }

  dataset_id = google_bigquery_dataset.pipeline["imaging"].dataset_id
  table_id   = split(".", each.value.table)[1]
  role       = "roles/bigquery.dataViewer"
  member     = each.value.member

  depends_on = [google_bigquery_row_access_policy.facility, module.third_views]
}

resource "google_bigquery_dataset_iam_member" "imaging_analyst" {
  for_each = toset(var.imaging_analysts)

  dataset_id = google_bigquery_dataset.pipeline["imaging"].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.key
}
