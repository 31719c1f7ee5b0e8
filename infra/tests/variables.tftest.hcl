# What the root takes, what it refuses, and what it makes of it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "test"
  artifacts = {
    bucket = "bundles"
    functions = {
      for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] :
      stage => { key = "${stage}/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    }
  }
}

run "as_little_as_possible" {
  command = plan

  assert {
    condition     = jsondecode(jsonencode(local.profiles)) == [{ prefix = "" }]
    error_message = "Expected one profile for every key, without a schema, found: ${jsonencode(local.profiles)}"
  }

  assert {
    condition     = local.write_units == 4000 && local.write_units == jsondecode(file("wiring.json")).pipeline.writeUnitsPerSecond
    error_message = "Expected the write budget of wiring.json."
  }

  assert {
    condition = [output.inbox_bucket, output.work_bucket, output.rows_table, output.jobs_table, output.environment, output.dashboard_name] == [
      "sluice-test-inbox-123456789012-eu-west-1", "sluice-test-work-123456789012-eu-west-1", "sluice-test-rows", "sluice-test-jobs", "test", "sluice-test",
    ]
    error_message = "Expected names of prefix and environment."
  }

  assert {
    condition = alltrue([
      for urls in [output.queue_urls, output.dead_letter_queue_urls] : toset(keys(urls)) == toset(["uploads", "chunks", "rows", "work", "finished", "audits"])
    ])
    error_message = "Expected the URLs of six queues and six dead-letter queues."
  }

  assert {
    condition = output.function_names == {
      for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : stage => "sluice-test-${stage}"
    }
    error_message = "Expected seven functions."
  }

  assert {
    condition     = length(output.alarm_names) == 26
    error_message = "Expected 26 alarms, as README.md counts them, found ${length(output.alarm_names)}."
  }
}

run "as_much_as_possible" {
  command = plan

  variables {
    prefix                 = "bulk-load-eu"
    environment            = "production12"
    write_units_per_second = 40000
    account_concurrency    = 5000
    encryption             = "cmk"
    protect                = false
    alarm_email            = "team@example.com"
    log_level              = "WARN"
    log_retention_days     = 365
    log_sample_rate        = 1
    work_retention_days    = 30
    s3_use_path_style      = true
    profiles = {
      "invoices/" = {
        schema             = "{\"columns\": {\"id\": {\"type\": \"integer\", \"required\": true}, \"city\": {\"values\": [\"Ulm\", \"Bonn\"]}}, \"ragged\": \"pad\"}"
        delimiter          = ";"
        encoding           = "windows-1252"
        header             = false
        max_rejected_ratio = 0.05
        limit              = 1000
      }
      "transactions/" = { schema = "tests/schemas/transactions.json", delimiter = "\t" }
      ""              = {}
    }
  }

  assert {
    condition = jsonencode(local.profiles) == jsonencode([
      { prefix = "" },
      {
        prefix           = "invoices/"
        schema           = { columns = { id = { type = "integer", required = true }, city = { values = ["Ulm", "Bonn"] } }, ragged = "pad" }
        delimiter        = ";"
        encoding         = "windows-1252"
        header           = false
        maxRejectedRatio = 0.05
        limit            = 1000
      },
      { prefix = "transactions/", schema = { columns = { amount = { type = "decimal" } }, unknown = "drop" }, delimiter = "\t" },
    ])
    error_message = "Expected the profiles as the code reads them, schemas in place, found: ${jsonencode(local.profiles)}"
  }

  assert {
    # S3's longest name.
    condition     = length(output.inbox_bucket) <= 63 && output.inbox_bucket == "bulk-load-eu-production12-inbox-123456789012-eu-west-1"
    error_message = "Expected a bucket's name within 63 characters, found ${output.inbox_bucket}."
  }
}

run "just_enough_concurrency" {
  command = plan

  variables {
    account_concurrency = 293
  }

  assert {
    condition     = module.pipeline.concurrency.total == 192
    error_message = "Expected 192 invocations at once, found ${module.pipeline.concurrency.total}."
  }
}

run "refuses_an_account_with_too_little_concurrency" {
  command = plan

  variables {
    account_concurrency = 292
  }

  expect_failures = [var.account_concurrency]
}

run "refuses_a_budget_beyond_the_account" {
  command = plan

  variables {
    write_units_per_second = 200000
  }

  expect_failures = [var.account_concurrency]
}

