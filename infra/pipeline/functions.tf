# Who may do what. Each function has a role of its own with the actions its ports need (the Pick<...> types of
# packages/<stage>/src/<stage>.ts), on the resources it needs them on. A function's permissions read as its code's calls do.
#
# A function waits for the one it sends to, so that an update reaches readers of a message before its writers: readers
# take the version they write and the one before.

locals {
  queues = { for name, queue in module.queues : name => queue.allows }

  # The ledger's port, JobStore, as packages/core/src/aws/job-store.ts carries it out.
  ledger = {
    create_job    = module.jobs.allows.put
    get_job       = module.jobs.allows.get
    change_job    = module.jobs.allows.update
    take_lease    = module.jobs.allows.put
    release_lease = module.jobs.allows.update
    put_chunks    = module.jobs.allows.put
    put_counts    = module.jobs.allows.update
    close_chunk   = module.jobs.allows.update
    put_marks     = module.jobs.allows.put
    list_chunks   = module.jobs.allows.query
    list_marks    = module.jobs.allows.query
    list_due      = module.jobs.allows.query_open
    note_file     = module.jobs.allows.put
    has_file      = module.jobs.allows.get
  }

  # As packages/core/src/aws/events.ts sends it.
  completion = { source = "sluice", detail-type = "job completed" }

  artifacts = {
    for stage, bundle in var.artifacts.functions : stage => { bucket = var.artifacts.bucket, key = bundle.key, sha256 = bundle.sha256 }
  }

  environment = {
    ENVIRONMENT     = var.environment
    LOG_LEVEL       = var.log_level
    LOG_SAMPLE_RATE = tostring(var.log_sample_rate)
  }

  write_budget = {
    WRITE_UNITS_PER_SECOND = tostring(var.write_units_per_second)
    MAXIMUM_CONCURRENCY    = tostring(local.write_concurrency)
  }
}

module "split_file" {
  source     = "../modules/function"
  depends_on = [module.clean_rows]

