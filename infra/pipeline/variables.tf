# The root checks what users write; here is only what the composition itself would get wrong.

variable "prefix" {
  description = "First part of every name."
  type        = string
}

variable "environment" {
  description = "Second part of every name, and a dimension of the metrics."
  type        = string
}

variable "account" {
  description = "Where the pipeline lives: account id, partition (such as aws) and region."
  type        = object({ id = string, partition = string, region = string })
}

variable "artifacts" {
  description = "The bundles: their bucket, and by stage the key and the SHA-256 of the zip in base64."
  type = object({
    bucket    = string
    functions = map(object({ key = string, sha256 = string }))
  })
}

variable "profiles_json" {
  description = "How files are read: a JSON array of the type Profile in packages/core/src/ports/job-store.ts."
  type        = string

  validation {
    condition     = can([for profile in jsondecode(var.profiles_json) : profile.prefix])
    error_message = "profiles_json: expected a JSON array of objects with a prefix."
  }
}

variable "write_units_per_second" {
  description = "Write units a second that the rows table is asked for, half each for new rows and for results."
  type        = number
}

variable "encryption" {
  description = "Keys at rest: service for those of each AWS service, cmk for a KMS key of this deployment."
  type        = string

  validation {
    condition     = contains(["service", "cmk"], var.encryption)
    error_message = "encryption: expected service or cmk."
  }
}

variable "protect" {
  description = "True: tables cannot be deleted, and buckets that hold objects cannot be destroyed."
  type        = bool
}

variable "alarm_email" {
  description = "Address that gets the alarms; null for none."
  type        = string
}

variable "log_level" {
  description = "Least severe lines that every invocation logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "log_sample_rate" {
  description = "Share of invocations that log at DEBUG, 0 to 1."
  type        = number
}

variable "work_retention_days" {
  description = "Days after which reject objects and staged copies are deleted; null keeps them."
  type        = number
}
