variable "alert_emails" {
  description = "Who is told when something needs a person."
  type        = list(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for email in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "At least one address is needed, and each must be one."
  }
}

variable "archive_classes" {
  description = "After how many days an archived object moves to a colder storage class; none when empty."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for class, days in var.archive_classes : contains(["NEARLINE", "COLDLINE", "ARCHIVE"], class) && days >= 1])
    error_message = "Classes are NEARLINE, COLDLINE and ARCHIVE, each after at least one day."
  }
}

variable "archive_retention" {
  description = "For how many days an archived object cannot be deleted, and whether that is locked for ever; versions instead when null. Claims that became void stay as long, too (functions/ingest/README.md)."
  type        = object({ days = number, locked = bool })
  default     = null

  validation {
    condition     = var.archive_retention == null ? true : var.archive_retention.days >= 1 && var.archive_retention.days <= 36500
    error_message = "Retention lasts from one day to a hundred years."
  }
}

variable "billing_account" {
  description = "The account whose spending on this project is watched; no budget when null."
  type        = string
  default     = null

  validation {
    condition     = var.billing_account == null ? true : can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "A billing account is called 000000-000000-000000."
  }
}

variable "bundles" {
  description = "The folder of the functions' zips, as `make bundle` writes them."
  type        = string
  default     = "../build/bundles"
}

variable "deletion_protection" {
  description = "Whether tables, and buckets that hold anything, withstand `terraform destroy`."
  type        = bool
  default     = true
}

variable "egress" {
  description = "The network and subnetwork through which functions reach everything, Google's services and the receivers of notifications included; the platform's own way out when null."
  type        = object({ network = string, subnetwork = string })
  default     = null
}

