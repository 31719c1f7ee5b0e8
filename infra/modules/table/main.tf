resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119:encrypted with a key that AWS owns unless key_arn names a KMS key
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = var.hash_key
  range_key    = var.range_key.name

  # Provider 6 adds warm_throughput: what the table takes at once can be raised ahead of the first large file. Until then it
  # begins at 4,000 write units a second and grows with what it is asked for.
  stream_enabled   = var.has_stream
  stream_view_type = var.has_stream ? "NEW_IMAGE" : null

  deletion_protection_enabled = var.protect

  attribute {
    name = var.hash_key
    type = "S"
  }

  attribute {
    name = var.range_key.name
    type = var.range_key.type
  }

  dynamic "attribute" {
    for_each = flatten([for name, range_key in var.sparse_indexes : [{ name = name, type = "S" }, range_key]])

    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.sparse_indexes

    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.key
      range_key       = global_secondary_index.value.name
      projection_type = "KEYS_ONLY"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    # False is a key that AWS owns, not none: DynamoDB encrypts every table.
    enabled     = var.key_arn != null
    kms_key_arn = var.key_arn
  }
}

# A few throttles are how pacing finds out what the table takes; a quarter of an hour of them is more than that.
resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name          = "${var.name}-table-throttled"
  alarm_description   = "The table ${var.name} has throttled for 15 minutes. See docs/runbook.md, \"A table throttles\"."
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  metric_query {
    id          = "throttled"
    label       = "Throttled reads and writes"
    expression  = "FILL(reads, 0) + FILL(writes, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { reads = "ReadThrottleEvents", writes = "WriteThrottleEvents" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = metric_query.value
        dimensions  = { TableName = aws_dynamodb_table.this.name }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}
