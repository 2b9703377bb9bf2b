variable "queries" {
  description = "The views by dataset and name, each with its query, whose first line is a comment that says what it holds."
  type        = map(string)
}
