output "member" {
  description = "The function's identity, as grants name it."
  value       = google_service_account.function.member
}

output "name" {
  description = "The function's name, and that of its service."
  value       = google_cloudfunctions2_function.this.name
}

output "uri" {
  description = "The function's address."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}
