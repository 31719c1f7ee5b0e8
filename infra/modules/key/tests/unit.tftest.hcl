mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "sluice-test"
  account = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  protect = true
  queue_senders = {
    uploads = { service = "s3.amazonaws.com", queue_arn = "arn:aws:sqs:eu-west-1:123456789012:uploads" }
  }
}

run "rotates_and_stays_for_a_while" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30 && aws_kms_alias.this.name == "alias/sluice-test"
    error_message = "Expected a key that rotates, and that can be called back for 30 days."
  }
}

run "lets_each_sender_encrypt_for_its_queue_alone" {
  command = plan

  assert {
    condition = jsonencode([for statement in jsondecode(output.policy).Statement : statement if startswith(statement.Sid, "Messages")]) == jsonencode([{
      Sid       = "MessagesUploads"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
      Condition = { ArnEquals = { "kms:EncryptionContext:aws:sqs:arn" = "arn:aws:sqs:eu-west-1:123456789012:uploads" } }
    }])
    error_message = "Expected S3 to use the key for messages into uploads alone, found: ${output.policy}"
  }

  assert {
    # Whoever made the key without the account in it could never change it again.
    condition     = [for statement in jsondecode(output.policy).Statement : [statement.Principal.AWS, join(",", statement.Action)] if statement.Sid == "Account"] == [["arn:aws:iam::123456789012:root", "kms:*"]]
    error_message = "Expected the account to keep its own key."
  }
}

run "goes_sooner_when_it_is_not_protected" {
  command = plan

  variables {
    protect = false
  }

  assert {
    condition     = aws_kms_key.this.deletion_window_in_days == 7
    error_message = "Expected the shortest window that AWS allows."
  }
}
