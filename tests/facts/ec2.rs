//! EC2: instances listed, told in full, stopped and started.

use std::sync::Once;

use serde_json::{Value, json};

use crate::row::Row;
use crate::support::Moto;
use crate::world::World;

pub const EMULATED: &[Row] = &[
    Row {
        tool: "ec2_list_instances",
        told: |aws| {
            let list = |args: Value, query: &str| aws.tell("ec2_list_instances", args, query);
            let all = "sort_by(instances, &instance_id)[].{id: instance_id, name: name, state: state, type: type,
                az: az, private: private_ip, public: public_ip, launched: launched, vpc: vpc_id, subnet: subnet_id,
                groups: security_group_ids, image: image_id, architecture: architecture, env: tags.env}";
            let tags = json!({"tags": {"Name": ["web-1", "batch-1"]}, "states": ["stopped"]});
            let wild = json!({"filters": {"tag:Name": "web-?", "instance-state-name": "running"}});
            json!({
                "all": list(json!({"region": "eu-west-1", "detail": true}), all),
                "tags": list(tags, "instances[].instance_id"),
                "wild": list(wild, "sort(instances[].name)"),
                "ids": list(json!({"ids": [web()]}), "instances[].[instance_id, name, state]"),
            })
        },
        read: |aws| {
            let all = "sort_by(Reservations[].Instances[], &InstanceId)[].{id: InstanceId,
                name: Tags[?Key=='Name'].Value | [0], state: State.Name, type: InstanceType,
                az: Placement.AvailabilityZone, private: PrivateIpAddress, public: PublicIpAddress,
                launched: LaunchTime, vpc: VpcId, subnet: SubnetId, groups: SecurityGroups[].GroupId,
                image: ImageId, architecture: Architecture, env: Tags[?Key=='env'].Value | [0]}";
            let options = json!({"region": "eu-west-1", "all_pages": true, "query": all});
            let list = |payload: Value, query: &str| {
                let query = format!("Reservations[].Instances[] | {query}");
                aws.read("ec2:DescribeInstances", payload, &query)
            };
            let filter = |name: &str, values: &[&str]| json!({"Name": name, "Values": values});
            let stopped = filter("instance-state-name", &["stopped"]);
            let running = filter("instance-state-name", &["running"]);
            let tags = json!({"Filters": [filter("tag:Name", &["web-1", "batch-1"]), stopped]});
            let wild = json!({"Filters": [filter("tag:Name", &["web-?"]), running]});
            let names = "sort([].Tags[?Key=='Name'].Value[])";
            json!({
                "all": aws.read_with("ec2:DescribeInstances", json!({}), options)["result"],
                "tags": list(tags, "[].InstanceId"),
                "wild": list(wild, names),
                "ids": list(json!({"InstanceIds": [web()]}), "[].[InstanceId, Tags[?Key=='Name'].Value | [0],
                    State.Name]"),
            })
        },
    },
    Row {
        tool: "ec2_list_instances",
        told: |aws| {
            paged(|token| {
                let mut args = json!({"tags": {"paged": "yes"}, "limit": 5});
                args["page_token"] = token;
                aws.tell("ec2_list_instances", args, "[next_page_token, instances[].instance_id]")
            })
        },
        read: |aws| {
            paged(|token| {
                let filters =
                    json!({"Filters": [{"Name": "tag:paged", "Values": ["yes"]}], "MaxResults": 5});
                let mut options = json!({"query": "Reservations[].Instances[].InstanceId"});
                options["page_token"] = token;
                let answer = aws.read_with("ec2:DescribeInstances", filters, options);
                json!([answer["next_page_token"], answer["result"]])
            })
        },
    },
    Row {
        tool: "ec2_describe_instance",
        told: |aws| {
            let query = "{id: instance_id, state: state, system: system_status, instance: instance_status,
                volumes: sort_by(volumes, &volume_id)[].{id: volume_id, device: device, gib: size_gib, type: type,
                    state: state, encrypted: encrypted, deleted: delete_on_termination},
                groups: security_groups[].{id: group_id, name: name, inbound: inbound}}";
            aws.tell("ec2_describe_instance", json!({"instance_id": web()}), query)
        },
        read: |aws| {
            let of = json!({"InstanceIds": [web()]});
            let instance = aws.read(
                "ec2:DescribeInstances",
                of.clone(),
                "Reservations[].Instances[] | [0].{id: InstanceId, state: State.Name,
                    groups: SecurityGroups[].GroupId}",
            );
            let status = aws.read(
                "ec2:DescribeInstanceStatus",
                of,
                "InstanceStatuses[0].{system: SystemStatus.Status, instance: InstanceStatus.Status}",
            );
            let volumes = aws.read(
                "ec2:DescribeVolumes",
                json!({"Filters": [{"Name": "attachment.instance-id", "Values": [web()]}]}),
                "sort_by(Volumes, &VolumeId)[].{id: VolumeId, device: Attachments[0].Device, gib: Size,
                    type: VolumeType, state: State, encrypted: Encrypted,
                    deleted: not_null(Attachments[0].DeleteOnTermination, `false`)}",
            );
            let groups = aws.read(
                "ec2:DescribeSecurityGroups",
                json!({"GroupIds": instance["groups"]}),
                "SecurityGroups[].{id: GroupId, name: GroupName, inbound: IpPermissions[].join(' ',
                    [IpProtocol, to_string(FromPort), 'from', IpRanges[0].CidrIp])}",
            );
            json!({"id": instance["id"], "state": instance["state"], "system": status["system"],
                "instance": status["instance"], "volumes": volumes, "groups": groups})
        },
    },
    Row {
        tool: "ec2_stop_instance",
        told: |aws| {
            let id = Moto::shared().run_instance("us-east-1", &[("Name", "stopped")]);
            changed_by_tool(aws, "ec2_stop_instance", &id)
        },
        read: |aws| {
            let id = Moto::shared().run_instance("us-east-1", &[("Name", "stopped")]);
            changed_by_any(aws, "ec2:StopInstances", "StoppingInstances", "stopped", &id)
        },
    },
    Row {
        tool: "ec2_start_instance",
        told: |aws| {
            let id = Moto::shared().run_instance("us-east-1", &[("Name", "started")]);
            aws.tell("ec2_stop_instance", json!({"instance_id": id}), "@");
            changed_by_tool(aws, "ec2_start_instance", &id)
        },
        read: |aws| {
            let id = Moto::shared().run_instance("us-east-1", &[("Name", "started")]);
            aws.invoke("ec2:StopInstances", json!({"InstanceIds": [id]}), "@");
            changed_by_any(aws, "ec2:StartInstances", "StartingInstances", "running", &id)
        },
    },
];

