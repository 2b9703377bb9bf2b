# The least that a deployment says.

alert_emails    = ["imaging-operators@example.org"]
facilities_file = "examples/facilities.yaml"
facility_members = {
  example-hospital = ["serviceAccount:sender@example-hospital.iam.gserviceaccount.com"]
}
project         = "example-imaging"
region          = "europe-west3"
rotation_start  = "2030-01-01T00:00:00Z"
secret_versions = { pseudonym-key = "1" }
