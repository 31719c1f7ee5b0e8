output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "policy" {
  description = "The bucket's policy as it is applied, as JSON."
  value       = aws_s3_bucket_policy.this.policy
}

locals {
  via = "s3.${var.account.region}.amazonaws.com"
  kms_read = var.key_arn == null ? [] : [
    { actions = ["kms:Decrypt"], resources = [var.key_arn], via = local.via },
  ]
  # S3 reads its own key back when an upload has several parts.
  kms_write = var.key_arn == null ? [] : [
    { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.key_arn], via = local.via },
  ]
}

output "allows" {
  description = "Capabilities by area, as policy statements. read: any version, and 404 (not 403) for what is gone; put: whole objects; upload: also in parts; list: the keys; list_versions: all of their versions."
  value = {
    read = {
      for area, pattern in var.areas : area => concat([
        { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["${aws_s3_bucket.this.arn}/${pattern}"], via = null },
        # Without it S3 answers 403 for a key that does not exist.
        { actions = ["s3:ListBucket"], resources = [aws_s3_bucket.this.arn], via = null },
      ], local.kms_read)
    }
    put = {
      for area, pattern in var.areas : area => concat([
        { actions = ["s3:PutObject"], resources = ["${aws_s3_bucket.this.arn}/${pattern}"], via = null },
      ], local.kms_write)
    }
    upload = {
      for area, pattern in var.areas : area => concat([
        { actions = ["s3:AbortMultipartUpload", "s3:PutObject"], resources = ["${aws_s3_bucket.this.arn}/${pattern}"], via = null },
      ], local.kms_write)
    }
    list          = [{ actions = ["s3:ListBucket"], resources = [aws_s3_bucket.this.arn], via = null }]
    list_versions = [{ actions = ["s3:ListBucketVersions"], resources = [aws_s3_bucket.this.arn], via = null }]
  }
}
