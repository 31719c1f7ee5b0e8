mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name              = "sluice-test-uploads"
  account           = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  consumer          = { timeout_seconds = 120, window_seconds = 0 }
  max_receive_count = 4
  key_arn           = null
  alarm_topic_arn   = "arn:aws:sns:eu-west-1:123456789012:alarms"
}

run "refuses_a_name_without_room_for_dlq" {
  command = plan

  variables {
    name = "abbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_with_a_dot" {
  command = plan

  variables {
    name = "uploads.fifo"
  }

  expect_failures = [var.name]
}

run "refuses_a_timeout_beyond_the_longest_visibility" {
  command = plan

  variables {
    consumer = { timeout_seconds = 7201, window_seconds = 0 }
  }

  expect_failures = [var.consumer]
}

run "refuses_a_window_beyond_lambdas" {
  command = plan

  variables {
    consumer = { timeout_seconds = 60, window_seconds = 301 }
  }

  expect_failures = [var.consumer]
}

run "refuses_no_delivery_at_all" {
  command = plan

  variables {
    max_receive_count = 0
  }

  expect_failures = [var.max_receive_count]
}

run "refuses_more_deliveries_than_sqs_counts" {
  command = plan

  variables {
    max_receive_count = 1001
  }

  expect_failures = [var.max_receive_count]
}

run "refuses_half_a_delivery" {
  command = plan

  variables {
    max_receive_count = 1.5
  }

  expect_failures = [var.max_receive_count]
}

run "refuses_a_sender_that_is_no_service" {
  command = plan

  variables {
    senders = { anyone = { service = "*", source_arn = "arn:aws:s3:::inbox" } }
  }

  expect_failures = [var.senders]
}

run "refuses_a_sender_for_any_source" {
  command = plan

  variables {
    senders = { s3 = { service = "s3.amazonaws.com", source_arn = "arn:aws:s3:::*" } }
  }

  expect_failures = [var.senders]
}
