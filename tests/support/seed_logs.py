"""What the AWS emulator holds of CloudWatch Logs in us-east-1, before the first test."""


def plant(client) -> None:
    """Makes it, with clients by `client("service")`."""
