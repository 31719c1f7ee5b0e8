# What feeds whom. No mapping over a queue has a filter: SQS deletes what a filter does not match.

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.consumers

  event_source_arn                   = module.queues[each.key].arn
  function_name                      = local.functions[each.value].arn
  batch_size                         = local.stages[each.value].batchSize
  maximum_batching_window_in_seconds = local.stages[each.value].windowSeconds
  # Without it Lambda deletes what the function reported as failed.
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    # Bounded here and not by reserved concurrency, which spends receives on throttled invocations.
    maximum_concurrency = local.maximum_concurrency[each.value]
  }
}

resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn                   = module.rows.stream_arn
  function_name                      = module.relay_rows.arn
  batch_size                         = local.stages["relay-rows"].batchSize
  maximum_batching_window_in_seconds = local.stages["relay-rows"].windowSeconds
  parallelization_factor             = local.stages["relay-rows"].parallelizationFactor
  function_response_types            = ["ReportBatchItemFailures"]
  # LATEST can lose what is written while the mapping is made.
  starting_position = "TRIM_HORIZON"

  # A record that cannot be relayed must not hold up its shard for the day a stream lasts: batches are halved down to it,
  # and it is set aside. On a queue it would be its metadata only.
  bisect_batch_on_function_error = true
  maximum_record_age_in_seconds  = local.stages["relay-rows"].maximumRecordAgeSeconds
  maximum_retry_attempts         = local.stages["relay-rows"].maximumRetryAttempts

  destination_config {
    on_failure {
      destination_arn = module.work.arn
    }
  }

  # New rows only: the update that finishes a row must not send it round again. The code checks that too.
  filter_criteria {
    filter {
      pattern = jsonencode({
        eventName = ["INSERT"]
        dynamodb  = { NewImage = { status = { S = ["PENDING"] } } }
      })
    }
  }
}