/// Lists twelve instances to the end, page by page: each page gives the next one's token and its ids.
fn paged(page: impl Fn(Value) -> Value) -> Value {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        for _ in 0..12 {
            Moto::shared().run_instance("us-east-1", &[("paged", "yes")]);
        }
    });
    let (mut ids, mut token, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let shown = page(token);
        ids.extend(shown[1].as_array().unwrap().clone());
        token = shown[0].clone();
        pages += 1;
        if token.is_null() {
            ids.sort_by_key(Value::to_string);
            return json!({"pages": pages, "ids": ids});
        }
        assert!(pages < 20, "the listing does not end");
    }
}

fn web() -> &'static str {
    Moto::shared().seeded("us-east-1", "web-1")
}

/// What a change tells, what there is then, and what the same change tells once more.
fn changed_by_tool(aws: &World, tool: &str, id: &str) -> Value {
    let this = json!({"instance_id": id});
    json!({
        "change": aws.tell(tool, this.clone(), "[status, previous_state, current_state]"),
        "then": aws.tell("ec2_describe_instance", this.clone(), "state"),
        "again": aws.tell(tool, this, "status"),
    })
}

fn changed_by_any(aws: &World, operation: &str, rows: &str, wanted: &str, id: &str) -> Value {
    let this = json!({"InstanceIds": [id]});
    let query = format!("{rows}[0].['done', PreviousState.Name, CurrentState.Name]");
    let change = aws.invoke(operation, this.clone(), &query);
    let state = || {
        let query = "Reservations[].Instances[] | [0].State.Name";
        aws.read("ec2:DescribeInstances", this.clone(), query)
    };
    let then = state();
    let again = if state() == wanted { "no_change" } else { "done" };
    json!({"change": change, "then": then, "again": again})
}
