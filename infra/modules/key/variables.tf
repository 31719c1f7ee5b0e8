variable "name" {
  description = "Name of the key's alias, without `alias/`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,200}$", var.name))
    error_message = "name: expected lower case letters, digits and hyphens, beginning with a letter."
  }
}

variable "account" {
  description = "Where the key lives: account id, partition (such as aws) and region."
  type        = object({ id = string, partition = string, region = string })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account.id))
    error_message = "account.id: expected the 12 digits of an account."
  }
}

variable "queue_senders" {
  description = "AWS services that put messages into queues under this key: name -> service principal and the queue's ARN."
  type        = map(object({ service = string, queue_arn = string }))

  validation {
    condition     = alltrue([for sender in values(var.queue_senders) : can(regex("^[a-z0-9-]+\\.amazonaws\\.com$", sender.service))])
    error_message = "queue_senders: expected service principals such as s3.amazonaws.com."
  }
}

variable "protect" {
  description = "True: a key that is to be destroyed stays for 30 days, in which that can be called off; false: 7 days, the least AWS allows."
  type        = bool
}
