# For the tests: what no plan shows, read from the text.

variable "allowed" {
  description = "What README.md is to say the functions may do, as rows of its tables."
  type        = list(string)
}

variable "alarms" {
  description = "Names of the alarms without that of the deployment, as README.md is to list them."
  type        = list(string)
}

locals {
  infra   = "${path.module}/../.."
  outside = setunion(fileset(local.infra, "*.tf"), fileset(local.infra, "{pipeline,bootstrap}/*.tf"))
  # Each is safe because its module makes it so.
  guarded = [
    "aws_dynamodb_table", "aws_iam_policy", "aws_iam_role", "aws_iam_role_policy", "aws_kms_key", "aws_lambda_function",
    "aws_s3_bucket", "aws_s3_bucket_policy", "aws_sns_topic", "aws_sns_topic_policy", "aws_sqs_queue", "aws_sqs_queue_policy",
  ]

  sections = distinct(flatten([
    for path in setunion(local.outside, fileset(local.infra, "modules/*/main.tf")) : concat(
      regexall("runbook\\.md, \\\\\"([^$\\\\]+)\\\\\"", file("${local.infra}/${path}")),
      regexall("section = \"([^\"]+)\"", file("${local.infra}/${path}")),
    )
  ]))
}

output "loose" {
  description = "Resources that stand outside the module that makes them safe."
  value = flatten([
    for path in local.outside : [for type in local.guarded : "${path}: ${type}" if strcontains(file("${local.infra}/${path}"), "resource \"${type}\"")]
  ])
}

output "waits" {
  description = "Which function is updated after which."
  value = {
    for match in regexall("module \"([a-z_]+)\" \\{[^}]*?depends_on = \\[module\\.([a-z_]+)\\]", file("${local.infra}/pipeline/functions.tf")) : match[0] => match[1]
  }
}

output "readme" {
  description = "What README.md says the functions may do, as rows of its tables."
  value       = regexall("(?m)^\\| (?:split-file|clean-rows|store-rows|relay-rows|process-rows|finish-rows|audit-job) \\| `[a-z0-9]+:.*$", file("${local.infra}/README.md"))
}

output "undocumented" {
  description = "Variables and outputs of the root that README.md has no row for."
  value = [
    for name in flatten(concat(
      regexall("(?m)^variable \"([a-z0-9_]+)\"", file("${local.infra}/variables.tf")),
      regexall("(?m)^output \"([a-z0-9_]+)\"", file("${local.infra}/outputs.tf")),
    )) : name if !can(regex("(?m)^\\| [^|]*`${name}`", file("${local.infra}/README.md")))
  ]
}

locals {
  # What a placeholder in the table of the alarms stands for.
  placeholders = {
    "<queue>" = ["uploads", "chunks", "rows", "work", "finished", "audits"]
    "<stage>" = ["split-file", "clean-rows", "store-rows", "relay-rows", "process-rows", "finish-rows", "audit-job"]
    "<table>" = ["rows", "jobs"]
  }
}

output "listed" {
  description = "Names of the alarms that README.md lists, without that of the deployment."
  value = flatten([
    for match in regexall("(?m)^\\| `<name>-([^`]+)` \\|", file("${local.infra}/README.md")) : [
      for placeholder in [try(regex("<[a-z]+>", match[0]), "")] :
      placeholder == "" ? [match[0]] : [for name in local.placeholders[placeholder] : replace(match[0], placeholder, name)]
    ]
  ])
}

output "sections" {
  description = "Sections of the runbook that alarms name."
  value       = local.sections
}

output "unwritten" {
  description = "Those that docs/runbook.md does not have."
  value       = [for section in local.sections : section if !can(regex("(?m)^## ${section}$", file("${local.infra}/../docs/runbook.md")))]
}
