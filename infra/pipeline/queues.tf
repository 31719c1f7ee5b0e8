locals {
  # Written out: the key must know the queues that it encrypts before they are made.
  queue_arns = {
    for queue, _ in local.consumers : queue => "arn:${var.account.partition}:sqs:${var.account.region}:${var.account.id}:${local.name}-${queue}"
  }

  senders = {
    uploads = { s3 = { service = "s3.amazonaws.com", source_arn = module.inbox.arn, source_account = var.account.id } }
    # A rule's ARN holds the account; EventBridge is not documented to name it besides.
    audits = { for kind, rule in aws_cloudwatch_event_rule.audits : kind => { service = "events.amazonaws.com", source_arn = rule.arn } }
  }
}

module "queues" {
  source   = "../modules/queue"
  for_each = local.consumers

  name    = "${local.name}-${each.key}"
  account = var.account
  consumer = {
    timeout_seconds = local.stages[each.value].timeoutSeconds
    window_seconds  = local.stages[each.value].windowSeconds
  }
  max_receive_count = local.stages[each.value].maxReceiveCount
  senders           = lookup(local.senders, each.key, {})
  key_arn           = local.key_arn
  alarm_topic_arn   = module.alarm_topic.arn
}

# The whole bucket: a profile that is added later needs nothing here, and a file under no profile is left alone by the code.
resource "aws_s3_bucket_notification" "uploads" {
  bucket = module.inbox.name

  queue {
    queue_arn = module.queues["uploads"].arn
    events    = ["s3:ObjectCreated:*"]
  }
}

locals {
  sweep_minutes = max(1, floor(local.wiring.pipeline.auditEverySeconds / 60))

  # By the kind of message, as sweepBody and searchBody in packages/core/src/messages.ts.
  schedules = {
    sweep = {
      does = "Has every job audited that is due"
      rate = "rate(${local.sweep_minutes} ${local.sweep_minutes == 1 ? "minute" : "minutes"})"
    }
    search = {
      does = "Has uploads found whose event was lost"
      rate = "rate(1 hour)"
    }
  }
}

resource "aws_cloudwatch_event_rule" "audits" {
  for_each = local.schedules

  name                = "${local.name}-${each.key}"
  description         = each.value.does
  schedule_expression = each.value.rate
}

resource "aws_cloudwatch_event_target" "audits" {
  for_each = local.schedules

  rule  = aws_cloudwatch_event_rule.audits[each.key].name
  arn   = module.queues["audits"].arn
  input = "{\"v\":1,\"kind\":\"${each.key}\"}"
}
