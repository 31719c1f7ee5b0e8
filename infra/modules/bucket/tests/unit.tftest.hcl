mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "sluice-test-inbox"
  account = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  key_arn = null
  protect = true
}

run "is_private_versioned_and_encrypted" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Expected every kind of public access to be blocked."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Expected access lists to count for nothing."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Expected versions to be kept."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Expected objects under S3's own keys."
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy == false
    error_message = "Expected a bucket that holds objects not to be destroyed."
  }
}

run "refuses_what_does_not_come_by_tls" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == jsonencode([{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:*"]
      Resource  = ["arn:aws:s3:::mock", "arn:aws:s3:::mock/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
    error_message = "Expected bucket and objects to be reached by TLS only, found: ${aws_s3_bucket_policy.this.policy}"
  }
}

run "clears_leftovers_away_and_expires_what_it_is_told" {
  command = plan

  variables {
    expirations     = { "aws/lambda/" = 30, "jobs/" = 90 }
    noncurrent_days = 7
  }

  assert {
    condition = [
      aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation,
      aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days,
      aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].expired_object_delete_marker,
    ] == [7, 7, true]
    error_message = "Expected uploads that were given up and old versions to go after 7 days, and what marks a deleted object with its last version."
  }

  assert {
    condition = {
      for rule in slice(aws_s3_bucket_lifecycle_configuration.this.rule, 1, 3) : rule.filter[0].prefix => rule.expiration[0].days
    } == { "aws/lambda/" = 30, "jobs/" = 90 }
    error_message = "Expected objects to be deleted by their prefix."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.status == "Enabled"])
    error_message = "Expected every rule to be in force."
  }
}

run "offers_permissions_by_area" {
  command = plan

  variables {
    areas = { rejects = "jobs/*/rejects/*" }
  }

  assert {
    condition = jsonencode(output.allows) == jsonencode({
      read = { rejects = [
        { actions = ["s3:GetObject", "s3:GetObjectVersion"], resources = ["arn:aws:s3:::mock/jobs/*/rejects/*"], via = null },
        { actions = ["s3:ListBucket"], resources = ["arn:aws:s3:::mock"], via = null },
      ] }
      put           = { rejects = [{ actions = ["s3:PutObject"], resources = ["arn:aws:s3:::mock/jobs/*/rejects/*"], via = null }] }
      upload        = { rejects = [{ actions = ["s3:AbortMultipartUpload", "s3:PutObject"], resources = ["arn:aws:s3:::mock/jobs/*/rejects/*"], via = null }] }
      list          = [{ actions = ["s3:ListBucket"], resources = ["arn:aws:s3:::mock"], via = null }]
      list_versions = [{ actions = ["s3:ListBucketVersions"], resources = ["arn:aws:s3:::mock"], via = null }]
    })
    error_message = "Expected what each capability needs in the area and no more, found: ${jsonencode(output.allows)}"
  }
}

run "encrypts_with_a_key_when_there_is_one" {
  command = plan

  variables {
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/ours"
    areas   = { files = "*" }
  }

  assert {
    condition = [for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : [
      rule.bucket_key_enabled, rule.apply_server_side_encryption_by_default[0].sse_algorithm, rule.apply_server_side_encryption_by_default[0].kms_master_key_id,
    ]] == [[true, "aws:kms", "arn:aws:kms:eu-west-1:123456789012:key/ours"]]
    error_message = "Expected objects under the key, which is asked once per bucket and not per object."
  }

  assert {
    condition = jsonencode([for kind in [output.allows.read, output.allows.put, output.allows.upload] : [for statement in kind.files : statement.actions if statement.via == "s3.eu-west-1.amazonaws.com"]]) == jsonencode([
      [["kms:Decrypt"]], [["kms:Decrypt", "kms:GenerateDataKey"]], [["kms:Decrypt", "kms:GenerateDataKey"]],
    ])
    error_message = "Expected readers and writers to get what the key asks of them, found: ${jsonencode(output.allows)}"
  }
}

run "can_be_destroyed_when_it_is_not_protected" {
  command = plan

  variables {
    protect = false
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy == true
    error_message = "Expected the bucket to go with all it holds."
  }
}
