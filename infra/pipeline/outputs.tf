output "region" {
  description = "Region that all of it is in."
  value       = var.account.region
}

output "profiles_key" {
  description = "Key of the profiles in the work bucket, as the functions read them."
  value       = aws_s3_object.profiles.key
}

output "inbox_bucket" {
  description = "Name of the bucket that files are uploaded to."
  value       = module.inbox.name
}

output "work_bucket" {
  description = "Name of the bucket of reject objects, staged copies, profiles, and stream records that were given up."
  value       = module.work.name
}

output "rows_table" {
  description = "Name of the table of the rows."
  value       = module.rows.name
}

output "jobs_table" {
  description = "Name of the table of the jobs."
  value       = module.jobs.name
}

output "queue_urls" {
  description = "URLs of the queues, by name."
  value       = { for name, queue in module.queues : name => queue.url }
}

output "dead_letter_queue_urls" {
  description = "URLs of the dead-letter queues, by the name of the queue each belongs to."
  value       = { for name, queue in module.queues : name => queue.dlq_url }
}

output "function_names" {
  description = "Names of the functions, by stage."
  value       = { for stage, function in local.functions : stage => function.name }
}

output "function_role_names" {
  description = "Names of the functions' roles, by stage."
  value       = { for stage, function in local.functions : stage => function.role_name }
}

output "function_environments" {
  description = "Environment variables of the functions, by stage."
  value       = { for stage, function in local.functions : stage => function.environment }
}

output "function_policies" {
  description = "Policies of the functions' roles, by stage, as JSON."
  value       = { for stage, function in local.functions : stage => function.policy }
}

output "resource_policies" {
  description = "Policies of buckets, queues and topic, by their kind and name, as JSON."
  value = merge(
    { "bucket inbox" = module.inbox.policy, "bucket work" = module.work.policy, "topic alarms" = module.alarm_topic.policy },
    merge([for name, queue in module.queues : { "queue ${name}" = queue.policies.queue, "queue ${name}-dlq" = queue.policies.dlq }]...),
  )
}

output "key_policy" {
  description = "Policy of the KMS key, as JSON; null without one."
  value       = one(module.key[*].policy)
}

output "concurrency" {
  description = "Invocations at once: of each mapping at most, of the relay by its shards, and in all."
  value = {
    mappings = local.maximum_concurrency
    relay    = local.relay_reserve
    total    = sum(values(local.maximum_concurrency)) + local.relay_reserve
  }
}

output "alarm_names" {
  description = "Names of the alarms."
  value = sort(concat(
    [aws_cloudwatch_metric_alarm.relay_behind.alarm_name, aws_cloudwatch_metric_alarm.throttled.alarm_name, aws_cloudwatch_metric_alarm.audits_missing.alarm_name],
    values(aws_cloudwatch_metric_alarm.jobs)[*].alarm_name,
    flatten([for queue in module.queues : queue.alarm_names]),
    flatten([for function in local.functions : function.alarm_names]),
    module.rows.alarm_names,
    module.jobs.alarm_names,
  ))
}

output "completion_pattern" {
  description = "Pattern of an EventBridge rule, as JSON: the events of this deployment's jobs that ended."
  value = jsonencode({
    source      = [local.completion.source]
    detail-type = [local.completion.detail-type]
    # Every deployment sends to the account's one default bus.
    detail = { file = { bucket = [module.inbox.name] } }
  })
}

output "alarm_topic_arn" {
  description = "ARN of the topic that the alarms go to."
  value       = module.alarm_topic.arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
