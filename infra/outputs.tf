output "functions" {
  description = "The address of each function."
  value       = { for stage, each in module.stage : stage => each.uri }
}

output "inbox" {
  description = "Where each facility sends to."
  value       = { for facility in keys(local.facilities) : facility => "gs://${google_storage_bucket.inbox.name}/${facility}/" }
}
