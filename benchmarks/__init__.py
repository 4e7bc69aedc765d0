"""Whole-process timings of the commands, beside Terraform and beside the floor that the service's API sets: `make bench`."""
