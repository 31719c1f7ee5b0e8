mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "sluice-test-alarms"
  account = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  email   = null
  key_arn = null
}

run "refuses_a_name_with_a_slash" {
  command = plan

  variables {
    name = "sluice/alarms"
  }

  expect_failures = [var.name]
}

run "refuses_an_address_that_is_none" {
  command = plan

  variables {
    email = "team"
  }

  expect_failures = [var.email]
}
