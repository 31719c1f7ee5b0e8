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

run "refuses_a_name_with_a_slash" {
  command = plan

  variables {
    name = "alias/sluice"
  }

  expect_failures = [var.name]
}

run "refuses_an_account_that_is_none" {
  command = plan

  variables {
    account = { id = "123", partition = "aws", region = "eu-west-1" }
  }

  expect_failures = [var.account]
}

run "refuses_a_sender_that_is_no_service" {
  command = plan

  variables {
    queue_senders = { anyone = { service = "*", queue_arn = "arn:aws:sqs:eu-west-1:123456789012:uploads" } }
  }

  expect_failures = [var.queue_senders]
}
