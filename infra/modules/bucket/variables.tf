variable "name" {
  description = "Name of the bucket, unique among all buckets of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name: expected 3 to 63 lower case letters, digits and hyphens, with a letter or digit at both ends."
  }
}

variable "account" {
  description = "Where the bucket lives: account id, partition (such as aws) and region."
  type        = object({ id = string, partition = string, region = string })
}

variable "areas" {
  description = "Parts of the bucket that permissions are offered for: name -> pattern of the keys, such as reports/*."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for pattern in values(var.areas) : pattern != "" && !startswith(pattern, "/")])
    error_message = "areas: expected patterns of keys such as reports/*, without a slash at the start."
  }
}

variable "expirations" {
  description = "Days after which objects are deleted, by key prefix. What no prefix names stays."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expirations) : days >= 1 && floor(days) == days])
    error_message = "expirations: expected whole days, at least 1."
  }
}

variable "noncurrent_days" {
  description = "Days for which a version that was overwritten or deleted can still be read; at least 1."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days: expected whole days, at least 1."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the objects; null: S3's own keys do."
  type        = string
}

variable "protect" {
  description = "True: a bucket that holds objects cannot be destroyed; false: it is destroyed with all it holds."
  type        = bool
}
