variable "name" {
  description = "Name of the function; its role, policy and log group are named after it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name: expected at most 64 letters, digits, hyphens and underscores."
  }
}

variable "description" {
  description = "What the function does, in a few words."
  type        = string
}

variable "artifact" {
  description = "The bundle: bucket, key, and the SHA-256 of the zip in base64, by which a change of the code is known."
  type        = object({ bucket = string, key = string, sha256 = string })

  validation {
    condition     = can(regex("^[A-Za-z0-9+/]{43}=$", var.artifact.sha256))
    error_message = "artifact.sha256: expected the 44 characters of a SHA-256 in base64."
  }
}

variable "timeout_seconds" {
  description = "Time an invocation may take; 1 to 900."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds: expected 1 to 900."
  }
}

variable "memory_megabytes" {
  description = "Memory, and the share of a processor with it (1,769 are one vCPU); 128 to 10,240."
  type        = number

  validation {
    condition     = var.memory_megabytes >= 128 && var.memory_megabytes <= 10240
    error_message = "memory_megabytes: expected 128 to 10,240."
  }
}

variable "environment" {
  description = "Environment variables. No secrets: anyone who may describe the function reads them."
  type        = map(string)
}

variable "statements" {
  description = "What the function may do besides writing its log: actions on resources; `via` restricts them to calls that one service makes for the function, `only` to calls whose condition keys have these values."
  type = list(object({
    actions   = list(string)
    resources = list(string)
    via       = optional(string)
    only      = optional(map(string), {})
  }))

  validation {
    condition     = alltrue([for statement in var.statements : length(statement.actions) > 0 && length(statement.resources) > 0])
    error_message = "statements: expected at least one action and one resource in each."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.statements : [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Z][A-Za-z]+\\*?$", action)) && !endswith(action, ":*")]]))
    error_message = "statements: expected actions by name, such as sqs:SendMessage; all actions of a service are too many."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept: one of the periods that CloudWatch offers."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: expected 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the log and the environment; null: keys that AWS owns do."
  type        = string
}

variable "alarm_topic_arn" {
  description = "ARN of the topic that the alarm goes to."
  type        = string
}
