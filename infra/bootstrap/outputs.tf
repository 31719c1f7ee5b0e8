output "artifacts_bucket" {
  description = "Name of the bucket that takes the bundles."
  value       = module.artifacts.name
}
