# Whom the deployment tells of its events: each target has a subscription of its own, so that a
# receiver which is down delays nobody else, and is told what it missed once it is back.

locals {
  # A filter has 256 bytes; where it does not fit, or there is none, the function decides.
  longest_filter = 256

  target_filters = {
    for name, target in local.targets : name => join(" OR ", [
      for facility in flatten([try(target.facilities, [])]) : "attributes.facility = \"${facility}\""
    ])
  }

  # Nothing is given up by Pub/Sub: the function says when it is too late, and what was published can
  # be replayed for as long as the topic keeps it.
  target_pushes = {
    for stage, function in local.pipeline.functions : stage => {
      for name, target in local.targets : "${stage}-target-${name}" => {
        filter           = length(local.target_filters[name]) <= local.longest_filter ? local.target_filters[name] : ""
        identity         = "target-${name}"
        max_attempts     = null
        oldest_message_s = local.oldest_of_target_s
        path             = "/targets/${name}"
        retention_s      = local.pipeline.topics[function.targets.topic].retention_s
        topic            = google_pubsub_topic.pipeline[function.targets.topic].id
      }
    }
    if can(function.targets)
  }
}
