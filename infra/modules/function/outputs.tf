output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_name" {
  description = "Name of the role, for a processor that needs permissions of its own."
  value       = aws_iam_role.this.name
}

output "timeout_seconds" {
  description = "Time an invocation may take."
  value       = aws_lambda_function.this.timeout
}

output "memory_megabytes" {
  description = "Memory."
  value       = aws_lambda_function.this.memory_size
}

output "environment" {
  description = "The environment variables as they are applied."
  value       = aws_lambda_function.this.environment[0].variables
}

output "policy" {
  description = "The role's policy as it is applied, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = [aws_cloudwatch_metric_alarm.errors.alarm_name]
}
