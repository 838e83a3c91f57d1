"""What the AWS emulator holds of CloudWatch Logs in us-east-1, before the first test."""

import time

GROUPS = {"/ecs/checkout": 30, "/ecs/catalog": None, "/aws/lambda/payments": 7}


def plant(client) -> None:
    """Makes it, with clients by `client("service")`."""
    logs = client("logs")
    for name, days in GROUPS.items():
        logs.create_log_group(logGroupName=name)
        if days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    logs.create_log_stream(logGroupName="/ecs/checkout", logStreamName="app/1")
    now = int(time.time() * 1000) - 60_000
    lines = [{"timestamp": now + n, "message": f"ERROR payment {n} failed after {n}00 ms"} for n in range(9)]
    lines.append({"timestamp": now + 10, "message": "ready"})
    logs.put_log_events(logGroupName="/ecs/checkout", logStreamName="app/1", logEvents=lines)
