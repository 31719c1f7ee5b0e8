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

run "is_on_demand_recoverable_and_protected" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "Expected an on-demand table that can be recovered and not be deleted."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "row" && { for attribute in aws_dynamodb_table.this.attribute : attribute.name => attribute.type } == { pk = "S", row = "N" }
    error_message = "Expected the two keys and no other attribute."
  }

  assert {
    condition     = aws_dynamodb_table.this.stream_enabled && aws_dynamodb_table.this.stream_view_type == "NEW_IMAGE"
    error_message = "Expected a stream of items as they are after the change."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled == false && length(aws_dynamodb_table.this.global_secondary_index) == 0
    error_message = "Expected a key that AWS owns, and no index."
  }

  assert {
    condition = {
      for query in aws_cloudwatch_metric_alarm.throttled.metric_query : query.id => coalesce(query.expression, try("${query.metric[0].stat} ${query.metric[0].metric_name} ${query.metric[0].dimensions.TableName}", "none"))
      } == {
      throttled = "FILL(reads, 0) + FILL(writes, 0)"
      reads     = "Sum ReadThrottleEvents sluice-test-rows"
      writes    = "Sum WriteThrottleEvents sluice-test-rows"
    }
    error_message = "Expected an alarm on throttled reads and writes."
  }
}

run "offers_an_action_per_kind_of_call" {
  command = plan

  assert {
    condition = { for name, statements in output.allows : name => jsonencode(statements) } == {
      for name, offer in {
        get               = [["dynamodb:GetItem"], ""]
        get_batch         = [["dynamodb:BatchGetItem"], ""]
        query             = [["dynamodb:Query"], ""]
        put               = [["dynamodb:PutItem"], ""]
        update            = [["dynamodb:UpdateItem"], ""]
        insert_statements = [["dynamodb:PartiQLInsert"], ""]
        update_statements = [["dynamodb:PartiQLUpdate"], ""]
        consume_stream    = [["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"], "/stream/*"]
      } : name => jsonencode([{ actions = offer[0], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/mock${offer[1]}"], via = null }])
    }
    error_message = "Expected one action per kind of call, found: ${jsonencode(output.allows)}"
  }
}

run "has_the_sparse_indexes_that_are_asked_for" {
  command = plan

  variables {
    range_key      = { name = "sk", type = "S" }
    has_stream     = false
    sparse_indexes = { open = { name = "auditAt", type = "N" }, created = { name = "createdAt", type = "N" } }
  }

  assert {
    condition = toset([for index in aws_dynamodb_table.this.global_secondary_index : join(" ", [index.name, index.hash_key, index.range_key, index.projection_type])]) == toset([
      "created created createdAt KEYS_ONLY",
      "open open auditAt KEYS_ONLY",
    ])
    error_message = "Expected indexes over the attributes, sorted by the others, with the keys alone."
  }

  assert {
    condition     = { for attribute in aws_dynamodb_table.this.attribute : attribute.name => attribute.type } == { pk = "S", sk = "S", open = "S", auditAt = "N", created = "S", createdAt = "N" }
    error_message = "Expected the keys of table and indexes and no other attribute."
  }

  assert {
    condition = aws_dynamodb_table.this.stream_enabled == false && { for name in ["open", "created"] : name => jsonencode(output.allows["query_${name}"]) } == {
      for name in ["open", "created"] : name => jsonencode([{ actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/mock/index/${name}"], via = null }])
    }
    error_message = "Expected no stream, and permission to query each index, found: ${jsonencode(output.allows)}"
  }
}

run "encrypts_with_a_key_when_there_is_one" {
  command = plan

  variables {
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/ours"
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/ours"
    error_message = "Expected the table under the key."
  }

  assert {
    condition = alltrue([
      for name, statements in output.allows : jsonencode(statements[1]) == jsonencode({
        actions   = contains(["put", "update", "insert_statements", "update_statements"], name) ? ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"] : ["kms:Decrypt", "kms:DescribeKey"]
        resources = ["arn:aws:kms:eu-west-1:123456789012:key/ours"]
        via       = "dynamodb.eu-west-1.amazonaws.com"
      })
    ])
    error_message = "Expected readers and writers to get what the key asks of them, found: ${jsonencode(output.allows)}"
  }
}

run "can_be_deleted_when_it_is_not_protected" {
  command = plan

  variables {
    protect = false
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled == false && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "Expected the table to be deletable, and still recoverable."
  }
}
