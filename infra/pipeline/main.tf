# The composition. Each file here is one question: what there is (storage, queues), who may do what (functions), what feeds
# whom (mappings), what is watched (alarms, dashboard). Every number comes from wiring.json, which the code reads too.

locals {
  wiring = jsondecode(file("${path.module}/../wiring.json"))
  stages = local.wiring.stages
  name   = "${var.prefix}-${var.environment}"

  # Stages by the queue that feeds them; the relay has none.
  consumers = { for stage, settings in local.stages : settings.queue => stage if can(settings.queue) }

  # Half the budget each for new rows and for results; an invocation writes about 250 rows a second.
  write_concurrency = max(2, ceil(var.write_units_per_second / 2 / 250))

  maximum_concurrency = {
    for stage in values(local.consumers) : stage => contains(["store-rows", "finish-rows"], stage) ? local.write_concurrency : local.stages[stage].maximumConcurrency
  }

  # A stream has a shard per partition of its table: one per 1,000 write units a second, four in a new table, twice as many
  # while they split.
  relay_reserve = 2 * max(4, ceil(var.write_units_per_second / 1000)) * local.stages["relay-rows"].parallelizationFactor

  key_arn = one(module.key[*].arn)
}

module "key" {
  source = "../modules/key"
  count  = var.encryption == "cmk" ? 1 : 0

  name    = local.name
  account = var.account
  protect = var.protect
  queue_senders = {
    uploads = { service = "s3.amazonaws.com", queue_arn = local.queue_arns.uploads }
    audits  = { service = "events.amazonaws.com", queue_arn = local.queue_arns.audits }
  }
}

module "alarm_topic" {
  source = "../modules/topic"

  name    = "${local.name}-alarms"
  account = var.account
  email   = var.alarm_email
  key_arn = local.key_arn
}
