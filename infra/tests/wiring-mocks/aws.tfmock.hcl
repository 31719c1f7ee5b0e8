# As mocks/, and every resource of ./pipeline that others name under its real ARN, so that who may do what can be told apart.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { id = "eu-west-1" }
}

mock_resource "aws_s3_bucket" {
  override_during = plan
  defaults = {
    arn = "arn:aws:s3:::mock"
  }
}

mock_resource "aws_sqs_queue" {
  override_during = plan
  defaults = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:mock"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/mock"
  }
}

mock_resource "aws_dynamodb_table" {
  override_during = plan
  defaults = {
    arn        = "arn:aws:dynamodb:eu-west-1:123456789012:table/mock"
    stream_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/mock/stream/now"
  }
}

mock_resource "aws_sns_topic" {
  override_during = plan
  defaults = {
    arn = "arn:aws:sns:eu-west-1:123456789012:mock"
  }
}

mock_resource "aws_kms_key" {
  override_during = plan
  defaults = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/mock"
    key_id = "mock"
  }
}

mock_resource "aws_iam_role" {
  override_during = plan
  defaults = {
    arn = "arn:aws:iam::123456789012:role/mock"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  override_during = plan
  defaults = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mock"
  }
}

mock_resource "aws_cloudwatch_event_rule" {
  override_during = plan
  defaults = {
    arn = "arn:aws:events:eu-west-1:123456789012:rule/mock"
  }
}

mock_resource "aws_lambda_function" {
  override_during = plan
  defaults = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:mock"
  }
}

override_resource {
  target          = module.queues["uploads"].aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-uploads"
  }
}

override_resource {
  target          = module.queues["uploads"].aws_sqs_queue.dlq
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads-dlq"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-uploads-dlq"
  }
}

override_resource {
  target          = module.queues["chunks"].aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-chunks"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-chunks"
  }
}

override_resource {
  target          = module.queues["chunks"].aws_sqs_queue.dlq
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-chunks-dlq"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-chunks-dlq"
  }
}

override_resource {
  target          = module.queues["rows"].aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-rows"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-rows"
  }
}

override_resource {
  target          = module.queues["rows"].aws_sqs_queue.dlq
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-rows-dlq"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-rows-dlq"
  }
}

override_resource {
  target          = module.queues["work"].aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-work"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-work"
  }
}

override_resource {
  target          = module.queues["work"].aws_sqs_queue.dlq
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-work-dlq"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-work-dlq"
  }
}

override_resource {
  target          = module.queues["finished"].aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-finished"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-finished"
  }
}

override_resource {
  target          = module.queues["finished"].aws_sqs_queue.dlq
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-finished-dlq"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-finished-dlq"
  }
}

override_resource {
  target          = module.queues["audits"].aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-audits"
  }
}

override_resource {
  target          = module.queues["audits"].aws_sqs_queue.dlq
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits-dlq"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-audits-dlq"
  }
}

override_resource {
  target          = module.inbox.aws_s3_bucket.this
  override_during = plan
  values = {
    arn = "arn:aws:s3:::sluice-test-inbox-123456789012-eu-west-1"
    id  = "sluice-test-inbox-123456789012-eu-west-1"
  }
}

override_resource {
  target          = module.work.aws_s3_bucket.this
  override_during = plan
  values = {
    arn = "arn:aws:s3:::sluice-test-work-123456789012-eu-west-1"
    id  = "sluice-test-work-123456789012-eu-west-1"
  }
}

override_resource {
  target          = module.rows.aws_dynamodb_table.this
  override_during = plan
  values = {
    arn        = "arn:aws:dynamodb:eu-west-1:123456789012:table/sluice-test-rows"
    stream_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/sluice-test-rows/stream/2026-01-01T00:00:00.000"
  }
}

override_resource {
  target          = module.jobs.aws_dynamodb_table.this
  override_during = plan
  values = {
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/sluice-test-jobs"
  }
}

override_resource {
  target          = module.split_file.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-split-file"
  }
}

override_resource {
  target          = module.split_file.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-split-file"
  }
}

override_resource {
  target          = module.clean_rows.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-clean-rows"
  }
}

override_resource {
  target          = module.clean_rows.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-clean-rows"
  }
}

override_resource {
  target          = module.store_rows.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-store-rows"
  }
}

override_resource {
  target          = module.store_rows.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-store-rows"
  }
}

override_resource {
  target          = module.relay_rows.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-relay-rows"
  }
}

override_resource {
  target          = module.relay_rows.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-relay-rows"
  }
}

override_resource {
  target          = module.process_rows.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-process-rows"
  }
}

override_resource {
  target          = module.process_rows.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-process-rows"
  }
}

override_resource {
  target          = module.finish_rows.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-finish-rows"
  }
}

override_resource {
  target          = module.finish_rows.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-finish-rows"
  }
}

override_resource {
  target          = module.audit_job.aws_lambda_function.this
  override_during = plan
  values = {
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-audit-job"
  }
}

override_resource {
  target          = module.audit_job.aws_cloudwatch_log_group.this
  override_during = plan
  values = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-audit-job"
  }
}

override_resource {
  target          = aws_cloudwatch_event_rule.audits["search"]
  override_during = plan
  values = {
    arn = "arn:aws:events:eu-west-1:123456789012:rule/sluice-test-search"
  }
}

override_resource {
  target          = aws_cloudwatch_event_rule.audits["sweep"]
  override_during = plan
  values = {
    arn = "arn:aws:events:eu-west-1:123456789012:rule/sluice-test-sweep"
  }
}

override_resource {
  target          = module.alarm_topic.aws_sns_topic.this
  override_during = plan
  values = {
    arn = "arn:aws:sns:eu-west-1:123456789012:sluice-test-alarms"
  }
}

override_resource {
  target          = module.key[0].aws_kms_key.this
  override_during = plan
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    key_id = "00000000-0000-4000-8000-000000000000"
  }
}
