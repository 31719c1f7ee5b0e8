# What no module can watch by itself. Queues, tables and functions bring their own alarms.

resource "aws_cloudwatch_metric_alarm" "relay_behind" {
  alarm_name          = "${module.relay_rows.name}-behind"
  alarm_description   = "New rows wait in the table's stream for more than 15 minutes; after 24 hours they are gone from it. See docs/runbook.md, \"The relay is behind\"."
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = { FunctionName = module.relay_rows.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 900000 # milliseconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.alarm_topic.arn]
  ok_actions          = [module.alarm_topic.arn]
}

# One for all functions: they share the account's concurrency, so they are throttled together.
resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name          = "${local.name}-functions-throttled"
  alarm_description   = "Functions of ${local.name} have been throttled for 15 minutes. See docs/runbook.md, \"Functions are throttled\"."
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.alarm_topic.arn]
  ok_actions          = [module.alarm_topic.arn]

  metric_query {
    id          = "throttles"
    label       = "Throttled invocations"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.functions

    content {
      id = replace(metric_query.key, "-", "_")

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        dimensions  = { FunctionName = metric_query.value.name }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

# Nothing completes, is repaired or found unless audit-job is called, and what is not called has no errors. It is called by every
# sweep at least; where the schedule is off, the queue lets nobody in or Lambda refuses, nothing else tells. Missing data is that.
resource "aws_cloudwatch_metric_alarm" "audits_missing" {
  alarm_name          = "${local.name}-audits-missing"
  alarm_description   = "audit-job of ${local.name} has not been called for ${local.audit_silence_minutes} minutes: no job completes. See docs/runbook.md, \"Audits do not run\"."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = module.audit_job.name }
  statistic           = "Sum"
  period              = local.audit_silence_minutes * 60
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [module.alarm_topic.arn]
  ok_actions          = [module.alarm_topic.arn]
}

locals {
  # A quarter of an hour, or three sweeps where they are rare.
  audit_silence_minutes = max(15, 3 * local.sweep_minutes)

  # Metrics of audit-job, counted in every audit of a job that stands so.
  job_alarms = {
    JobsHeld         = { name = "jobs-held", says = "Jobs are HELD: every row is accounted for, some are dead and wait for a redrive or to be dropped.", section = "A job is held" }
    JobsStalled      = { name = "jobs-stalled", says = "Jobs are STALLED: rows are open after every repair.", section = "A job is stalled" }
    JobsInconsistent = { name = "jobs-inconsistent", says = "Jobs are INCONSISTENT: a ledger does not add up.", section = "A job is inconsistent" }
  }
}

resource "aws_cloudwatch_metric_alarm" "jobs" {
  for_each = local.job_alarms

  alarm_name        = "${local.name}-${each.value.name}"
  alarm_description = "${each.value.says} See docs/runbook.md, \"${each.value.section}\"."
  namespace         = "Sluice"
  metric_name       = each.key
  dimensions        = { stage = "audit-job", environment = var.environment }
  statistic         = "Sum"
  # Raised by one audit, and not cleared before there could have been another: jobs that wait for somebody are audited every
  # quarter of an hour.
  period              = 300
  evaluation_periods  = 6
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.alarm_topic.arn]
  ok_actions          = [module.alarm_topic.arn]
}
