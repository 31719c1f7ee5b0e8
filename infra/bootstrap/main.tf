# The bucket that `make build-and-upload` puts bundles into: one per account and region, for every environment there. It is
# made before anything else, and by itself, so that the state of the pipeline never holds what its functions are made from.

provider "aws" {
  s3_use_path_style = var.s3_use_path_style

  default_tags {
    tags = { application = "sluice" }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = {
    id        = data.aws_caller_identity.current.account_id
    partition = data.aws_partition.current.partition
    region    = data.aws_region.current.id
  }
}

module "artifacts" {
  source = "../modules/bucket"

  name    = coalesce(var.bucket, "sluice-artifacts-${local.account.id}-${local.account.region}")
  account = local.account
  key_arn = null
  protect = var.protect
}
