locals {
  dlq_name = "${var.name}-dlq"
  # Written out, so that each of the two can name the other.
  arn     = "arn:${var.account.partition}:sqs:${var.account.region}:${var.account.id}:${var.name}"
  dlq_arn = "arn:${var.account.partition}:sqs:${var.account.region}:${var.account.id}:${local.dlq_name}"

  # Outlives the retries of an invocation that is throttled. Source: AWS, "Using Lambda with Amazon SQS".
  visibility_timeout_seconds = 6 * var.consumer.timeout_seconds + var.consumer.window_seconds

  tls_only = {
    for name, arn in { queue = local.arn, dlq = local.dlq_arn } : name => {
      Sid                    = "TlsOnly"
      Effect                 = "Deny"
      Principal              = "*"
      Action                 = ["sqs:*"]
      Resource               = arn
      Condition              = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  senders = [
    for name, sender in var.senders : {
      Sid       = "Send${title(name)}"
      Effect    = "Allow"
      Principal = { Service = sender.service }
      Action    = ["sqs:SendMessage"]
      Resource  = local.arn
      Condition = merge(
        { ArnEquals = { "aws:SourceArn" = sender.source_arn } },
        sender.source_account == null ? {} : { StringEquals = { "aws:SourceAccount" = sender.source_account } },
      )
    }
  ]
}

# A message's age in a dead-letter queue counts from its first send, so these stay the longest SQS allows.
resource "aws_sqs_queue" "dlq" {
  name                      = local.dlq_name
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = var.key_arn == null ? true : null
  kms_master_key_id         = var.key_arn

  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [local.arn] })
  policy               = jsonencode({ Version = "2012-10-17", Statement = [local.tls_only.dlq] })
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = local.visibility_timeout_seconds
  message_retention_seconds  = 345600 # 4 days: what waits longer is repaired from the source
  receive_wait_time_seconds  = 20
  # The most that provider 5.100 takes. Provider 6 knows the service's 1 MiB; no message of ours needs it.
  max_message_size        = 262144
  sqs_managed_sse_enabled = var.key_arn == null ? true : null
  kms_master_key_id       = var.key_arn

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dlq.arn, maxReceiveCount = var.max_receive_count })
  policy         = jsonencode({ Version = "2012-10-17", Statement = concat([local.tls_only.queue], local.senders) })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${local.dlq_name}-depth"
  alarm_description   = "Messages lie in ${local.dlq_name}. See docs/runbook.md, \"Dead letters\"."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dlq.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

# Failures reported message by message are no errors of the function: only this shows that a queue moves no more.
resource "aws_cloudwatch_metric_alarm" "stuck" {
  alarm_name          = "${var.name}-stuck"
  alarm_description   = "The oldest message of ${var.name} outlasts its visibility timeout and none is deleted. See docs/runbook.md, \"A queue is stuck\"."
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.visibility_timeout_seconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  metric_query {
    id          = "stuck"
    label       = "Age of the oldest message while none is deleted"
    expression  = "IF(FILL(deleted, 0) > 0, 0, age)"
    return_data = true
  }

  metric_query {
    id = "age"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = aws_sqs_queue.this.name }
      stat        = "Maximum"
      period      = 300
    }
  }

  metric_query {
    id = "deleted"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesDeleted"
      dimensions  = { QueueName = aws_sqs_queue.this.name }
      stat        = "Sum"
      period      = 300
    }
  }
}
