# How the composition is wired: who is fed by what, told what, and may do what.

mock_provider "aws" {
  source = "./tests/wiring-mocks"
}

variables {
  prefix      = "sluice"
  environment = "test"
  account     = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  artifacts = {
    bucket = "bundles"
    functions = {
      for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] :
      stage => { key = "${stage}/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    }
  }
  profiles_json          = "[{\"prefix\":\"\"}]"
  write_units_per_second = 4000
  encryption             = "service"
  protect                = true
  alarm_email            = null
  log_level              = "INFO"
  log_retention_days     = 30
  log_sample_rate        = 0.01
  work_retention_days    = null
}

run "service" {
  command = plan

  module {
    source = "./pipeline"
  }

  assert {
    condition = jsonencode(output.function_environments) == jsonencode({
      split-file = {
        ENVIRONMENT       = "test"
        LOG_LEVEL         = "INFO"
        LOG_SAMPLE_RATE   = "0.01"
        UPLOADS_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-uploads"
        CHUNKS_QUEUE_URL  = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-chunks"
        JOBS_TABLE        = "sluice-test-jobs"
        WORK_BUCKET       = "sluice-test-work-123456789012-eu-west-1"
        PROFILES_KEY      = "config/profiles-${sha256("[{\"prefix\":\"\"}]")}.json"
      }
      clean-rows = {
        ENVIRONMENT      = "test"
        LOG_LEVEL        = "INFO"
        LOG_SAMPLE_RATE  = "0.01"
        CHUNKS_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-chunks"
        ROWS_QUEUE_URL   = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-rows"
        JOBS_TABLE       = "sluice-test-jobs"
        WORK_BUCKET      = "sluice-test-work-123456789012-eu-west-1"
      }
      store-rows = {
        ENVIRONMENT            = "test"
        LOG_LEVEL              = "INFO"
        LOG_SAMPLE_RATE        = "0.01"
        ROWS_QUEUE_URL         = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-rows"
        ROWS_TABLE             = "sluice-test-rows"
        JOBS_TABLE             = "sluice-test-jobs"
        WRITE_UNITS_PER_SECOND = "4000"
        MAXIMUM_CONCURRENCY    = "8"
      }
      relay-rows = {
        ENVIRONMENT     = "test"
        LOG_LEVEL       = "INFO"
        LOG_SAMPLE_RATE = "0.01"
        WORK_QUEUE_URL  = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-work"
        JOBS_TABLE      = "sluice-test-jobs"
      }
      process-rows = {
        ENVIRONMENT        = "test"
        LOG_LEVEL          = "INFO"
        LOG_SAMPLE_RATE    = "0.01"
        WORK_QUEUE_URL     = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-work"
        FINISHED_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-finished"
        JOBS_TABLE         = "sluice-test-jobs"
      }
      finish-rows = {
        ENVIRONMENT            = "test"
        LOG_LEVEL              = "INFO"
        LOG_SAMPLE_RATE        = "0.01"
        FINISHED_QUEUE_URL     = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-finished"
        ROWS_TABLE             = "sluice-test-rows"
        JOBS_TABLE             = "sluice-test-jobs"
        WRITE_UNITS_PER_SECOND = "4000"
        MAXIMUM_CONCURRENCY    = "8"
      }
      audit-job = {
        ENVIRONMENT        = "test"
        LOG_LEVEL          = "INFO"
        LOG_SAMPLE_RATE    = "0.01"
        UPLOADS_QUEUE_URL  = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-uploads"
        CHUNKS_QUEUE_URL   = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-chunks"
        ROWS_QUEUE_URL     = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-rows"
        WORK_QUEUE_URL     = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-work"
        FINISHED_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-finished"
        AUDITS_QUEUE_URL   = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-test-audits"
        ROWS_TABLE         = "sluice-test-rows"
        JOBS_TABLE         = "sluice-test-jobs"
        WORK_BUCKET        = "sluice-test-work-123456789012-eu-west-1"
        INBOX_BUCKET       = "sluice-test-inbox-123456789012-eu-west-1"
      }
    })
    error_message = "Expected each function to be told exactly what its handler reads, found: ${jsonencode(output.function_environments)}"
  }

  # ---- what the ledger can be asked for besides its keys

  assert {
    condition = { for index in ["open", "created"] : index => module.jobs.allows["query_${index}"][0].resources } == {
      for index in ["open", "created"] : index => ["${module.jobs.arn}/index/${index}"]
    }
    error_message = "Expected an index of the jobs that are open and one of all jobs."
  }

  # ---- what feeds whom

  assert {
    condition = {
      for queue, mapping in aws_lambda_event_source_mapping.queue : queue => [
        mapping.event_source_arn, mapping.function_name, mapping.batch_size, mapping.maximum_batching_window_in_seconds,
        mapping.scaling_config[0].maximum_concurrency, try(join(",", mapping.function_response_types), "none"),
      ]
      } == {
      uploads  = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads", "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-split-file", 1, 0, 5, "ReportBatchItemFailures"]
      chunks   = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-chunks", "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-clean-rows", 1, 0, 50, "ReportBatchItemFailures"]
      rows     = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-rows", "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-store-rows", 10, 0, 8, "ReportBatchItemFailures"]
      work     = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-work", "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-process-rows", 10, 0, 100, "ReportBatchItemFailures"]
      finished = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-finished", "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-finish-rows", 10, 0, 8, "ReportBatchItemFailures"]
      audits   = ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits", "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-audit-job", 1, 0, 5, "ReportBatchItemFailures"]
    }
    error_message = "Expected a mapping per queue with the settings of wiring.json and partial responses."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.queue : length(mapping.filter_criteria) == 0])
    error_message = "Expected no filter on a queue's mapping: SQS deletes what a filter does not match."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.queue : mapping.batch_size <= 10 || mapping.maximum_batching_window_in_seconds >= 1])
    error_message = "Expected a window of at least 1 s wherever a batch has more than 10 messages: Lambda refuses the mapping otherwise."
  }

  assert {
    condition = [
      aws_lambda_event_source_mapping.stream.event_source_arn,
      aws_lambda_event_source_mapping.stream.function_name,
      aws_lambda_event_source_mapping.stream.starting_position,
      aws_lambda_event_source_mapping.stream.batch_size,
      aws_lambda_event_source_mapping.stream.maximum_batching_window_in_seconds,
      aws_lambda_event_source_mapping.stream.parallelization_factor,
      aws_lambda_event_source_mapping.stream.maximum_record_age_in_seconds,
      aws_lambda_event_source_mapping.stream.maximum_retry_attempts,
      aws_lambda_event_source_mapping.stream.bisect_batch_on_function_error,
      try(join(",", aws_lambda_event_source_mapping.stream.function_response_types), "none"),
      aws_lambda_event_source_mapping.stream.destination_config[0].on_failure[0].destination_arn,
      ] == [
      "arn:aws:dynamodb:eu-west-1:123456789012:table/sluice-test-rows/stream/2026-01-01T00:00:00.000",
      "arn:aws:lambda:eu-west-1:123456789012:function:sluice-test-relay-rows",
      "TRIM_HORIZON",
      1000, 1, 2, 43200, 100, true,
      "ReportBatchItemFailures",
      "arn:aws:s3:::sluice-test-work-123456789012-eu-west-1",
    ]
    error_message = "Expected the stream's mapping with the settings of wiring.json, from its beginning, with partial responses, bisecting, and S3 for what it gives up."
  }

  assert {
    condition = [for filter in one(aws_lambda_event_source_mapping.stream.filter_criteria).filter : jsondecode(filter.pattern)] == [
      { eventName = ["INSERT"], dynamodb = { NewImage = { status = { S = ["PENDING"] } } } },
    ]
    error_message = "Expected only new PENDING rows to be relayed: an update would go round for ever."
  }

  assert {
    condition = [for queue in aws_s3_bucket_notification.uploads.queue : [queue.queue_arn, join(",", queue.events), coalesce(queue.filter_prefix, "none"), coalesce(queue.filter_suffix, "none")]] == [
      ["arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads", "s3:ObjectCreated:*", "none", "none"],
    ]
    error_message = "Expected every new object of the inbox, uploaded whole or in parts, to be told to uploads."
  }

  assert {
    condition     = aws_s3_bucket_notification.uploads.bucket == "sluice-test-inbox-123456789012-eu-west-1"
    error_message = "Expected the notification on the inbox, found it on ${aws_s3_bucket_notification.uploads.bucket}."
  }

  assert {
    condition = {
      for kind, rule in aws_cloudwatch_event_rule.audits : kind => [
        rule.schedule_expression, rule.name, aws_cloudwatch_event_target.audits[kind].rule, aws_cloudwatch_event_target.audits[kind].arn,
      ]
      } == {
      sweep  = ["rate(1 minute)", "sluice-test-sweep", "sluice-test-sweep", "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits"]
      search = ["rate(1 hour)", "sluice-test-search", "sluice-test-search", "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits"]
    }
    error_message = "Expected a sweep to be sent to audits every minute and a search every hour."
  }

  assert {
    condition = { for kind, target in aws_cloudwatch_event_target.audits : kind => jsondecode(target.input) } == {
      for kind in ["sweep", "search"] : kind => { v = 1, kind = kind }
    }
    error_message = "Expected the messages that audit-job reads, found: ${jsonencode([for target in aws_cloudwatch_event_target.audits : target.input])}"
  }

  assert {
    condition = jsondecode(output.completion_pattern) == {
      source      = ["sluice"]
      detail-type = ["job completed"]
      detail      = { file = { bucket = ["sluice-test-inbox-123456789012-eu-west-1"] } }
    }
    error_message = "Expected a pattern for the jobs of this deployment, found: ${output.completion_pattern}"
  }

  # ---- numbers

  assert {
    condition = alltrue([
      for queue, stage in local.consumers :
      module.queues[queue].visibility_timeout_seconds >= 6 * local.functions[stage].timeout_seconds + aws_lambda_event_source_mapping.queue[queue].maximum_batching_window_in_seconds
    ])
    error_message = "Expected every queue to hide a message for at least 6 x its function's time-out and the mapping's window."
  }

  assert {
    condition = {
      for stage, function in local.functions : stage => [function.timeout_seconds, function.memory_megabytes]
      } == {
      for stage, settings in jsondecode(file("wiring.json")).stages : stage => [settings.timeoutSeconds, settings.memoryMegabytes]
    }
    error_message = "Expected time-outs and memory as in wiring.json."
  }

  assert {
    # Whatever follows from the budget stands in wiring.json too, where the code reads it when it is not told.
    condition     = alltrue([for stage in ["store-rows", "finish-rows"] : output.concurrency.mappings[stage] == jsondecode(file("wiring.json")).stages[stage].maximumConcurrency])
    error_message = "Expected wiring.json to hold the concurrency that follows from its write budget, found other numbers."
  }

  assert {
    # 5 + 50 + 8 + 100 + 8 + 5, and 2 x 4 shards x 2 for the relay.
    condition     = output.concurrency.total == 192 && output.concurrency.relay == 16
    error_message = "Expected 192 invocations at once, 16 of them the relay's, found ${jsonencode(output.concurrency)}."
  }

  # ---- who may send, and only by TLS

  assert {
    condition = toset(keys(output.resource_policies)) == toset(concat(
      ["bucket inbox", "bucket work", "topic alarms"],
      flatten([for queue in ["uploads", "chunks", "rows", "work", "finished", "audits"] : ["queue ${queue}", "queue ${queue}-dlq"]]),
    ))
    error_message = "Expected the policies of two buckets, twelve queues and a topic, found: ${join(", ", keys(output.resource_policies))}"
  }

  assert {
    condition = alltrue([
      for name, policy in output.resource_policies : length([
        for statement in jsondecode(policy).Statement : statement
        if statement.Effect == "Deny" && statement.Principal == "*" && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
        && contains(["s3:*", "sqs:*", "sns:Publish"], one(statement.Action))
      ]) == 1
    ])
    error_message = "Expected every bucket, queue and topic to refuse what does not come by TLS."
  }

  assert {
    condition = {
      for name, policy in output.resource_policies : name => [
        for statement in jsondecode(policy).Statement : [statement.Principal.Service, join(",", statement.Action), statement.Resource, jsonencode(statement.Condition)] if statement.Effect == "Allow"
      ] if strcontains(policy, "\"Allow\"")
      } == {
      "queue uploads" = [[
        "s3.amazonaws.com", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads",
        jsonencode({
          ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::sluice-test-inbox-123456789012-eu-west-1" }
          StringEquals = { "aws:SourceAccount" = "123456789012" }
        }),
      ]]
      "queue audits" = [[
        "events.amazonaws.com", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits",
        jsonencode({ ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/sluice-test-search" } }),
        ], [
        "events.amazonaws.com", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits",
        jsonencode({ ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/sluice-test-sweep" } }),
      ]]
      "topic alarms" = [[
        "cloudwatch.amazonaws.com", "sns:Publish", "arn:aws:sns:eu-west-1:123456789012:sluice-test-alarms",
        jsonencode({
          ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*" }
          StringEquals = { "aws:SourceAccount" = "123456789012" }
        }),
      ]]
    }
    error_message = "Expected services to be let in only by the inbox, the two schedules and the alarms, found: ${jsonencode(output.resource_policies)}"
  }

  # ---- what is watched

  assert {
    condition = toset(output.alarm_names) == toset(concat(
      flatten([for queue in ["uploads", "chunks", "rows", "work", "finished", "audits"] : ["sluice-test-${queue}-dlq-depth", "sluice-test-${queue}-stuck"]]),
      [for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : "sluice-test-${stage}-errors"],
      ["sluice-test-rows-table-throttled", "sluice-test-jobs-table-throttled", "sluice-test-functions-throttled", "sluice-test-relay-rows-behind"],
      ["sluice-test-audits-missing"],
      ["sluice-test-jobs-held", "sluice-test-jobs-stalled", "sluice-test-jobs-inconsistent"],
    ))
    error_message = "Expected other alarms, found: ${join(", ", output.alarm_names)}"
  }

  assert {
    condition = {
      for metric, alarm in aws_cloudwatch_metric_alarm.jobs : metric => [alarm.namespace, alarm.metric_name, jsonencode(alarm.dimensions)]
      } == {
      for metric in ["JobsHeld", "JobsStalled", "JobsInconsistent"] : metric => ["Sluice", metric, jsonencode({ stage = "audit-job", environment = "test" })]
    }
    error_message = "Expected alarms on what audit-job counts, under the dimensions that it writes."
  }

  assert {
    # A quarter of an hour from audit to audit, a minute until a sweep finds the job due, and an audit that waits for its turn.
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.jobs : alarm.datapoints_to_alarm == 1 && alarm.period * alarm.evaluation_periods >= 1800 && alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "Expected one audit to raise an alarm, and half an hour without one to clear it."
  }

  assert {
    condition = [
      aws_cloudwatch_metric_alarm.audits_missing.namespace, aws_cloudwatch_metric_alarm.audits_missing.metric_name,
      aws_cloudwatch_metric_alarm.audits_missing.dimensions.FunctionName, aws_cloudwatch_metric_alarm.audits_missing.statistic,
      aws_cloudwatch_metric_alarm.audits_missing.period, aws_cloudwatch_metric_alarm.audits_missing.evaluation_periods,
      aws_cloudwatch_metric_alarm.audits_missing.comparison_operator, aws_cloudwatch_metric_alarm.audits_missing.threshold,
      aws_cloudwatch_metric_alarm.audits_missing.treat_missing_data,
    ] == ["AWS/Lambda", "Invocations", "sluice-test-audit-job", "Sum", 900, 1, "LessThanThreshold", 1, "breaching"]
    error_message = "Expected an alarm when audit-job is not called for a quarter of an hour, also when there is no data at all."
  }

  assert {
    # A sweep calls it: where sweeps are rarer, silence lasts longer before it means something.
    condition     = aws_cloudwatch_metric_alarm.audits_missing.period >= 3 * 60 * local.sweep_minutes && aws_cloudwatch_metric_alarm.audits_missing.period <= 86400
    error_message = "Expected the alarm to outlast three sweeps."
  }

  assert {
    condition = toset(flatten([
      [aws_cloudwatch_metric_alarm.audits_missing.alarm_actions, aws_cloudwatch_metric_alarm.relay_behind.alarm_actions, aws_cloudwatch_metric_alarm.throttled.alarm_actions],
      values(aws_cloudwatch_metric_alarm.jobs)[*].alarm_actions,
    ])) == toset([output.alarm_topic_arn])
    error_message = "Expected every alarm to tell the topic."
  }

  assert {
    condition = [for query in aws_cloudwatch_metric_alarm.throttled.metric_query : query.expression if query.return_data == true] == ["SUM(METRICS())"] && toset(flatten([
      for query in aws_cloudwatch_metric_alarm.throttled.metric_query : query.metric[*].dimensions.FunctionName
    ])) == toset(values(output.function_names))
    error_message = "Expected the throttles of all seven functions in one sum."
  }

  assert {
    # The questions that docs/runbook.md asks of the dashboard.
    condition = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title] == [
      "Rows a second out of each stage",
      "Dead letters",
      "Messages that wait",
      "Age of the oldest message, in seconds",
      "Rows tried again, rows given up, messages that failed",
      "Rows rejected: into clean-rows, less those out of it",
      "Jobs that need somebody",
      "Uploads noticed, audits made",
      "Errors and throttles",
      "How far the relay is behind, in milliseconds",
      "Invocations at once",
      "Duration, in milliseconds",
      "Write units",
      "Throttled reads and writes",
      "Bytes logged",
    ]
    error_message = "Expected other widgets, found: ${jsonencode([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title])}"
  }

  assert {
    # Of two dimensions no more, or it is another metric that nobody writes.
    condition = alltrue(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for metric in widget.properties.metrics : metric[2] == "stage" && metric[4] == "environment" && metric[5] == "test" && length(metric) == 7
        if try(metric[0] == "Sluice", false)
      ]
    ]))
    error_message = "Expected the pipeline's own metrics under the dimensions that it writes."
  }

  assert {
    # CloudWatch refuses a dashboard that names an id twice in a widget, or one in an expression that is not there.
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : (
        length([for metric in widget.properties.metrics : metric[length(metric) - 1].id if can(metric[length(metric) - 1].id)]) == length(distinct([for metric in widget.properties.metrics : metric[length(metric) - 1].id if can(metric[length(metric) - 1].id)]))
        && length(setsubtract(
          flatten([for metric in widget.properties.metrics : regexall("\\b[a-z]+[0-9]*\\b", metric[0].expression) if can(metric[0].expression)]),
          [for metric in widget.properties.metrics : metric[length(metric) - 1].id if can(metric[length(metric) - 1].id)],
        )) == 0
      )
    ])
    error_message = "Expected every name in an expression of the dashboard to be that of a metric in the same widget."
  }

  # ---- profiles, protection, keys

  assert {
    condition     = aws_s3_object.profiles.content == "[{\"prefix\":\"\"}]" && aws_s3_object.profiles.key == output.function_environments.split-file.PROFILES_KEY
    error_message = "Expected the profiles under the key that split-file is told."
  }

  assert {
    condition     = length(module.key) == 0 && output.key_policy == null
    error_message = "Expected no key of our own."
  }
}

