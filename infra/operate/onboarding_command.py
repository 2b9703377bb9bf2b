"""`onboard`: what it is told on the command line, and what it prints."""

import argparse
import os

from infra.operate.cloud import Cloud
from infra.operate.onboarding import Onboarding
from infra.operate.printing import print_table
from infra.operate.reidentification import facilities_of
from shared.runtime.environment import Environment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `onboard` takes."""
    parser.add_argument("--facility", required=True, help="its name in the registry")


def onboard(cloud: Cloud, options: argparse.Namespace) -> int:
    """Print what the facility, and who grants it access, must know."""
    found = Onboarding.of(cloud, facilities_of(Environment(os.environ)), options.facility)
    print_table(("how what it sends is treated", ""), found.policies())
    print("\nOne of these in the file of variables, then `terraform apply`:\n")
    for line in found.for_the_operator():
        print(f"  {line}")
    print("\nTell the facility:\n")
    print_table(("to", "do"), found.for_the_facility())
    return 0
