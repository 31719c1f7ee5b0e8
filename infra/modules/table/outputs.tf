output "name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "stream_arn" {
  description = "ARN of the table's stream; empty without one."
  value       = aws_dynamodb_table.this.stream_arn
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = [aws_cloudwatch_metric_alarm.throttled.alarm_name]
}

locals {
  via = "dynamodb.${var.account.region}.amazonaws.com"
  kms_read = var.key_arn == null ? [] : [
    { actions = ["kms:Decrypt", "kms:DescribeKey"], resources = [var.key_arn], via = local.via },
  ]
  kms_write = var.key_arn == null ? [] : [
    {
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      resources = [var.key_arn]
      via       = local.via
    },
  ]

  # What one call each needs. A batch of PartiQL statements needs the action of its statements, and nothing for the batch.
  reads = {
    get       = "dynamodb:GetItem"
    get_batch = "dynamodb:BatchGetItem"
    query     = "dynamodb:Query"
  }
  writes = {
    put               = "dynamodb:PutItem"
    update            = "dynamodb:UpdateItem"
    insert_statements = "dynamodb:PartiQLInsert"
    update_statements = "dynamodb:PartiQLUpdate"
  }
}

output "allows" {
  description = "Capabilities, as policy statements: one per kind of call; query_<index>: a sparse index; consume_stream: what a mapping needs."
  value = merge(
    { for name, action in local.reads : name => concat([{ actions = [action], resources = [aws_dynamodb_table.this.arn], via = null }], local.kms_read) },
    { for name, action in local.writes : name => concat([{ actions = [action], resources = [aws_dynamodb_table.this.arn], via = null }], local.kms_write) },
    {
      for name in keys(var.sparse_indexes) : "query_${name}" => concat([{
        actions   = ["dynamodb:Query"]
        resources = ["${aws_dynamodb_table.this.arn}/index/${name}"]
        via       = null
      }], local.kms_read)
    },
    {
      consume_stream = concat([{
        actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
        resources = ["${aws_dynamodb_table.this.arn}/stream/*"]
        via       = null
      }], local.kms_read)
    },
  )
}