run "permissions" {
  command = plan

  module {
    source = "./tests/matrix"
  }

  variables {
    policies = run.service.function_policies
  }

  assert {
    condition = alltrue(flatten([
      for function, resources in output.matrix : [
        for resource, actions in resources : resource != "everything" || (function == "audit-job" && join(",", actions) == "cloudwatch:GetMetricStatistics")
      ]
    ]))
    error_message = "Expected nobody to be allowed anything on every resource but reading metrics, which CloudWatch knows no narrower."
  }

  assert {
    condition     = alltrue(flatten([for resources in output.matrix : [for actions in resources : [for action in actions : !strcontains(action, "*") && !strcontains(action, "Delete") || action == "sqs:DeleteMessage"]]]))
    error_message = "Expected actions by name, and none that deletes but acknowledging a message."
  }

  assert {
    condition = {
      for function, resources in output.matrix : function => [for action in try(resources["table rows"], []) : action if action != "dynamodb:BatchGetItem"]
      if contains(keys(resources), "table rows")
      } == {
      store-rows  = ["dynamodb:PartiQLInsert"]
      finish-rows = ["dynamodb:PartiQLUpdate"]
      audit-job   = ["dynamodb:Query"]
    }
    error_message = "Expected one writer of new rows and one of outcomes."
  }

  assert {
    condition     = alltrue([for resources in output.matrix : !anytrue([for resource in keys(resources) : strcontains(resource, "-dlq") || strcontains(resource, " if ") || strcontains(resource, "arn:")])])
    error_message = "Expected no function to reach a dead-letter queue, nor what the matrix cannot name: ${jsonencode(output.matrix)}"
  }
}

