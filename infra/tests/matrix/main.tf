# For the tests: policies as people read them.

variable "policies" {
  description = "Policies by function, as JSON, of a deployment sluice-test in account 123456789012, eu-west-1."
  type        = map(string)
}

locals {
  grants = flatten([
    for function, policy in var.policies : [
      for statement in jsondecode(policy).Statement : [
        for resource in statement.Resource : [
          for action in statement.Action : {
            function = function
            action   = action
            resource = join("", [
              replace(replace(replace(replace(replace(replace(replace(replace(
                resource,
                "/^arn:aws:sqs:eu-west-1:123456789012:sluice-test-/", "queue "),
                "/^arn:aws:dynamodb:eu-west-1:123456789012:table/sluice-test-/", "table "),
                "/^arn:aws:s3:::sluice-test-([a-z]+)-123456789012-eu-west-1/", "bucket $1"),
                "/^arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/sluice-test-${function}:\\*$/", "its log"),
                "/^arn:aws:kms:eu-west-1:123456789012:key/.*/", "key"),
                "/^arn:aws:events:eu-west-1:123456789012:event-bus\\//", "event bus "),
                "/^\\*$/", "everything"),
              "/^table ([a-z]+)/stream/\\*$/", "stream of table $1"),
              # Any other condition, or another effect, makes it another resource, so that it is seen.
              !can(statement.Condition) ? ""
              : can(regex("^\\{\"StringEquals\":\\{\"kms:ViaService\":\"[^\"]*\"\\}\\}$", jsonencode(statement.Condition)))
              ? " through ${split(".", statement.Condition.StringEquals["kms:ViaService"])[0]}"
              : can(regex("^\\{\"StringEquals\":\\{\"events:detail-type\":\"[^\"]*\",\"events:source\":\"[^\"]*\"\\}\\}$", jsonencode(statement.Condition)))
              ? ", ${statement.Condition.StringEquals["events:detail-type"]} of ${statement.Condition.StringEquals["events:source"]}"
              : " if ${jsonencode(statement.Condition)}",
              statement.Effect == "Allow" ? "" : " ${statement.Effect}",
            ])
          }
        ]
      ]
    ]
  ])

  matrix = {
    for function in keys(var.policies) : function => {
      for resource in distinct([for grant in local.grants : grant.resource if grant.function == function]) : resource => sort(distinct([
        for grant in local.grants : grant.action if grant.function == function && grant.resource == resource
      ]))
    }
  }

  rows = flatten([
    for function in ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"] : [
      for resource, actions in local.matrix[function] : {
        text   = "| ${function} | ${join(", ", [for action in actions : "`${action}`"])} | ${resource} |"
        is_key = startswith(resource, "key")
      }
    ]
  ])
}

output "matrix" {
  description = "Actions by function and resource."
  value       = local.matrix
}

output "rows" {
  description = "The same as rows of a table in Markdown, without what concerns the key."
  value       = [for row in local.rows : row.text if !row.is_key]
}

output "key_rows" {
  description = "What concerns the key, likewise."
  value       = [for row in local.rows : row.text if row.is_key]
}
