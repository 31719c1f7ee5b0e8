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
    condition     = output.region == "eu-west-1" && output.profiles_key == "config/profiles-${sha256(jsonencode(local.profiles))}.json"
    error_message = "Expected the region and where the functions read the profiles, found: ${output.region}, ${output.profiles_key}"
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
    condition     = length(output.alarm_names) == 27
    error_message = "Expected 27 alarms, as README.md counts them, found ${length(output.alarm_names)}."
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

# One wrong value of each variable a run: a run is slow, and each must be refused by its own variable.

run "refuses_1" {
  command = plan

  variables {
    prefix                 = "Sluice"                                                                                                                                                                                                                                          # in capitals
    environment            = "pre-prod"                                                                                                                                                                                                                                        # with a hyphen
    artifacts              = { bucket = "", functions = { for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : stage => { key = "${stage}/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } } } # without a bucket
    profiles               = {}                                                                                                                                                                                                                                                # without any
    write_units_per_second = 0                                                                                                                                                                                                                                                 # none
    encryption             = "none"                                                                                                                                                                                                                                            # of another kind
    alarm_email            = "team"                                                                                                                                                                                                                                            # without a host
    log_level              = "TRACE"                                                                                                                                                                                                                                           # of another name
    log_retention_days     = 31                                                                                                                                                                                                                                                # that CloudWatch does not offer
    log_sample_rate        = 1.5                                                                                                                                                                                                                                               # above 1
    work_retention_days    = 29                                                                                                                                                                                                                                                # shorter than the repairs
  }

  expect_failures = [var.prefix, var.environment, var.artifacts, var.profiles, var.write_units_per_second, var.encryption, var.alarm_email, var.log_level, var.log_retention_days, var.log_sample_rate, var.work_retention_days]
}

run "refuses_2" {
  command = plan

  variables {
    prefix                 = "sluice-pipeli"                                                                                                                                                                                                                             # of 13 characters
    environment            = "productionpro"                                                                                                                                                                                                                             # of 13 characters
    artifacts              = { bucket = "bundles", functions = { for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows"] : stage => { key = "${stage}/1.zip", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } } } # of six stages
    profiles               = { "/invoices/" = {} }                                                                                                                                                                                                                       # under a prefix that no key has
    write_units_per_second = 1000.5                                                                                                                                                                                                                                      # half a unit
    log_sample_rate        = -0.5                                                                                                                                                                                                                                        # below 0
    work_retention_days    = 30.5                                                                                                                                                                                                                                        # of half a day
  }

  expect_failures = [var.prefix, var.environment, var.artifacts, var.profiles, var.write_units_per_second, var.log_sample_rate, var.work_retention_days]
}

run "refuses_3" {
  command = plan

  variables {
    prefix                 = "sluice-"                                                                                                                                                                                                                                                                    # that ends in a hyphen
    environment            = ""                                                                                                                                                                                                                                                                           # of nothing
    artifacts              = { bucket = "bundles", functions = { for stage in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : stage => { key = "${stage}/1.zip", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } } } # with a hash in hexadecimal
    profiles               = { "" = { schema = "tests/schemas/none.json" } }                                                                                                                                                                                                                              # with a schema that is not there
    write_units_per_second = 500001                                                                                                                                                                                                                                                                       # more than a mapping can use
    log_sample_rate        = 0.0000001                                                                                                                                                                                                                                                                    # that reaches functions as 1e-07
  }

  expect_failures = [var.prefix, var.environment, var.artifacts, var.profiles, var.write_units_per_second, var.log_sample_rate]
}

run "refuses_4" {
  command = plan

  variables {
    profiles = { "" = { schema = "tests/schemas/broken.json" } } # with a file that is no JSON
  }

  expect_failures = [var.profiles]
}

run "refuses_5" {
  command = plan

  variables {
    profiles = { "" = { schema = "{columns: {}" } } # with a text that is no JSON
  }

  expect_failures = [var.profiles]
}

run "refuses_6" {
  command = plan

  variables {
    profiles = { "" = { schema = "{\"column\": {}}" } } # with an unknown property in the schema
  }

  expect_failures = [var.profiles]
}

run "refuses_7" {
  command = plan

  variables {
    profiles = { "" = { delimiter = "||" } } # with a delimiter of two characters
  }

  expect_failures = [var.profiles]
}

run "refuses_8" {
  command = plan

  variables {
    profiles = { "" = { delimiter = "\"" } } # with a quote as delimiter
  }

  expect_failures = [var.profiles]
}

run "refuses_9" {
  command = plan

  variables {
    profiles = { "" = { encoding = "utf-7" } } # in an encoding that is not read
  }

  expect_failures = [var.profiles]
}

run "refuses_10" {
  command = plan

  variables {
    profiles = { "" = { max_rejected_ratio = 5 } } # with a share in percent
  }

  expect_failures = [var.profiles]
}

run "refuses_11" {
  command = plan

  variables {
    profiles = { "" = { max_rejected_ratio = -0.1 } } # with a share below 0
  }

  expect_failures = [var.profiles]
}

run "refuses_12" {
  command = plan

  variables {
    profiles = { "" = { limit = 0 } } # with a limit of no rows
  }

  expect_failures = [var.profiles]
}

run "refuses_13" {
  command = plan

  variables {
    profiles = { "" = { limit = 1.5 } } # with a limit of half a row
  }

  expect_failures = [var.profiles]
}
