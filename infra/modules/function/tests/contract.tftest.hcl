mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "sluice-test-store-rows"
  description        = "Inserts each row that does not exist"
  artifact           = { bucket = "bundles", key = "store-rows/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  timeout_seconds    = 60
  memory_megabytes   = 1024
  environment        = { ENVIRONMENT = "test" }
  statements         = [{ actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-west-1:123456789012:rows"] }]
  log_retention_days = 30
  key_arn            = null
  alarm_topic_arn    = "arn:aws:sns:eu-west-1:123456789012:alarms"
}

run "refuses_a_name_of_65_characters" {
  command = plan

  variables {
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  expect_failures = [var.name]
}

run "refuses_a_hash_in_hexadecimal" {
  command = plan

  variables {
    artifact = { bucket = "bundles", key = "1.zip", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  }

  expect_failures = [var.artifact]
}

run "refuses_a_timeout_beyond_lambdas" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}

run "refuses_less_memory_than_lambda_gives" {
  command = plan

  variables {
    memory_megabytes = 127
  }

  expect_failures = [var.memory_megabytes]
}

run "refuses_all_actions_of_a_service" {
  command = plan

  variables {
    statements = [{ actions = ["sqs:*"], resources = ["arn:aws:sqs:eu-west-1:123456789012:rows"] }]
  }

  expect_failures = [var.statements]
}

run "refuses_all_actions_there_are" {
  command = plan

  variables {
    statements = [{ actions = ["*"], resources = ["arn:aws:sqs:eu-west-1:123456789012:rows"] }]
  }

  expect_failures = [var.statements]
}

run "refuses_a_statement_about_nothing" {
  command = plan

  variables {
    statements = [{ actions = ["sqs:SendMessage"], resources = [] }]
  }

  expect_failures = [var.statements]
}

run "refuses_a_retention_that_cloudwatch_does_not_offer" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}