run "cmk" {
  command = plan

  module {
    source = "./pipeline"
  }

  variables {
    encryption = "cmk"
  }

  assert {
    condition = [
      for statement in jsondecode(output.key_policy).Statement : [
        statement.Sid, jsonencode(statement.Principal), join(",", statement.Action), jsonencode(try(statement.Condition, {})),
      ]
      ] == [
      ["Account", jsonencode({ AWS = "arn:aws:iam::123456789012:root" }), "kms:*", "{}"],
      [
        "Logs", jsonencode({ Service = "logs.eu-west-1.amazonaws.com" }),
        "kms:Decrypt*,kms:Describe*,kms:Encrypt*,kms:GenerateDataKey*,kms:ReEncrypt*",
        jsonencode({ ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-*" } }),
      ],
      [
        "Alarms", jsonencode({ Service = "cloudwatch.amazonaws.com" }), "kms:Decrypt,kms:GenerateDataKey*",
        jsonencode({ StringEquals = { "aws:SourceAccount" = "123456789012" } }),
      ],
      [
        "MessagesAudits", jsonencode({ Service = "events.amazonaws.com" }), "kms:Decrypt,kms:GenerateDataKey",
        jsonencode({ ArnEquals = { "kms:EncryptionContext:aws:sqs:arn" = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-audits" } }),
      ],
      [
        "MessagesUploads", jsonencode({ Service = "s3.amazonaws.com" }), "kms:Decrypt,kms:GenerateDataKey",
        jsonencode({ ArnEquals = { "kms:EncryptionContext:aws:sqs:arn" = "arn:aws:sqs:eu-west-1:123456789012:sluice-test-uploads" } }),
      ],
    ]
    error_message = "Expected the account, the logs, the alarms and both senders of messages to be let use the key, found: ${output.key_policy}"
  }

  assert {
    condition     = output.function_environments == run.service.function_environments && output.resource_policies == run.service.resource_policies
    error_message = "Expected the key to change nothing else."
  }
}

run "permissions_with_a_key" {
  command = plan

  module {
    source = "./tests/matrix"
  }

  variables {
    policies = run.cmk.function_policies
  }

  assert {
    condition = {
      for function, resources in output.matrix : function => { for resource, actions in resources : resource => actions if !startswith(resource, "key") }
    } == run.permissions.matrix
    error_message = "Expected the key to add what concerns the key alone."
  }
}

run "a_larger_budget" {
  command = plan

  module {
    source = "./pipeline"
  }

  variables {
    write_units_per_second = 40001
  }

  assert {
    # ceil(40,001 / 2 / 250) = 81; 2 x 41 shards x 2.
    condition     = output.concurrency.mappings.store-rows == 81 && output.concurrency.mappings.finish-rows == 81 && output.concurrency.relay == 164 && output.concurrency.total == 5 + 50 + 81 + 100 + 81 + 5 + 164
    error_message = "Expected concurrency to follow the budget, found ${jsonencode(output.concurrency)}."
  }

  assert {
    condition     = alltrue([for stage in ["store-rows", "finish-rows"] : output.function_environments[stage].WRITE_UNITS_PER_SECOND == "40001" && output.function_environments[stage].MAXIMUM_CONCURRENCY == "81"])
    error_message = "Expected both writing stages to be told the budget and how many share it."
  }
}

run "a_smaller_budget" {
  command = plan

  module {
    source = "./pipeline"
  }

  variables {
    write_units_per_second = 100
  }

  assert {
    condition     = output.concurrency.mappings.store-rows == 2 && output.concurrency.mappings.finish-rows == 2 && output.concurrency.relay == 16
    error_message = "Expected 2, the least a mapping takes, and the shards of a new table, found ${jsonencode(output.concurrency)}."
  }
}

run "another_environment" {
  command = plan

  module {
    source = "./pipeline"
  }

  variables {
    environment = "prod"
  }

  assert {
    condition = alltrue([
      for name in flatten([
        values(output.function_names), values(output.function_role_names), output.alarm_names, output.inbox_bucket, output.work_bucket,
        output.rows_table, output.jobs_table, output.dashboard_name, values(aws_cloudwatch_event_rule.audits)[*].name, values(module.queues)[*].name, values(module.queues)[*].dlq_name,
      ]) : startswith(name, "sluice-prod")
    ])
    error_message = "Expected prefix and environment in every name, so that two environments fit one account."
  }
}

run "sources" {
  command = plan

  module {
    source = "./tests/sources"
  }

  variables {
    allowed = concat(run.permissions.rows, run.permissions_with_a_key.key_rows)
    alarms  = [for name in run.service.alarm_names : trimprefix(name, "sluice-test-")]
  }

  assert {
    condition = output.waits == {
      split_file   = "clean_rows"
      audit_job    = "clean_rows"
      clean_rows   = "store_rows"
      store_rows   = "relay_rows"
      relay_rows   = "process_rows"
      process_rows = "finish_rows"
    }
    error_message = "Expected each function to be updated after the one it sends to, found: ${jsonencode(output.waits)}"
  }

  assert {
    condition     = length(output.loose) == 0
    error_message = "Expected these from their modules, which make them safe: ${join(", ", output.loose)}"
  }

  # The two tables of README.md are the exact ones: function, actions, resource.
  assert {
    condition     = length(setsubtract(var.allowed, output.readme)) == 0
    error_message = "Expected README.md to say all that the functions may do, found these rows missing:\n${join("\n", setsubtract(var.allowed, output.readme))}"
  }

  assert {
    condition     = length(setsubtract(output.readme, var.allowed)) == 0
    error_message = "Expected README.md to say only what the functions may do, found these rows besides:\n${join("\n", setsubtract(output.readme, var.allowed))}"
  }

  assert {
    condition     = length(output.undocumented) == 0
    error_message = "Expected README.md to have a row for: ${join(", ", output.undocumented)}"
  }

  assert {
    condition     = length(setsubtract(var.alarms, output.listed)) == 0 && length(setsubtract(output.listed, var.alarms)) == 0
    error_message = "Expected README.md to list the alarms that there are, found missing: ${join(", ", setsubtract(var.alarms, output.listed))}; besides: ${join(", ", setsubtract(output.listed, var.alarms))}"
  }

  assert {
    condition     = length(output.sections) == 10 && length(output.unwritten) == 0
    error_message = "Expected docs/runbook.md to have every section that an alarm names, found missing: ${join(", ", output.unwritten)}"
  }
}
