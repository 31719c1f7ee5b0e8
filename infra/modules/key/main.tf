locals {
  root = "arn:${var.account.partition}:iam::${var.account.id}:root"

  # The services sign with no role of ours, so the key itself must let them in.
  queue_senders = [
    for name, sender in var.queue_senders : {
      Sid       = "Messages${title(name)}"
      Effect    = "Allow"
      Principal = { Service = sender.service }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
      # Not by aws:SourceArn or aws:SourceAccount: not every service passes them on to KMS. Whose messages the queue takes
      # is said by the queue's policy; here the key is bound to that queue, which SQS names in every call.
      Condition = { ArnEquals = { "kms:EncryptionContext:aws:sqs:arn" = sender.queue_arn } }
    }
  ]
}

resource "aws_kms_key" "this" {
  description             = "Everything of ${var.name} at rest"
  enable_key_rotation     = true
  deletion_window_in_days = var.protect ? 30 : 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          # The account's own policies decide who else may use and manage the key: the functions' roles among them.
          Sid       = "Account"
          Effect    = "Allow"
          Principal = { AWS = local.root }
          Action    = ["kms:*"]
          Resource  = "*"
        },
        {
          Sid       = "Logs"
          Effect    = "Allow"
          Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
          Action    = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
          Resource  = "*"
          Condition = {
            ArnLike = {
              "kms:EncryptionContext:aws:logs:arn" = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:/aws/lambda/${var.name}-*"
            }
          }
        },
        {
          Sid       = "Alarms"
          Effect    = "Allow"
          Principal = { Service = "cloudwatch.amazonaws.com" }
          Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
          Resource  = "*"
          Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
        },
      ],
      local.queue_senders,
    )
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
