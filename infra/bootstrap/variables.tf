variable "bucket" {
  description = "Name of the bucket; null: sluice-artifacts-<account>-<region>."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket: expected 3 to 63 lower case letters, digits and hyphens, with a letter or digit at both ends, or null."
  }
}

variable "protect" {
  description = "True: a bucket that holds bundles cannot be destroyed; false: it is destroyed with all it holds."
  type        = bool
  default     = true
  nullable    = false
}

variable "s3_use_path_style" {
  description = "True: buckets are addressed by path. For endpoints other than AWS's."
  type        = bool
  default     = false
  nullable    = false
}
