module "inbox" {
  source = "../modules/bucket"

  name    = "${local.name}-inbox-${var.account.id}-${var.account.region}"
  account = var.account
  areas   = { files = "*" }
  # A job reads the version it was planned for, also when that has been overwritten since.
  noncurrent_days = 30
  key_arn         = local.key_arn
  protect         = var.protect
}

# Areas as packages/core/src/identity.ts makes the keys. Lambda writes what a stream gave up under aws/lambda/ only, but
# makes no mapping for a role that may not put anywhere in the bucket (third party: it is said so in no document of AWS).
module "work" {
  source = "../modules/bucket"

  name    = "${local.name}-work-${var.account.id}-${var.account.region}"
  account = var.account
  areas = {
    profiles         = "config/profiles-*"
    rejects          = "jobs/*/rejects/*"
    rejects_csv      = "jobs/*/rejects.csv"
    rejects_ndjson   = "jobs/*/rejects.ndjson"
    rejects_manifest = "jobs/*/rejects.manifest.json"
    search           = "state/search.json"
    staged           = "jobs/*/staged.csv"
    stream_failures  = "*"
  }
  # What the stream gave up is repaired from the source within a day; it is kept for people to look at.
  expirations     = merge({ "aws/lambda/" = 30 }, var.work_retention_days == null ? {} : { "jobs/" = var.work_retention_days })
  noncurrent_days = 7
  key_arn         = local.key_arn
  protect         = var.protect
}

resource "aws_s3_object" "profiles" {
  bucket       = module.work.name
  key          = "config/profiles-${sha256(var.profiles_json)}.json"
  content      = var.profiles_json
  content_type = "application/json"

  # Functions that still start with the old profiles must find them.
  lifecycle {
    create_before_destroy = true
  }
}

module "rows" {
  source = "../modules/table"

  name            = "${local.name}-rows"
  account         = var.account
  hash_key        = "pk"
  range_key       = { name = "row", type = "N" }
  has_stream      = true
  key_arn         = local.key_arn
  protect         = var.protect
  alarm_topic_arn = module.alarm_topic.arn
}

module "jobs" {
  source = "../modules/table"

  name      = "${local.name}-jobs"
  account   = var.account
  hash_key  = "pk"
  range_key = { name = "sk", type = "S" }
  # On the job's item only. `open`: until it has ended and that was told, by when its next audit is due. `created`: every job, by
  # when it was created, for whoever operates the pipeline; no function reads it.
  sparse_indexes = {
    open    = { name = "auditAt", type = "N" }
    created = { name = "createdAt", type = "N" }
  }
  has_stream      = false
  key_arn         = local.key_arn
  protect         = var.protect
  alarm_topic_arn = module.alarm_topic.arn
}
