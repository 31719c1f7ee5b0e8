variable "name" {
  description = "Name of the table."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{3,255}$", var.name))
    error_message = "name: expected 3 to 255 letters, digits, dots, hyphens and underscores."
  }
}

variable "account" {
  description = "Where the table lives: account id, partition (such as aws) and region."
  type        = object({ id = string, partition = string, region = string })
}

variable "hash_key" {
  description = "The partition key, always text."
  type        = string

  validation {
    condition     = var.hash_key != ""
    error_message = "hash_key: expected the name of an attribute."
  }
}

variable "range_key" {
  description = "The sort key: its attribute and type, S (text) or N (number)."
  type        = object({ name = string, type = string })

  validation {
    condition     = contains(["S", "N"], var.range_key.type)
    error_message = "range_key.type: expected S or N."
  }
}

variable "sparse_index" {
  description = "An index over the items that have two attributes, keys only: it is named after the first (always text) and sorted by the second, of type S (text) or N (number). Null for none."
  type        = object({ name = string, range_key = object({ name = string, type = string }) })
  default     = null

  validation {
    condition     = var.sparse_index == null || try(contains(["S", "N"], var.sparse_index.range_key.type), false)
    error_message = "sparse_index.range_key.type: expected S or N."
  }

  validation {
    condition     = var.sparse_index == null || try(length(toset([var.hash_key, var.range_key.name, var.sparse_index.name, var.sparse_index.range_key.name])) == 4, false)
    error_message = "sparse_index: expected two attributes of its own: an item that has a table's key would always be in it."
  }
}

variable "has_stream" {
  description = "True: every change is on a stream, with the item as it is afterwards."
  type        = bool
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the table; null: a key that AWS owns does."
  type        = string
}

variable "protect" {
  description = "True: the table cannot be deleted, neither by Terraform nor by hand."
  type        = bool
}

variable "alarm_topic_arn" {
  description = "ARN of the topic that the alarm goes to."
  type        = string
}
