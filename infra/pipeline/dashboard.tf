locals {
  # Stages in the order of the flow, which Terraform's maps do not keep.
  flow = ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"]

  rows_of = {
    for metric in ["RowsOut", "RowsRetried", "RowsDead", "MessagesFailed"] : metric => [
      for stage in local.flow : ["Sluice", metric, "stage", stage, "environment", var.environment, { label = "${stage} ${metric}" }]
    ]
  }
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
    { title = "Rows out of each stage", stat = "Sum", metrics = local.rows_of.RowsOut },
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
      title   = "Jobs that need somebody"
      stat    = "Sum"
      metrics = [for metric in keys(local.job_alarms) : ["Sluice", metric, "stage", "audit-job", "environment", var.environment, { label = metric }]]
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
