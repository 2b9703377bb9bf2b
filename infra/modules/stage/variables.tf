variable "build" {
  description = "The bundle's bucket and object, who builds it, and the repository of the image."
  type        = object({ bucket = string, identity = string, object = string, repository = string })
}

variable "channels" {
  description = "The notification channels of the alerts."
  type        = list(string)
}

variable "dead_letters" {
  description = "The topic that gets what was given up."
  type        = string
}

variable "delivery" {
  description = "The terms of each delivery; of a function on a schedule only `timeout_s`."
  type = object({
    ack_deadline_s = optional(number)
    max_backoff_s  = optional(number)
    min_backoff_s  = optional(number)
    timeout_s      = optional(number)
  })
}

variable "description" {
  description = "What the function does."
  type        = string
}

variable "egress" {
  description = "The network and subnetwork through which the function reaches everything, or null."
  type        = object({ network = string, subnetwork = string })
}

variable "environment" {
  description = "The function's variables, without the paths of its files."
  type        = map(string)
}

variable "key" {
  description = "The key of the image."
  type        = string
}

variable "max_instances" {
  description = "How many instances may run at once."
  type        = number
}

variable "messaging_agent" {
  description = "Pub/Sub's own identity, which moves dead letters."
  type        = string
}

variable "mounts" {
  description = "By variable: the secret whose version the function finds as a file at the path in that variable."
  type        = map(object({ name = string, secret = string, version = string }))
}

variable "name" {
  description = "The stage: folder, entry point, function and stem of the subscriptions."
  type        = string
}

variable "project" {
  description = "The project."
  type        = string
}

variable "pushes" {
  description = "The push subscriptions by name: topic and filter; the path that is called; the account's id that calls; for how long messages are kept; after how many attempts one is given up (null: it never is); and the age of an unacknowledged message from which people are told."
  type = map(object({
    filter           = string
    identity         = string
    max_attempts     = number
    oldest_message_s = number
    path             = string
    retention_s      = number
    topic            = string
  }))
}

variable "region" {
  description = "The region."
  type        = string
}

variable "resources" {
  description = "What one instance may use."
  type        = object({ concurrency = number, cpu = number, memory_mib = number, timeout_s = number })
}
