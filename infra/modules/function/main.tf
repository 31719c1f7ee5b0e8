locals {
  statements = distinct(var.statements)
  conditions = [
    for statement in local.statements : merge(statement.only, statement.via == null ? {} : { "kms:ViaService" = statement.via })
  ]

  policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      }],
      [
        for index, statement in local.statements : merge(
          { Effect = "Allow", Action = statement.actions, Resource = statement.resources },
          length(local.conditions[index]) == 0 ? {} : { Condition = { StringEquals = local.conditions[index] } },
        )
      ],
    )
  }
}

# Before the function: left to itself, Lambda makes a group that keeps everything for ever.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:how long logs are worth their price is the deployment's choice, by a variable
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = ["sts:AssumeRole"]
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = var.name
  role   = aws_iam_role.this.name
  policy = jsonencode(local.policy)
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:a trace per message costs more than the pipeline; logs and metrics carry ids and counts
  #checkov:skip=CKV_AWS_115:reserved concurrency spends receives on throttled invocations; the mappings bound concurrency instead
  #checkov:skip=CKV_AWS_116:Lambda's own dead-letter queue serves asynchronous calls; this function has none, its queue has one
  #checkov:skip=CKV_AWS_117:reaches AWS services only; a VPC would add cost and cold starts and protect nothing
  #checkov:skip=CKV_AWS_272:the zip is pinned by its SHA-256
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this.arn

  s3_bucket        = var.artifact.bucket
  s3_key           = var.artifact.key
  source_code_hash = var.artifact.sha256
  handler          = "index.handler"
  # The newest that provider 5.100 knows. Provider 6 adds nodejs24.x.
  runtime       = "nodejs22.x"
  architectures = ["arm64"]
  timeout       = var.timeout_seconds
  memory_size   = var.memory_megabytes
  kms_key_arn   = var.key_arn

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
    # Lambda's own filter would drop the debug lines that the logger sampled: the logger alone decides.
    application_log_level = "DEBUG"
    # START, END and REPORT of every invocation would outweigh everything else.
    system_log_level = "WARN"
  }

  # Its first invocation must find its permissions.
  depends_on = [aws_iam_role_policy.this]
}

# Nothing here throws for a row or a message: an error is a crash, a time-out, or a batch that could not be settled.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "${var.name} crashed or timed out in 3 of the last 3 periods of 5 minutes. See docs/runbook.md, \"A function fails\"."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
