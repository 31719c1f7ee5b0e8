variable "name" {
  description = "Name of the topic."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,256}$", var.name))
    error_message = "name: expected at most 256 letters, digits, hyphens and underscores."
  }
}

variable "account" {
  description = "Where the topic lives: account id, partition (such as aws) and region."
  type        = object({ id = string, partition = string, region = string })
}

variable "email" {
  description = "Address that gets the alarms, once its owner confirmed; null for none. Other subscribers can be added to the topic."
  type        = string

  validation {
    condition     = var.email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.email))
    error_message = "email: expected an address such as team@example.com, or null."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the messages; null: they are not encrypted at rest (see main.tf)."
  type        = string
}
