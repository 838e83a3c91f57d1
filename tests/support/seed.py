"""What the AWS emulator holds before the first test: instances in two regions, and a role to assume."""

import json

import boto3

import seed_cloudwatch
import seed_ecs
import seed_logs
import seed_rds

ACCOUNT = "123456789012"

INSTANCES = {
    "us-east-1": [
        ("web-1", "production", "running"),
        ("web-2", "staging", "running"),
        ("batch-1", "production", "stopped"),
        ("old-1", "staging", "terminated"),
    ],
    "eu-west-1": [
        ("web-eu-1", "production", "running"),
        ("batch-eu-1", "staging", "stopped"),
    ],
}


def plant(url: str) -> dict:
    """Makes everything in the emulator at `url`, and returns what was made."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")

    def client(service: str):
        return session.client(service, endpoint_url=url)

    for part in (seed_ecs, seed_rds, seed_cloudwatch, seed_logs):
        part.plant(client)
    return {
        "account_id": ACCOUNT,
        "role_arn": plant_role(session.client("iam", region_name="us-east-1", endpoint_url=url)),
        "regions": {
            region: plant_region(session.client("ec2", region_name=region, endpoint_url=url), instances)
            for region, instances in INSTANCES.items()
        },
    }


def plant_role(iam) -> str:
    """A role that the account itself may assume. Returns its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = iam.create_role(RoleName="tests-reader", AssumeRolePolicyDocument=json.dumps(trust))
    return role["Role"]["Arn"]


def plant_region(ec2, instances) -> dict:
    """One security group, and the instances with a data volume each. Returns their ids by name."""
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    group = ec2.create_security_group(GroupName="tests-web", Description="web servers")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )
    made = {}
    for name, env, state in instances:
        instance = ec2.run_instances(
            ImageId=image,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SecurityGroupIds=[group],
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}, {"Key": "env", "Value": env}]}
            ],
        )["Instances"][0]
        made[name] = instance["InstanceId"]
        zone = instance["Placement"]["AvailabilityZone"]
        volume = ec2.create_volume(AvailabilityZone=zone, Size=8, VolumeType="gp3")["VolumeId"]
        ec2.attach_volume(InstanceId=made[name], VolumeId=volume, Device="/dev/sdf")
        if state == "stopped":
            ec2.stop_instances(InstanceIds=[made[name]])
        if state == "terminated":
            ec2.terminate_instances(InstanceIds=[made[name]])
    return {"image_id": image, "security_group_id": group, "instances": made}
