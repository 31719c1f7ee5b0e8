# The deployment of one environment: checks what it is given and hands it to the pipeline.

provider "aws" {
  s3_use_path_style = var.s3_use_path_style

  default_tags {
    tags = { application = "sluice", environment = var.environment }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  wiring      = jsondecode(file("${path.module}/wiring.json"))
  stages      = keys(local.wiring.stages)
  write_units = coalesce(var.write_units_per_second, local.wiring.pipeline.writeUnitsPerSecond)

  # A schema stands in its profile as JSON text, or in a file, which may begin with a byte order mark.
  schema_texts = {
    for prefix, profile in var.profiles : prefix => trimprefix(
      startswith(trimspace(profile.schema), "{") ? profile.schema : file(pathexpand(profile.schema)), "\ufeff",
    ) if profile.schema != null
  }

  # As the type Profile in packages/core/src/ports/job-store.ts reads them: what is not given is left out.
  profiles = [
    for prefix, profile in var.profiles : {
      for name, value in {
        prefix           = prefix
        schema           = profile.schema == null ? null : jsondecode(local.schema_texts[prefix])
        delimiter        = profile.delimiter
        encoding         = profile.encoding
        header           = profile.header
        maxRejectedRatio = profile.max_rejected_ratio
        limit            = profile.limit
      } : name => value if value != null
    }
  ]
}

module "pipeline" {
  source = "./pipeline"

  prefix      = var.prefix
  environment = var.environment
  account = {
    id        = data.aws_caller_identity.current.account_id
    partition = data.aws_partition.current.partition
    region    = data.aws_region.current.id
  }
  artifacts              = var.artifacts
  profiles_json          = jsonencode(local.profiles)
  write_units_per_second = local.write_units
  encryption             = var.encryption
  protect                = var.protect
  alarm_email            = var.alarm_email
  log_level              = var.log_level
  log_retention_days     = var.log_retention_days
  log_sample_rate        = var.log_sample_rate
  work_retention_days    = var.work_retention_days
}
