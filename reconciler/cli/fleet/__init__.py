"""`plan` and `apply` over several targets: chosen, run side by side each on an island of its own, told in one report."""
