locals {
  # Stages in the order of the flow, which Terraform's maps do not keep.
  flow = ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"]

  rows_of = {
    for metric in ["RowsRetried", "RowsDead", "MessagesFailed"] : metric => [
      for stage in local.flow : ["Sluice", metric, "stage", stage, "environment", var.environment, { label = "${stage} ${metric}" }]
    ]
  }
  rates = concat([
    for index, stage in local.flow : [
      [{ id = "rate${index}", label = stage, expression = "FILL(rows${index}, 0) / PERIOD(rows${index})" }],
      ["Sluice", "RowsOut", "stage", stage, "environment", var.environment, { id = "rows${index}", visible = false }],
    ]
  ]...)
  of_queue = {
    for metric in ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"] : metric => [
      for queue in keys(local.consumers) : ["AWS/SQS", metric, "QueueName", module.queues[queue].name, { label = queue }]
    ]
  }
  of_function = {
    for metric in ["Errors", "Throttles", "ConcurrentExecutions", "Duration"] : metric => [
      for stage in local.flow : ["AWS/Lambda", metric, "FunctionName", local.functions[stage].name, { label = "${stage} ${metric}" }]
    ]
  }

  # From left to right and from top to bottom, two in a row: first what tells whether all is well.
  widgets = [
    { title = "Rows a second out of each stage", stat = "Sum", metrics = local.rates },
    {
      title   = "Dead letters"
      stat    = "Maximum"
      metrics = [for queue in keys(local.consumers) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", module.queues[queue].dlq_name, { label = queue }]]
    },
    { title = "Messages that wait", stat = "Maximum", metrics = local.of_queue.ApproximateNumberOfMessagesVisible },
    { title = "Age of the oldest message, in seconds", stat = "Maximum", metrics = local.of_queue.ApproximateAgeOfOldestMessage },
    {
      title   = "Rows tried again, rows given up, messages that failed"
      stat    = "Sum"
      metrics = concat(local.rows_of.RowsRetried, local.rows_of.RowsDead, local.rows_of.MessagesFailed)
    },
    {
      # No metric of its own: it would be paid for. A chunk that fails counts here until it is through.
      title = "Rows rejected: into clean-rows, less those out of it"
      stat  = "Sum"
      metrics = [
        [{ id = "rejected", label = "rejected", expression = "FILL(taken, 0) + FILL(again, 0) - FILL(passed, 0)" }],
        ["Sluice", "RowsIn", "stage", "clean-rows", "environment", var.environment, { id = "taken", visible = false }],
        ["Sluice", "RowsRetried", "stage", "clean-rows", "environment", var.environment, { id = "again", visible = false }],
        ["Sluice", "RowsOut", "stage", "clean-rows", "environment", var.environment, { id = "passed", visible = false }],
      ]
    },
    {
      title   = "Jobs that need somebody"
      stat    = "Sum"
      metrics = [for metric in keys(local.job_alarms) : ["Sluice", metric, "stage", "audit-job", "environment", var.environment, { label = metric }]]
    },
    {
      title = "Uploads noticed, audits made"
      stat  = "Sum"
      metrics = [
        ["AWS/SQS", "NumberOfMessagesSent", "QueueName", module.queues["uploads"].name, { label = "events of uploads" }],
        ["AWS/Lambda", "Invocations", "FunctionName", local.functions["audit-job"].name, { label = "calls of audit-job" }],
      ]
    },
    { title = "Errors and throttles", stat = "Sum", metrics = concat(local.of_function.Errors, local.of_function.Throttles) },
    {
      title   = "How far the relay is behind, in milliseconds"
      stat    = "Maximum"
      metrics = [["AWS/Lambda", "IteratorAge", "FunctionName", module.relay_rows.name, { label = "relay-rows" }]]
    },
    { title = "Invocations at once", stat = "Maximum", metrics = local.of_function.ConcurrentExecutions },
    { title = "Duration, in milliseconds", stat = "p99", metrics = local.of_function.Duration },
    {
      title = "Write units"
      stat  = "Sum"
      metrics = [
        for table in [module.rows.name, module.jobs.name] : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", table, { label = table }]
      ]
    },
    {
      title = "Throttled reads and writes"
      stat  = "Sum"
      metrics = concat([
        for table in [module.rows.name, module.jobs.name] : [
          for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] : ["AWS/DynamoDB", metric, "TableName", table, { label = "${table} ${metric}" }]
        ]
      ]...)
    },
    {
      title   = "Bytes logged"
      stat    = "Sum"
      metrics = [for stage in local.flow : ["AWS/Logs", "IncomingBytes", "LogGroupName", "/aws/lambda/${local.functions[stage].name}", { label = stage }]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = [
      for index, widget in local.widgets : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = widget.title
          region  = var.account.region
          view    = "timeSeries"
          period  = 60
          stat    = widget.stat
          metrics = widget.metrics
        }
      }
    ]
  })
}
