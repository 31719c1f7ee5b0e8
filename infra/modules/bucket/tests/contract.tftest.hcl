mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "sluice-test-inbox"
  account = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  key_arn = null
  protect = true
}

run "refuses_a_name_in_capitals" {
  command = plan

  variables {
    name = "Inbox"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_of_64_characters" {
  command = plan

  variables {
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  expect_failures = [var.name]
}

run "refuses_an_area_with_a_slash_first" {
  command = plan

  variables {
    areas = { files = "/files/*" }
  }

  expect_failures = [var.areas]
}

run "refuses_an_area_of_nothing" {
  command = plan

  variables {
    areas = { files = "" }
  }

  expect_failures = [var.areas]
}

run "refuses_an_expiration_of_no_days" {
  command = plan

  variables {
    expirations = { "jobs/" = 0 }
  }

  expect_failures = [var.expirations]
}

run "refuses_half_a_day_of_old_versions" {
  command = plan

  variables {
    noncurrent_days = 0.5
  }

  expect_failures = [var.noncurrent_days]
}
