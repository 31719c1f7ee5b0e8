output "arn" {
  description = "ARN of the topic."
  value       = aws_sns_topic.this.arn
}

output "policy" {
  description = "The topic's policy as it is applied, as JSON."
  value       = aws_sns_topic_policy.this.policy
}
