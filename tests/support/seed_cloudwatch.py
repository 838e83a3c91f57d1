"""What the AWS emulator holds of CloudWatch in us-east-1, before the first test."""

import json
from datetime import datetime, timedelta, timezone

SERVICES = {"checkout": 80.0, "catalog": 20.0, "payments": 30.0}


def plant(client) -> None:
    """Makes it, with clients by `client("service")`: an hour of three services' load, two alarms, a dashboard."""
    cloudwatch = client("cloudwatch")
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    for minutes in range(60, 0, -1):
        cloudwatch.put_metric_data(
            Namespace="Shop/Tests",
            MetricData=[
                {
                    "MetricName": "Load",
                    "Dimensions": [{"Name": "Service", "Value": service}],
                    "Timestamp": now - timedelta(minutes=minutes),
                    "Value": load + minutes % 3,
                }
                for service, load in SERVICES.items()
            ],
        )
    for service, threshold in [("checkout", 70.0), ("catalog", 90.0)]:
        cloudwatch.put_metric_alarm(
            AlarmName=f"tests-{service}-load",
            AlarmDescription=f"{service} has too much to do",
            Namespace="Shop/Tests",
            MetricName="Load",
            Dimensions=[{"Name": "Service", "Value": service}],
            Statistic="Average",
            Period=60,
            EvaluationPeriods=3,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=["arn:aws:sns:us-east-1:123456789012:on-call"],
        )
    cloudwatch.set_alarm_state(AlarmName="tests-checkout-load", StateValue="ALARM", StateReason="It is too much.")
    widget = {
        "type": "metric",
        "properties": {
            "title": "Load",
            "region": "us-east-1",
            "period": 60,
            "metrics": [["Shop/Tests", "Load", "Service", "checkout"], ["...", "catalog"]],
        },
    }
    cloudwatch.put_dashboard(DashboardName="tests-shop", DashboardBody=json.dumps({"widgets": [widget]}))
