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

variable "sparse_indexes" {
  description = "Indexes over the items that have two attributes, keys only. The name of an index is that of the first attribute (always text); the value is the second, by which it is sorted: its name and its type, S (text) or N (number)."
  type        = map(object({ name = string, type = string }))
  default     = {}

  validation {
    condition     = alltrue([for range_key in values(var.sparse_indexes) : contains(["S", "N"], range_key.type)])
    error_message = "sparse_indexes: expected sort keys of type S or N."
  }

  validation {
    condition     = length(distinct(concat([var.hash_key, var.range_key.name], keys(var.sparse_indexes), values(var.sparse_indexes)[*].name))) == 2 + 2 * length(var.sparse_indexes)
    error_message = "sparse_indexes: expected two attributes of its own for each: an item that has a table's key would always be in it."
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
