output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "dlq_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dlq.name
}

output "dlq_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dlq.url
}

output "visibility_timeout_seconds" {
  description = "How long a message that was delivered stays hidden, unless the consumer says otherwise."
  value       = aws_sqs_queue.this.visibility_timeout_seconds
}

output "policies" {
  description = "The policies of the queue and of its dead-letter queue as they are applied, as JSON."
  value       = { queue = aws_sqs_queue.this.policy, dlq = aws_sqs_queue.dlq.policy }
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = [aws_cloudwatch_metric_alarm.dead_letters.alarm_name, aws_cloudwatch_metric_alarm.stuck.alarm_name]
}

locals {
  via = "sqs.${var.account.region}.amazonaws.com"
  kms_send = var.key_arn == null ? [] : [
    { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.key_arn], via = local.via },
  ]
  kms_receive = var.key_arn == null ? [] : [
    { actions = ["kms:Decrypt"], resources = [var.key_arn], via = local.via },
  ]
}

output "allows" {
  description = "Capabilities, as policy statements. consume: what a mapping needs, and hiding a message for a while; send; measure: depth."
  value = {
    consume = concat([{
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.this.arn]
      via       = null
    }], local.kms_receive)
    send    = concat([{ actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.this.arn], via = null }], local.kms_send)
    measure = [{ actions = ["sqs:GetQueueAttributes"], resources = [aws_sqs_queue.this.arn], via = null }]
  }
}
