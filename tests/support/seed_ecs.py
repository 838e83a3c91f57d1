"""What the AWS emulator holds of ECS in us-east-1, before the first test."""


def plant(client) -> None:
    """Makes it, with clients by `client("service")`."""
    ecs = client("ecs")
    for cluster in ("shop", "lab"):
        ecs.create_cluster(clusterName=cluster, settings=[{"name": "containerInsights", "value": "disabled"}])
    for revision in (1, 2):
        register(ecs, "checkout", revision)
    register(ecs, "catalog", 1)
    for service, count in (("checkout", 3), ("catalog", 0)):
        ecs.create_service(
            cluster="shop", serviceName=service, taskDefinition=service, desiredCount=count, launchType="FARGATE"
        )
    for number in range(23):
        ecs.create_service(cluster="lab", serviceName=f"lab-{number}", taskDefinition="catalog", desiredCount=0)


def register(ecs, family: str, revision: int) -> None:
    """One revision of a family; its secrets are those that must not come out."""
    ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "app",
                "image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{family}:{revision}",
                "memory": 512,
                "portMappings": [{"containerPort": 8080}],
                "environment": [
                    {"name": "LOG_LEVEL", "value": "info"},
                    {"name": "DB_PASSWORD", "value": "plantedL8dKLz/ocJ2isAj+hKtJ0Rlg/KOmxgJTe"},
                ],
                "secrets": [
                    {
                        "name": "API_KEY",
                        "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:api-key-AbCdEf",
                    }
                ],
            }
        ],
    )
