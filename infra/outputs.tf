output "environment" {
  description = "Name of the environment."
  value       = var.environment
}

output "region" {
  description = "Region that all of it is in."
  value       = module.pipeline.region
}

output "profiles_key" {
  description = "Key of the profiles in the work bucket, as the functions read them."
  value       = module.pipeline.profiles_key
}

output "inbox_bucket" {
  description = "Bucket that files are uploaded to."
  value       = module.pipeline.inbox_bucket
}

output "work_bucket" {
  description = "Bucket of reject objects, staged copies, profiles, and stream records that were given up."
  value       = module.pipeline.work_bucket
}

output "rows_table" {
  description = "Table of the rows."
  value       = module.pipeline.rows_table
}

output "jobs_table" {
  description = "Table of the jobs: the ledger."
  value       = module.pipeline.jobs_table
}

output "queue_urls" {
  description = "URLs of the queues, by name."
  value       = module.pipeline.queue_urls
}

output "dead_letter_queue_urls" {
  description = "URLs of the dead-letter queues, by the name of the queue each belongs to."
  value       = module.pipeline.dead_letter_queue_urls
}

output "function_names" {
  description = "Names of the functions, by stage."
  value       = module.pipeline.function_names
}

output "function_role_names" {
  description = "Names of the functions' roles, by stage: what a processor of yours may do elsewhere is granted to that of process-rows."
  value       = module.pipeline.function_role_names
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = module.pipeline.alarm_names
}

output "alarm_topic_arn" {
  description = "Topic that the alarms go to; subscribe what else should hear of them."
  value       = module.pipeline.alarm_topic_arn
}

output "completion_pattern" {
  description = "Pattern of an EventBridge rule on the default bus, as JSON: the events of this deployment's jobs that ended."
  value       = module.pipeline.completion_pattern
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.pipeline.dashboard_name
}
