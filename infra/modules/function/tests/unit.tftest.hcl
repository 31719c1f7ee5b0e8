mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "sluice-test-store-rows"
  description        = "Inserts each row that does not exist"
  artifact           = { bucket = "bundles", key = "store-rows/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  timeout_seconds    = 60
  memory_megabytes   = 1024
  environment        = { ENVIRONMENT = "test" }
  statements         = [{ actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-west-1:123456789012:rows"] }]
  log_retention_days = 30
  key_arn            = null
  alarm_topic_arn    = "arn:aws:sns:eu-west-1:123456789012:alarms"
}

run "runs_the_bundle_as_node_22_on_arm" {
  command = plan

  assert {
    condition = [
      aws_lambda_function.this.runtime, join(",", aws_lambda_function.this.architectures), aws_lambda_function.this.handler,
      aws_lambda_function.this.s3_bucket, aws_lambda_function.this.s3_key, aws_lambda_function.this.source_code_hash,
      aws_lambda_function.this.timeout, aws_lambda_function.this.memory_size, aws_lambda_function.this.role,
      ] == [
      "nodejs22.x", "arm64", "index.handler",
      "bundles", "store-rows/1.zip", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      60, 1024, "arn:aws:iam::123456789012:role/mock",
    ]
    error_message = "Expected the bundle of the stage."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ ENVIRONMENT = "test" })
    error_message = "Expected the environment as given."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == null
    error_message = "Expected no reserved concurrency: it spends receives on throttled invocations."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = ["sts:AssumeRole"] }]
    error_message = "Expected a role for Lambda alone."
  }
}

run "logs_json_into_a_group_of_its_own" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/sluice-test-store-rows" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Expected a group that keeps logs for 30 days."
  }

  assert {
    condition = [
      aws_lambda_function.this.logging_config[0].log_group, aws_lambda_function.this.logging_config[0].log_format,
      aws_lambda_function.this.logging_config[0].application_log_level, aws_lambda_function.this.logging_config[0].system_log_level,
    ] == ["/aws/lambda/sluice-test-store-rows", "JSON", "DEBUG", "WARN"]
    error_message = "Expected Lambda to let sampled debug lines pass and to keep its own lines back, found: ${jsonencode(aws_lambda_function.this.logging_config)}"
  }
}

run "may_write_its_log_and_what_it_is_granted" {
  command = plan

  variables {
    statements = [
      { actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-west-1:123456789012:rows"] },
      { actions = ["kms:Decrypt"], resources = ["arn:aws:kms:eu-west-1:123456789012:key/ours"], via = "sqs.eu-west-1.amazonaws.com" },
      { actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-west-1:123456789012:rows"], via = null },
      { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/default"], only = { "events:source" = "ours" } },
    ]
  }

  assert {
    condition = jsonencode(jsondecode(output.policy)) == jsonencode({
      Version = "2012-10-17"
      Statement = [
        { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["arn:aws:logs:eu-west-1:123456789012:log-group:mock:*"] },
        { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = ["arn:aws:sqs:eu-west-1:123456789012:rows"] },
        {
          Effect    = "Allow"
          Action    = ["kms:Decrypt"]
          Resource  = ["arn:aws:kms:eu-west-1:123456789012:key/ours"]
          Condition = { StringEquals = { "kms:ViaService" = "sqs.eu-west-1.amazonaws.com" } }
        },
        {
          Effect    = "Allow"
          Action    = ["events:PutEvents"]
          Resource  = ["arn:aws:events:eu-west-1:123456789012:event-bus/default"]
          Condition = { StringEquals = { "events:source" = "ours" } }
        },
      ]
    })
    error_message = "Expected exactly the log and the grants, each once, found: ${output.policy}"
  }
}

run "has_an_alarm_on_errors" {
  command = plan

  assert {
    condition = [
      aws_cloudwatch_metric_alarm.errors.alarm_name, aws_cloudwatch_metric_alarm.errors.namespace, aws_cloudwatch_metric_alarm.errors.metric_name,
      aws_cloudwatch_metric_alarm.errors.dimensions.FunctionName, aws_cloudwatch_metric_alarm.errors.statistic, aws_cloudwatch_metric_alarm.errors.threshold,
    ] == ["sluice-test-store-rows-errors", "AWS/Lambda", "Errors", "sluice-test-store-rows", "Sum", 0]
    error_message = "Expected an alarm on the function's errors."
  }
}

run "encrypts_with_a_key_when_there_is_one" {
  command = plan

  variables {
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/ours"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/ours" && aws_lambda_function.this.kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/ours"
    error_message = "Expected log and environment under the key."
  }
}
