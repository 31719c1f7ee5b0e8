variable "prefix" {
  description = "First part of every name, at most 12 characters. Prefix and environment together tell deployments of one account apart."
  type        = string
  default     = "sluice"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,10}[a-z0-9]$", var.prefix))
    error_message = "prefix: expected 2 to 12 lower case letters, digits and hyphens, with a letter first and no hyphen last."
  }
}

variable "environment" {
  description = "Second part of every name, such as dev or prod, at most 12 characters. Also a dimension of the metrics: keep it distinct within an account and region."
  type        = string
  nullable    = false

  validation {
    # Without hyphens, so that no two pairs of prefix and environment make the same name.
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "environment: expected 1 to 12 lower case letters and digits, with a letter first."
  }
}

variable "artifacts" {
  description = "The bundles, as `make build-and-upload` writes them to artifacts.auto.tfvars.json: their bucket, and by stage the key and the SHA-256 of the zip in base64."
  type = object({
    bucket    = string
    functions = map(object({ key = string, sha256 = string }))
  })
  nullable = false

  validation {
    condition     = var.artifacts.bucket != ""
    error_message = "artifacts.bucket: expected the name of the bucket that holds the bundles, found none; run make build-and-upload."
  }

  validation {
    condition     = length(setsubtract(local.stages, keys(var.artifacts.functions))) == 0
    error_message = "artifacts.functions: expected a bundle for every stage, found none for ${join(", ", setsubtract(local.stages, keys(var.artifacts.functions)))}; run make build-and-upload."
  }

  validation {
    condition     = alltrue([for bundle in values(var.artifacts.functions) : bundle.key != "" && can(regex("^[A-Za-z0-9+/]{43}=$", bundle.sha256))])
    error_message = "artifacts.functions: expected a key and a SHA-256 of 44 characters in base64 for each bundle."
  }
}

variable "profiles" {
  description = <<-EOT
    How files are read, by key prefix; the longest prefix of a file's key counts, "" is every key, and a file under none is left
    alone. schema: JSON text, or the path of a JSON file (from this folder, or absolute); none: every value is text.
    delimiter: one character; none: found out. encoding: utf-8, utf-16le, utf-16be or windows-1252; none: found out.
    header: false when the first row is data. max_rejected_ratio: 0 to 1, the share of rejected rows above which a job ends.
    limit: rows after which reading stops.
  EOT
  type = map(object({
    schema             = optional(string)
    delimiter          = optional(string)
    encoding           = optional(string)
    header             = optional(bool)
    max_rejected_ratio = optional(number)
    limit              = optional(number)
  }))
  default  = { "" = {} }
  nullable = false

  validation {
    condition     = length(var.profiles) > 0
    error_message = "profiles: expected at least one; without any, every file would be left alone."
  }

  validation {
    condition     = alltrue([for prefix in keys(var.profiles) : !startswith(prefix, "/")])
    error_message = "profiles: expected key prefixes such as invoices/, found one with a slash at its start, which no key has."
  }

  validation {
    condition = alltrue([
      for profile in values(var.profiles) : profile.schema == null || can(keys(jsondecode(trimprefix(
        startswith(trimspace(profile.schema), "{") ? profile.schema : file(pathexpand(profile.schema)), "\ufeff",
      ))))
    ])
    error_message = "profiles: expected each schema to be a JSON object, or the path of a file that holds one."
  }

  validation {
    condition = length(setsubtract(flatten([
      for profile in values(var.profiles) : try(keys(jsondecode(trimprefix(
        startswith(trimspace(profile.schema), "{") ? profile.schema : file(pathexpand(profile.schema)), "\ufeff",
      ))), [])
    ]), ["columns", "ragged", "unknown"])) == 0
    error_message = "profiles: expected schemas with the properties columns, ragged and unknown, found another property."
  }

  validation {
    # As parseDelimiter in packages/core/src/csv/delimiter.ts.
    condition     = alltrue([for profile in values(var.profiles) : profile.delimiter == null || can(regex("^[\\x01-\\x09\\x0b\\x0c\\x0e-\\x21\\x23-\\x7f]$", profile.delimiter))])
    error_message = "profiles: expected each delimiter to be one ASCII character other than NUL, quote, CR and LF."
  }

  validation {
    condition     = alltrue([for profile in values(var.profiles) : profile.encoding == null || contains(["utf-8", "utf-16le", "utf-16be", "windows-1252"], coalesce(profile.encoding, "-"))])
    error_message = "profiles: expected each encoding to be utf-8, utf-16le, utf-16be or windows-1252."
  }

  validation {
    condition     = alltrue([for profile in values(var.profiles) : try(profile.max_rejected_ratio >= 0 && profile.max_rejected_ratio <= 1, profile.max_rejected_ratio == null)])
    error_message = "profiles: expected each max_rejected_ratio to be a share from 0 to 1."
  }

  validation {
    condition     = alltrue([for profile in values(var.profiles) : try(profile.limit >= 1 && floor(profile.limit) == profile.limit, profile.limit == null)])
    error_message = "profiles: expected each limit to be a whole number of rows, at least 1."
  }
}

