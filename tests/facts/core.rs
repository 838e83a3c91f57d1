//! Who the caller is, and what is wrong anywhere.

use serde_json::json;

use crate::row::Row;
use crate::world::find;

pub const EMULATED: &[Row] = &[
    Row {
        tool: "aws_get_account_info",
        told: |aws| {
            let query = "{account: account_id, arn: arn, user: user_id, region: region}";
            aws.tell("aws_get_account_info", json!({}), query)
        },
        read: |aws| {
            let answer = aws.read_with("sts:GetCallerIdentity", json!({}), json!({}));
            let query = "{account: result.Account, arn: result.Arn, user: result.UserId, region: target.region}";
            find(&answer, query)
        },
    },
    Row {
        tool: "aws_validate_credentials",
        told: |aws| {
            aws.tell("aws_validate_credentials", json!({}), "[valid, account_id, arn, region]")
        },
        read: |aws| {
            let answer = aws.read_with("sts:GetCallerIdentity", json!({}), json!({}));
            find(&answer, "[result.Arn != null, result.Account, result.Arn, target.region]")
        },
    },
];

pub const SHOP: &[Row] = &[Row {
    tool: "aws_health_overview",
    told: |aws| {
        let query = "{firing: alarms.firing, newest: alarms.newest[].[name, since, reason],
            services: [services.of, services.looked_at],
            below: sort_by(services.below_desired, &service)[].[service, running, desired],
            running: instances.running, impaired: instances.impaired[].instance_id,
            databases: databases.databases, full: databases.trouble[].[instance_id, status, free_storage_percent],
            cost: [cost.yesterday, cost.amount, cost.usual, cost.change_percent]}";
        aws.tell("aws_health_overview", json!({}), query)
    },
    read: |aws| {
        let alarms = aws.read(
            "cloudwatch:DescribeAlarms",
            json!({"StateValue": "ALARM"}),
            "reverse(sort_by(MetricAlarms, &StateTransitionedTimestamp))[].[AlarmName, StateTransitionedTimestamp,
                StateReason]",
        );
        let cluster = aws.read("ecs:ListClusters", json!({}), "clusterArns[0]");
        let names = aws.read("ecs:ListServices", json!({"cluster": cluster}), "serviceArns");
        let services = aws.read(
            "ecs:DescribeServices",
            json!({"cluster": cluster, "services": names}),
            "{all: length(services), below: sort_by(services[?runningCount < desiredCount], &serviceName)[].[
                serviceName, runningCount, desiredCount]}",
        );
        let instances = aws.read(
            "ec2:DescribeInstanceStatus",
            json!({}),
            "{running: length(InstanceStatuses[?InstanceState.Name == 'running']),
                impaired: InstanceStatuses[?SystemStatus.Status == 'impaired'].InstanceId}",
        );
        let databases = aws.read(
            "rds:DescribeDBInstances",
            json!({}),
            "DBInstances[].[DBInstanceIdentifier, DBInstanceStatus, AllocatedStorage]",
        );
        let mut full = Vec::new();
        for database in databases.as_array().unwrap() {
            let [id, status, gib] = database.as_array().unwrap().as_slice() else {
                panic!("{database}")
            };
            let free = aws.read(
                "cloudwatch:GetMetricData",
                json!({"StartTime": "{13:30}", "EndTime": "{14:00}", "MetricDataQueries": [{"Id": "free",
                    "MetricStat": {"Period": 300, "Stat": "Average", "Metric": {"Namespace": "AWS/RDS",
                        "MetricName": "FreeStorageSpace",
                        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": id}]}}}]}),
                "MetricDataResults[0].Values[0]",
            );
            let bytes = gib.as_f64().unwrap() * 1_073_741_824.0;
            let percent = (free.as_f64().unwrap() / bytes * 1_000.0).round() / 10.0;
            if percent < 10.0 {
                full.push(json!([id, status, percent]));
            }
        }
        let costs = aws.read(
            "ce:GetCostAndUsage",
            json!({"TimePeriod": {"Start": "{8}", "End": "{0}"}, "Granularity": "DAILY",
                "Metrics": ["UnblendedCost"]}),
            "{yesterday: ResultsByTime[-1].TimePeriod.Start,
                amount: to_number(ResultsByTime[-1].Total.UnblendedCost.Amount),
                usual: avg(ResultsByTime[:-1].Total.UnblendedCost.Amount.to_number(@))}",
        );
        let (amount, usual) = (costs["amount"].as_f64().unwrap(), costs["usual"].as_f64().unwrap());
        let cents = |amount: f64| (amount * 100.0).round() / 100.0;
        let change = ((amount / usual - 1.0) * 1_000.0).round() / 10.0;
        json!({
            "firing": alarms.as_array().unwrap().len(), "newest": alarms,
            "services": [services["all"], services["all"]], "below": services["below"],
            "running": instances["running"], "impaired": instances["impaired"],
            "databases": databases.as_array().unwrap().len(), "full": full,
            "cost": [costs["yesterday"], cents(amount), cents(usual), change],
        })
    },
}];