  name        = "${local.name}-split-file"
  description = "Plans an uploaded file: chunks on record boundaries, a message each"
  environment = merge(local.environment, {
    UPLOADS_QUEUE_URL = module.queues["uploads"].url
    CHUNKS_QUEUE_URL  = module.queues["chunks"].url
    JOBS_TABLE        = module.jobs.name
    WORK_BUCKET       = module.work.name
    PROFILES_KEY      = aws_s3_object.profiles.key
  })
  statements = concat(
    local.queues.uploads.consume,
    local.queues.chunks.send,
    module.inbox.allows.read.files,
    module.work.allows.read.profiles,
    module.work.allows.read.staged,
    module.work.allows.upload.staged,
    local.ledger.create_job,
    local.ledger.get_job,
    local.ledger.change_job,
    local.ledger.take_lease,
    local.ledger.release_lease,
    local.ledger.put_chunks,
    local.ledger.put_marks,
    local.ledger.note_file,
  )
  artifact           = local.artifacts["split-file"]
  timeout_seconds    = local.stages["split-file"].timeoutSeconds
  memory_megabytes   = local.stages["split-file"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

module "clean_rows" {
  source     = "../modules/function"
  depends_on = [module.store_rows]

  name        = "${local.name}-clean-rows"
  description = "Cleans the rows of a chunk: good ones on, bad ones into a reject object"
  environment = merge(local.environment, {
    CHUNKS_QUEUE_URL = module.queues["chunks"].url
    ROWS_QUEUE_URL   = module.queues["rows"].url
    JOBS_TABLE       = module.jobs.name
    WORK_BUCKET      = module.work.name
  })
  statements = concat(
    local.queues.chunks.consume,
    local.queues.rows.send,
    module.inbox.allows.read.files,
    module.work.allows.read.staged,
    module.work.allows.put.rejects,
    local.ledger.get_job,
    local.ledger.change_job,
    local.ledger.put_counts,
    local.ledger.put_marks,
    local.ledger.list_chunks,
  )
  artifact           = local.artifacts["clean-rows"]
  timeout_seconds    = local.stages["clean-rows"].timeoutSeconds
  memory_megabytes   = local.stages["clean-rows"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

module "store_rows" {
  source     = "../modules/function"
  depends_on = [module.relay_rows]

  name        = "${local.name}-store-rows"
  description = "Inserts each row that does not exist"
  environment = merge(local.environment, local.write_budget, {
    ROWS_QUEUE_URL = module.queues["rows"].url
    ROWS_TABLE     = module.rows.name
    JOBS_TABLE     = module.jobs.name
  })
  statements = concat(
    local.queues.rows.consume,
    # Rows of a pack that failed go back alone.
    local.queues.rows.send,
    module.rows.allows.insert_statements,
    module.rows.allows.get_batch,
    local.ledger.put_marks,
  )
  artifact           = local.artifacts["store-rows"]
  timeout_seconds    = local.stages["store-rows"].timeoutSeconds
  memory_megabytes   = local.stages["store-rows"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

module "relay_rows" {
  source     = "../modules/function"
  depends_on = [module.process_rows]

  name        = "${local.name}-relay-rows"
  description = "Sends new rows from the table's stream on"
  environment = merge(local.environment, {
    WORK_QUEUE_URL = module.queues["work"].url
    JOBS_TABLE     = module.jobs.name
  })
  statements = concat(
    module.rows.allows.consume_stream,
    local.queues.work.send,
    # What the mapping gives up is written with the function's role.
    module.work.allows.put.stream_failures,
    module.work.allows.list,
    local.ledger.get_job,
    local.ledger.put_marks,
  )
  artifact           = local.artifacts["relay-rows"]
  timeout_seconds    = local.stages["relay-rows"].timeoutSeconds
  memory_megabytes   = local.stages["relay-rows"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

module "process_rows" {
  source     = "../modules/function"
  depends_on = [module.finish_rows]

  name        = "${local.name}-process-rows"
  description = "Runs the processor over each row"
  environment = merge(local.environment, {
    WORK_QUEUE_URL     = module.queues["work"].url
    FINISHED_QUEUE_URL = module.queues["finished"].url
    JOBS_TABLE         = module.jobs.name
  })
  statements = concat(
    local.queues.work.consume,
    # Rows of a pack that failed go back alone.
    local.queues.work.send,
    local.queues.finished.send,
    local.ledger.get_job,
    local.ledger.put_marks,
  )
  artifact           = local.artifacts["process-rows"]
  timeout_seconds    = local.stages["process-rows"].timeoutSeconds
  memory_megabytes   = local.stages["process-rows"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

module "finish_rows" {
  source = "../modules/function"

  name        = "${local.name}-finish-rows"
  description = "Writes each row's outcome"
  environment = merge(local.environment, local.write_budget, {
    FINISHED_QUEUE_URL = module.queues["finished"].url
    ROWS_TABLE         = module.rows.name
    JOBS_TABLE         = module.jobs.name
  })
  statements = concat(
    local.queues.finished.consume,
    # Rows of a pack that failed go back alone.
    local.queues.finished.send,
    module.rows.allows.update_statements,
    module.rows.allows.get_batch,
    local.ledger.put_marks,
  )
  artifact           = local.artifacts["finish-rows"]
  timeout_seconds    = local.stages["finish-rows"].timeoutSeconds
  memory_megabytes   = local.stages["finish-rows"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

module "audit_job" {
  source = "../modules/function"
  # It sends to `chunks` and `work`.
  depends_on = [module.clean_rows]

  name        = "${local.name}-audit-job"
  description = "Closes chunks, completes jobs, repairs what is open, finds lost uploads"
  environment = merge(local.environment, {
    UPLOADS_QUEUE_URL  = module.queues["uploads"].url
    CHUNKS_QUEUE_URL   = module.queues["chunks"].url
    ROWS_QUEUE_URL     = module.queues["rows"].url
    WORK_QUEUE_URL     = module.queues["work"].url
    FINISHED_QUEUE_URL = module.queues["finished"].url
    AUDITS_QUEUE_URL   = module.queues["audits"].url
    ROWS_TABLE         = module.rows.name
    JOBS_TABLE         = module.jobs.name
    WORK_BUCKET        = module.work.name
    INBOX_BUCKET       = module.inbox.name
  })
  statements = concat(
    local.queues.audits.consume,
    # A sweep becomes a message per job that is due; repairs go to the next two, the events of lost uploads to the last.
    local.queues.audits.send,
    local.queues.chunks.send,
    local.queues.work.send,
    local.queues.uploads.send,
    # Nothing is repaired before every message had its time.
    local.queues.uploads.measure,
    local.queues.chunks.measure,
    local.queues.rows.measure,
    local.queues.work.measure,
    local.queues.finished.measure,
    # CloudWatch knows no narrower resource for reading metrics.
    [{ actions = ["cloudwatch:GetMetricStatistics"], resources = ["*"], via = null }],
    module.work.allows.read.rejects,
    # Rejected rows too long for a reject object are read from the source, or from its staged copy, into the merged file.
    module.inbox.allows.read.files,
    module.work.allows.read.staged,
    module.work.allows.upload.rejects_csv,
    module.work.allows.upload.rejects_ndjson,
    module.work.allows.upload.rejects_manifest,
    # Told to whoever listens when a job ends, with the key of the one that there is.
    module.work.allows.read.rejects_csv,
    module.work.allows.read.rejects_manifest,
    [{
      actions   = ["events:PutEvents"]
      resources = ["arn:${var.account.partition}:events:${var.account.region}:${var.account.id}:event-bus/default"]
      via       = null
      only      = { for name, value in local.completion : "events:${name}" => value }
    }],
    # Uploads that no event was seen of.
    module.inbox.allows.list_versions,
    module.work.allows.read.search,
    module.work.allows.put.search,
    module.rows.allows.query,
    local.ledger.get_job,
    local.ledger.change_job,
    local.ledger.take_lease,
    local.ledger.release_lease,
    local.ledger.close_chunk,
    local.ledger.put_marks,
    local.ledger.list_chunks,
    local.ledger.list_marks,
    local.ledger.list_due,
    local.ledger.has_file,
  )
  artifact           = local.artifacts["audit-job"]
  timeout_seconds    = local.stages["audit-job"].timeoutSeconds
  memory_megabytes   = local.stages["audit-job"].memoryMegabytes
  log_retention_days = var.log_retention_days
  key_arn            = local.key_arn
  alarm_topic_arn    = module.alarm_topic.arn
}

locals {
  functions = {
    split-file   = module.split_file
    clean-rows   = module.clean_rows
    store-rows   = module.store_rows
    relay-rows   = module.relay_rows
    process-rows = module.process_rows
    finish-rows  = module.finish_rows
    audit-job    = module.audit_job
  }
}