variable "write_units_per_second" {
  description = "Write units a second that the rows table is asked for, half each for new rows and for results; null: the number in wiring.json, what a new on-demand table takes. Concurrency of the two writing stages follows from it."
  type        = number
  default     = null

  validation {
    # 500,000 are 1,000 concurrent invocations, the most a mapping takes.
    condition     = try(var.write_units_per_second >= 1 && var.write_units_per_second <= 500000 && floor(var.write_units_per_second) == var.write_units_per_second, var.write_units_per_second == null)
    error_message = "write_units_per_second: expected a whole number from 1 to 500,000, or null."
  }
}

variable "account_concurrency" {
  description = "Concurrent executions that Lambda grants this account in this region (service quota; new accounts may have far less than 1,000). Only checked against what the pipeline can use at once."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    # Lambda keeps 100 back for functions without reserved concurrency, and others of the account run too.
    condition     = module.pipeline.concurrency.total < var.account_concurrency - 100
    error_message = "account_concurrency: expected more than ${module.pipeline.concurrency.total + 100} concurrent executions, found ${var.account_concurrency}: the stages can use ${module.pipeline.concurrency.total} at once, and 100 are kept back. Ask for a higher quota, or lower maximumConcurrency in wiring.json or write_units_per_second."
  }
}

variable "encryption" {
  description = "Keys at rest: service for those of each AWS service, without cost; cmk for a KMS key of this deployment (about $1 a month and $0.03 per 10,000 requests)."
  type        = string
  default     = "service"
  nullable    = false

  validation {
    condition     = contains(["service", "cmk"], var.encryption)
    error_message = "encryption: expected service or cmk."
  }
}

variable "protect" {
  description = "True: tables cannot be deleted, and buckets that hold objects cannot be destroyed; false lets `terraform destroy` remove everything, after an apply."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_email" {
  description = "Address that gets the alarms, once its owner confirmed; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email: expected an address such as team@example.com, or null."
  }
}

variable "log_level" {
  description = "Least severe lines that every invocation logs: DEBUG, INFO, WARN or ERROR."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "log_level: expected DEBUG, INFO, WARN or ERROR."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept: one of the periods that CloudWatch offers."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: expected 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_sample_rate" {
  description = "Share of invocations that log at DEBUG, 0 to 1."
  type        = number
  default     = 0.01
  nullable    = false

  validation {
    # Smaller numbers would reach the functions as 1e-07, which they do not read.
    condition     = var.log_sample_rate == 0 || (var.log_sample_rate >= 0.0001 && var.log_sample_rate <= 1)
    error_message = "log_sample_rate: expected 0, or a share from 0.0001 to 1."
  }
}

variable "work_retention_days" {
  description = "Days after which reject objects and staged copies are deleted, at least 30 so that a job outlives its repairs; null keeps them."
  type        = number
  default     = null

  validation {
    condition     = try(var.work_retention_days >= 30 && floor(var.work_retention_days) == var.work_retention_days, var.work_retention_days == null)
    error_message = "work_retention_days: expected whole days, at least 30, or null."
  }
}

variable "s3_use_path_style" {
  description = "True: buckets are addressed by path. For endpoints other than AWS's."
  type        = bool
  default     = false
  nullable    = false
}