variable "event_subscribers" {
  description = "Who may subscribe to the topic of public events."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.event_subscribers : can(regex("^(group|serviceAccount|user):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Members are group:, serviceAccount: or user: with an address."
  }
}

variable "facilities_file" {
  description = "The registry of facilities, as infra/README.md describes it."
  type        = string
}

variable "facility_analysts" {
  description = "Per facility, who may query its own rows of `imaging`. Where there is one, rows are restricted for all: `imaging_analysts` see every row, others none."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for member in flatten(values(var.facility_analysts)) : can(regex("^(group|serviceAccount|user):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Members are group:, serviceAccount: or user: with an address."
  }

  validation {
    condition     = length(setsubtract(keys(var.facility_analysts), keys(yamldecode(file(var.facilities_file))))) == 0
    error_message = "Only a registered facility has analysts."
  }
}

variable "facility_identity_providers" {
  description = "Per facility that signs in with its own identity provider: the issuer of its OpenID Connect tokens, and the audience and subject that they have."
  type        = map(object({ audience = string, issuer = string, subject = string }))
  default     = {}

  validation {
    condition = alltrue([
      for facility, provider in var.facility_identity_providers :
      startswith(provider.issuer, "https://") && can(regex("^[a-z0-9-]{4,32}$", facility)) && !strcontains(provider.subject, "'") && provider.subject != ""
    ])
    error_message = "Issuers are https addresses, a facility's name has 4 to 32 characters here, and its subject no quote."
  }

  validation {
    condition     = length(setsubtract(keys(var.facility_identity_providers), keys(yamldecode(file(var.facilities_file))))) == 0
    error_message = "Only a registered facility has an identity provider."
  }
}

variable "facility_members" {
  description = "Per facility, who sends in its name."
  type        = map(list(string))

  validation {
    condition     = alltrue([for member in flatten(values(var.facility_members)) : can(regex("^((group|serviceAccount|user):[^@\\s]+@[^@\\s]+|principal(Set)?://iam\\.googleapis\\.com/\\S+)$", member))])
    error_message = "Members are group:, serviceAccount: or user: with an address, or principal:// or principalSet:// of a workload identity pool."
  }

  validation {
    condition     = length(setsubtract(keys(var.facility_members), keys(yamldecode(file(var.facilities_file))))) == 0
    error_message = "Only a registered facility has members."
  }
}

variable "identity_readers" {
  description = "Who, of those who query `imaging`, sees the columns that identify or link."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.identity_readers : can(regex("^(group|serviceAccount|user):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Members are group:, serviceAccount: or user: with an address."
  }
}

variable "imaging_analysts" {
  description = "Who may query the dataset `imaging`."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.imaging_analysts : can(regex("^(group|serviceAccount|user):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Members are group:, serviceAccount: or user: with an address."
  }
}

variable "key_rotation_days" {
  description = "After how many days keys get a new version, and people are asked to rotate secrets."
  type        = number
  default     = 90

  validation {
    condition     = var.key_rotation_days >= 1 && var.key_rotation_days <= 365
    error_message = "Keys are rotated at least once a year."
  }
}

variable "max_instances" {
  description = "How many instances of one function may run at once."
  type        = number
  default     = 20

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000
    error_message = "From 1 to 1000 instances."
  }
}

variable "monthly_budget" {
  description = "How much may be spent in a month, in the billing account's currency, before people are told."
  type        = number
  default     = 500

  validation {
    condition     = var.monthly_budget >= 1
    error_message = "A budget is at least 1."
  }
}

variable "perimeter" {
  description = "The access policy, by its number, in which a VPC Service Controls perimeter is drawn around the project, and the access levels that let people in; no perimeter when null."
  type        = object({ access_levels = list(string), policy = string })
  default     = null

  validation {
    condition     = var.perimeter == null ? true : can(regex("^[0-9]+$", var.perimeter.policy)) && alltrue([for level in var.perimeter.access_levels : startswith(level, "accessPolicies/")])
    error_message = "A policy is named by its number, an access level accessPolicies/<number>/accessLevels/<name>."
  }
}

variable "profiles" {
  description = "The folder of the profiles of de-identification."
  type        = string
  default     = "../shared/dicom/deidentification/profiles"
}

variable "project" {
  description = "The project that everything is in; best one of its own."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "quarantine_days" {
  description = "After how many days what was refused is deleted; never when null."
  type        = number
  default     = null

  validation {
    condition     = var.quarantine_days == null ? true : var.quarantine_days >= 30
    error_message = "What was refused is kept for at least 30 days: until then it can be released."
  }
}

variable "receipt_days" {
  description = "After how many days a receipt is deleted; what it tells stays in `imaging`."
  type        = number
  default     = 365

  validation {
    condition     = var.receipt_days >= 31
    error_message = "Receipts, and what the sweep wrote beside them of what it declared, are needed for at least 31 days."
  }
}

variable "region" {
  description = "The region in which everything is kept and run."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "One region such as europe-west3, not a zone, not a multi-region."
  }
}

variable "research_readers" {
  description = "Who may query the view of research copies and read them."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.research_readers : can(regex("^(group|serviceAccount|user):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "Members are group:, serviceAccount: or user: with an address."
  }
}

variable "rotation_start" {
  description = "The moment from which rotations of secrets are counted, such as 2030-01-01T00:00:00Z; the first must lie ahead when the secrets are made."
  type        = string

  validation {
    condition     = can(timeadd(var.rotation_start, "0s"))
    error_message = "A moment is written as in RFC 3339."
  }
}

variable "secret_versions" {
  description = "Which version of each secret is in use: `pseudonym-key`, `event-key` where a facility's UIDs are pseudonyms in events, and `target-secrets` where there are targets. A new number rotates."
  type        = map(string)

  validation {
    condition     = contains(keys(var.secret_versions), "pseudonym-key") && alltrue([for version in values(var.secret_versions) : can(regex("^[1-9][0-9]*$", version))])
    error_message = "The version of pseudonym-key is needed; versions are whole numbers, never `latest`, so that a rotation is a change that is seen."
  }

  validation {
    condition = contains(keys(var.secret_versions), "event-key") || alltrue([
      for facility in values(yamldecode(file(var.facilities_file))) : try(facility.event_uids, "") != "pseudonym"
    ])
    error_message = "A facility whose UIDs are pseudonyms in events needs a version of event-key."
  }
}

variable "settings" {
  description = "Settings of functions by the names in pipeline.yaml, such as `smtp_host`; each has a default."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for name in keys(var.settings) : contains(flatten([
        for function in values(yamldecode(file("${path.module}/pipeline.yaml")).functions) :
        [for reference in values(function.environment) : reference.setting if can(reference.setting)]
      ]), name)
    ])
    error_message = "pipeline.yaml has no such setting."
  }
}

variable "soft_delete_days" {
  description = "For how many days what was deleted from the archive or the quarantine can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "Cloud Storage restores for 7 to 90 days."
  }
}

variable "targets_file" {
  description = "Who is told of events, as functions/notify/README.md describes it; nobody when null."
  type        = string
  default     = null

  validation {
    condition = alltrue([
      for name in var.targets_file == null ? [] : keys(yamldecode(file(var.targets_file))) : can(regex("^[a-z]([a-z0-9-]{0,21}[a-z0-9])?$", name)) && name != "smtp"
    ])
    error_message = "A target's name, which its identity's is made of, has up to 23 lower-case letters, digits and hyphens, and is not smtp."
  }

  validation {
    condition = var.targets_file == null ? true : length(setsubtract(
      flatten([for target in values(yamldecode(file(var.targets_file))) : try(target.facilities, [])]),
      keys(yamldecode(file(var.facilities_file)))
    )) == 0
    error_message = "A target names registered facilities only."
  }

  validation {
    condition     = var.targets_file == null || contains(keys(var.secret_versions), "target-secrets")
    error_message = "Targets need a version of target-secrets."
  }
}
