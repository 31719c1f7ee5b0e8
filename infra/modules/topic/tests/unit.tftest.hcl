mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "sluice-test-alarms"
  account = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  email   = null
  key_arn = null
}

run "takes_alarms_of_the_account_by_tls" {
  command = plan

  assert {
    condition = jsonencode(jsondecode(aws_sns_topic_policy.this.policy).Statement) == jsonencode([
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["sns:Publish"]
        Resource  = "arn:aws:sns:eu-west-1:123456789012:mock"
        Condition = {
          StringEquals = { "aws:SourceAccount" = "123456789012" }
          ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*" }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sns:Publish"]
        Resource  = "arn:aws:sns:eu-west-1:123456789012:mock"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ])
    error_message = "Expected the account's alarms alone, by TLS, found: ${aws_sns_topic_policy.this.policy}"
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && aws_sns_topic.this.kms_master_key_id == null
    error_message = "Expected no subscription, and no key that CloudWatch could not use."
  }
}

run "tells_an_address_when_there_is_one" {
  command = plan

  variables {
    email   = "team@example.com"
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/ours"
  }

  assert {
    condition     = [for subscription in aws_sns_topic_subscription.email : [subscription.protocol, subscription.endpoint, subscription.topic_arn]] == [["email", "team@example.com", "arn:aws:sns:eu-west-1:123456789012:mock"]]
    error_message = "Expected alarms to go to the address."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/ours"
    error_message = "Expected alarms under the key."
  }
}
