mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name              = "sluice-test-uploads"
  account           = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  consumer          = { timeout_seconds = 120, window_seconds = 5 }
  max_receive_count = 4
  key_arn           = null
  alarm_topic_arn   = "arn:aws:sns:eu-west-1:123456789012:alarms"
}

run "makes_a_queue_and_its_dead_letter_queue" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.name == "sluice-test-uploads" && aws_sqs_queue.dlq.name == "sluice-test-uploads-dlq"
    error_message = "Expected the dead-letter queue to be called after its queue."
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 725 && output.visibility_timeout_seconds == 725
    error_message = "Expected 6 x 120 + 5 seconds, found ${aws_sqs_queue.this.visibility_timeout_seconds}."
  }

  assert {
    condition     = aws_sqs_queue.dlq.message_retention_seconds == 14 * 24 * 3600 && aws_sqs_queue.this.message_retention_seconds == 4 * 24 * 3600
    error_message = "Expected dead letters to be kept for 14 days, others for 4."
  }

  assert {
    condition     = aws_sqs_queue.this.receive_wait_time_seconds == 20 && aws_sqs_queue.this.max_message_size == 262144
    error_message = "Expected long polls and messages of up to 256 KiB."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:mock", maxReceiveCount = 4 }
    error_message = "Expected 4 deliveries, then the dead-letter queue, found: ${aws_sqs_queue.this.redrive_policy}"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.dlq.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads"] }
    error_message = "Expected dead letters from this queue alone, found: ${aws_sqs_queue.dlq.redrive_allow_policy}"
  }

  assert {
    condition = alltrue([
      for name, queue in { sluice-test-uploads = aws_sqs_queue.this, sluice-test-uploads-dlq = aws_sqs_queue.dlq } : jsondecode(queue.policy).Statement == [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:*"]
        Resource  = "arn:aws:sqs:eu-west-1:123456789012:${name}"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    ])
    error_message = "Expected both queues to refuse what does not come by TLS, and to let nobody else in."
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] : queue.sqs_managed_sse_enabled == true && queue.kms_master_key_id == null])
    error_message = "Expected messages under SQS's own keys."
  }

  assert {
    condition = [
      aws_cloudwatch_metric_alarm.dead_letters.metric_name, aws_cloudwatch_metric_alarm.dead_letters.dimensions.QueueName,
      aws_cloudwatch_metric_alarm.dead_letters.threshold, aws_cloudwatch_metric_alarm.dead_letters.comparison_operator,
      ] == [
      "ApproximateNumberOfMessagesVisible", "sluice-test-uploads-dlq", 0, "GreaterThanThreshold",
    ]
    error_message = "Expected an alarm on the first dead letter."
  }

  assert {
    condition = {
      for query in aws_cloudwatch_metric_alarm.stuck.metric_query : query.id => coalesce(query.expression, try("${query.metric[0].stat} ${query.metric[0].metric_name} ${query.metric[0].dimensions.QueueName}", "none"))
      } == {
      stuck   = "IF(FILL(deleted, 0) > 0, 0, age)"
      age     = "Maximum ApproximateAgeOfOldestMessage sluice-test-uploads"
      deleted = "Sum NumberOfMessagesDeleted sluice-test-uploads"
    }
    error_message = "Expected an alarm on the oldest message's age while none is deleted."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.stuck.threshold == 725
    error_message = "Expected a message to count as stuck once it outlasts its visibility."
  }

  assert {
    condition     = output.allows.consume == [{ actions = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources = ["arn:aws:sqs:eu-west-1:123456789012:mock"], via = null }]
    error_message = "Expected no more than what a consumer needs, found: ${jsonencode(output.allows.consume)}"
  }

  assert {
    condition     = jsonencode([output.allows.send[0].actions, output.allows.measure[0].actions]) == jsonencode([["sqs:SendMessage"], ["sqs:GetQueueAttributes"]])
    error_message = "Expected one action each for sending and measuring."
  }
}

run "lets_services_send_for_one_source_each" {
  command = plan

  variables {
    senders = {
      s3       = { service = "s3.amazonaws.com", source_arn = "arn:aws:s3:::inbox", source_account = "123456789012" }
      schedule = { service = "events.amazonaws.com", source_arn = "arn:aws:events:eu-west-1:123456789012:rule/sweep" }
    }
  }

  assert {
    condition = jsonencode([for statement in jsondecode(aws_sqs_queue.this.policy).Statement : statement if statement.Effect == "Allow"]) == jsonencode([
      {
        Sid       = "SendS3"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["sqs:SendMessage"]
        Resource  = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads"
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::inbox" }, StringEquals = { "aws:SourceAccount" = "123456789012" } }
      },
      {
        Sid       = "SendSchedule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["sqs:SendMessage"]
        Resource  = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads"
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/sweep" } }
      },
    ])
    error_message = "Expected each service to send for its source alone, found: ${aws_sqs_queue.this.policy}"
  }

  assert {
    condition     = !strcontains(aws_sqs_queue.dlq.policy, "Allow")
    error_message = "Expected no service to send into the dead-letter queue."
  }
}

run "encrypts_with_a_key_when_there_is_one" {
  command = plan

  variables {
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/ours"
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dlq] : queue.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/ours"])
    error_message = "Expected both queues under the key."
  }

  assert {
    condition = jsonencode([output.allows.send[1], output.allows.consume[1]]) == jsonencode([
      { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = ["arn:aws:kms:eu-west-1:123456789012:key/ours"], via = "sqs.eu-west-1.amazonaws.com" },
      { actions = ["kms:Decrypt"], resources = ["arn:aws:kms:eu-west-1:123456789012:key/ours"], via = "sqs.eu-west-1.amazonaws.com" },
    ])
    error_message = "Expected senders and consumers to get what the key asks of them."
  }
}
