variable "name" {
  description = "Name of the queue; its dead-letter queue is called the same with -dlq at the end."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,76}$", var.name))
    error_message = "name: expected at most 76 letters, digits, hyphens and underscores, so that -dlq still fits."
  }
}

variable "account" {
  description = "Where the queue lives: account id, partition (such as aws) and region."
  type        = object({ id = string, partition = string, region = string })
}

variable "consumer" {
  description = "The function that reads the queue: its time-out and the mapping's window, in seconds. Visibility follows from them."
  type        = object({ timeout_seconds = number, window_seconds = number })

  validation {
    condition     = var.consumer.timeout_seconds >= 1 && 6 * var.consumer.timeout_seconds + var.consumer.window_seconds <= 43200
    error_message = "consumer: expected a time-out of at least 1 s, with 6 x time-out + window at most 43,200 s, SQS's longest visibility."
  }

  validation {
    condition     = var.consumer.window_seconds >= 0 && var.consumer.window_seconds <= 300
    error_message = "consumer.window_seconds: expected 0 to 300."
  }
}

variable "max_receive_count" {
  description = "Deliveries of a message before it is set aside in the dead-letter queue; 1 to 1,000."
  type        = number

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count: expected a whole number from 1 to 1,000."
  }
}

variable "senders" {
  description = "AWS services that may send: name -> service principal, ARN of what it sends for, and, where the service names it, that one's account."
  type = map(object({
    service        = string
    source_arn     = string
    source_account = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for sender in values(var.senders) : can(regex("^[a-z0-9-]+\\.amazonaws\\.com$", sender.service))])
    error_message = "senders: expected service principals such as s3.amazonaws.com."
  }

  validation {
    condition     = alltrue([for sender in values(var.senders) : startswith(sender.source_arn, "arn:") && !strcontains(sender.source_arn, "*")])
    error_message = "senders: expected the whole ARN of one source each, without wildcards."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the messages; null: SQS's own keys do."
  type        = string
}

variable "alarm_topic_arn" {
  description = "ARN of the topic that the alarms go to."
  type        = string
}