run "refuses_a_prefix_in_capitals" {
  command = plan

  variables {
    prefix = "Sluice"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_of_13_characters" {
  command = plan

  variables {
    prefix = "sluice-pipeli"
  }

  expect_failures = [var.prefix]
}

run "refuses_a_prefix_that_ends_in_a_hyphen" {
  command = plan

  variables {
    prefix = "sluice-"
  }

  expect_failures = [var.prefix]
}

run "refuses_an_environment_with_a_hyphen" {
  command = plan

  variables {
    environment = "pre-prod"
  }

  expect_failures = [var.environment]
}

run "refuses_an_environment_of_13_characters" {
  command = plan

  variables {
    environment = "productionpro"
  }

  expect_failures = [var.environment]
}

run "refuses_no_environment" {
  command = plan

  variables {
    environment = ""
  }

  expect_failures = [var.environment]
}

run "refuses_no_bundles_bucket" {
  command = plan

  variables {
    artifacts = { bucket = "", functions = { for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : stage => { key = "${stage}/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } } }
  }

  expect_failures = [var.artifacts]
}

run "refuses_bundles_of_six_stages" {
  command = plan

  variables {
    artifacts = { bucket = "bundles", functions = { for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows"] : stage => { key = "${stage}/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } } }
  }

  expect_failures = [var.artifacts]
}

run "refuses_a_hash_in_hexadecimal" {
  command = plan

  variables {
    artifacts = { bucket = "bundles", functions = { for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : stage => { key = "${stage}/1.zip", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } } }
  }

  expect_failures = [var.artifacts]
}

run "refuses_no_profiles" {
  command = plan

  variables {
    profiles = {}
  }

  expect_failures = [var.profiles]
}

run "refuses_a_key_prefix_with_a_slash_first" {
  command = plan

  variables {
    profiles = { "/invoices/" = {} }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_schema_file_that_is_not_there" {
  command = plan

  variables {
    profiles = { "" = { schema = "tests/schemas/none.json" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_schema_file_that_is_no_json" {
  command = plan

  variables {
    profiles = { "" = { schema = "tests/schemas/broken.json" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_schema_text_that_is_no_json" {
  command = plan

  variables {
    profiles = { "" = { schema = "{columns: {}" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_schema_with_an_unknown_property" {
  command = plan

  variables {
    profiles = { "" = { schema = "{\"column\": {}}" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_delimiter_of_two_characters" {
  command = plan

  variables {
    profiles = { "" = { delimiter = "||" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_quote_as_delimiter" {
  command = plan

  variables {
    profiles = { "" = { delimiter = "\"" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_an_encoding_that_is_not_read" {
  command = plan

  variables {
    profiles = { "" = { encoding = "utf-7" } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_rejected_ratio_above_1" {
  command = plan

  variables {
    profiles = { "" = { max_rejected_ratio = 5 } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_rejected_ratio_below_0" {
  command = plan

  variables {
    profiles = { "" = { max_rejected_ratio = -0.1 } }
  }

  expect_failures = [var.profiles]
}

run "refuses_a_limit_of_no_rows" {
  command = plan

  variables {
    profiles = { "" = { limit = 0 } }
  }

  expect_failures = [var.profiles]
}

run "refuses_half_a_row_as_limit" {
  command = plan

  variables {
    profiles = { "" = { limit = 1.5 } }
  }

  expect_failures = [var.profiles]
}

run "refuses_no_write_units" {
  command = plan

  variables {
    write_units_per_second = 0
  }

  expect_failures = [var.write_units_per_second]
}

run "refuses_more_write_units_than_a_mapping_can_use" {
  command = plan

  variables {
    write_units_per_second = 500001
    account_concurrency    = 1000000
  }

  expect_failures = [var.write_units_per_second]
}

run "refuses_half_a_write_unit" {
  command = plan

  variables {
    write_units_per_second = 1000.5
  }

  expect_failures = [var.write_units_per_second]
}

run "refuses_another_encryption" {
  command = plan

  variables {
    encryption = "none"
  }

  expect_failures = [var.encryption]
}

run "refuses_an_address_that_is_none" {
  command = plan

  variables {
    alarm_email = "team"
  }

  expect_failures = [var.alarm_email]
}

run "refuses_another_log_level" {
  command = plan

  variables {
    log_level = "TRACE"
  }

  expect_failures = [var.log_level]
}

run "refuses_a_retention_that_cloudwatch_does_not_offer" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_a_sample_rate_above_1" {
  command = plan

  variables {
    log_sample_rate = 1.5
  }

  expect_failures = [var.log_sample_rate]
}

run "refuses_a_sample_rate_that_is_written_with_an_exponent" {
  command = plan

  variables {
    log_sample_rate = 0.0000001
  }

  expect_failures = [var.log_sample_rate]
}

run "refuses_a_retention_shorter_than_the_repairs" {
  command = plan

  variables {
    work_retention_days = 29
  }

  expect_failures = [var.work_retention_days]
}
