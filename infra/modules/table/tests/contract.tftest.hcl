mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "sluice-test-rows"
  account         = { id = "123456789012", partition = "aws", region = "eu-west-1" }
  hash_key        = "pk"
  range_key       = { name = "row", type = "N" }
  has_stream      = true
  key_arn         = null
  protect         = true
  alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:alarms"
}

run "refuses_a_name_of_two_characters" {
  command = plan

  variables {
    name = "ab"
  }

  expect_failures = [var.name]
}

run "refuses_no_partition_key" {
  command = plan

  variables {
    hash_key = ""
  }

  expect_failures = [var.hash_key]
}

run "refuses_a_sort_key_of_another_type" {
  command = plan

  variables {
    range_key = { name = "row", type = "B" }
  }

  expect_failures = [var.range_key]
}

run "refuses_an_index_sorted_by_another_type" {
  command = plan

  variables {
    sparse_indexes = { open = { name = "auditAt", type = "N" }, created = { name = "createdAt", type = "B" } }
  }

  expect_failures = [var.sparse_indexes]
}

run "refuses_an_index_that_every_item_is_in" {
  command = plan

  variables {
    sparse_indexes = { pk = { name = "createdAt", type = "N" } }
  }

  expect_failures = [var.sparse_indexes]
}

run "refuses_an_index_sorted_by_a_key_of_the_table" {
  command = plan

  variables {
    sparse_indexes = { open = { name = "row", type = "N" } }
  }

  expect_failures = [var.sparse_indexes]
}

run "refuses_two_indexes_over_the_same_attribute" {
  command = plan

  variables {
    sparse_indexes = { open = { name = "auditAt", type = "N" }, created = { name = "auditAt", type = "N" } }
  }

  expect_failures = [var.sparse_indexes]
}
