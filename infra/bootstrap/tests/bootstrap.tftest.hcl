mock_provider "aws" {
  source = "../tests/mocks"
}

run "makes_the_bucket_of_the_account_and_region" {
  command = plan

  assert {
    condition     = output.artifacts_bucket == "sluice-artifacts-123456789012-eu-west-1"
    error_message = "Expected a name of account and region, found ${output.artifacts_bucket}."
  }
}

run "takes_another_name" {
  command = plan

  variables {
    bucket            = "team-bundles"
    protect           = false
    s3_use_path_style = true
  }

  assert {
    condition     = output.artifacts_bucket == "team-bundles"
    error_message = "Expected the name as given, found ${output.artifacts_bucket}."
  }
}

run "refuses_a_name_that_s3_does_not_take" {
  command = plan

  variables {
    bucket = "Team_Bundles"
  }

  expect_failures = [var.bucket]
}
