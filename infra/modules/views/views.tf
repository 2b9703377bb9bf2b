# Views that do not read each other.

resource "google_bigquery_table" "view" {
  for_each = var.queries

  dataset_id          = split(".", each.key)[0]
  table_id            = split(".", each.key)[1]
  description         = trimprefix(split("\n", each.value)[0], "-- ")
  deletion_protection = false

  view {
    query          = each.value
    use_legacy_sql = false
  }
}
