//! ECS: clusters, services, tasks and definitions, and a service that is changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::row::Row;
use crate::world::{World, find, short, shortened};

pub const EMULATED: &[Row] = &[
    Row {
        tool: "ecs_list_clusters",
        told: |aws| {
            let query = "clusters[].[cluster, status, services, running_tasks, pending_tasks, container_instances]";
            aws.tell("ecs_list_clusters", json!({}), query)
        },
        read: |aws| {
            let arns = aws.read("ecs:ListClusters", json!({}), "clusterArns");
            let query = "clusters[].[clusterName, status, activeServicesCount, runningTasksCount, pendingTasksCount,
                registeredContainerInstancesCount]";
            aws.read("ecs:DescribeClusters", json!({"clusters": arns}), query)
        },
    },
    Row {
        tool: "ecs_describe_cluster",
        told: |aws| {
            let query = "{cluster: cluster, status: status, pending: pending_tasks, insights: container_insights,
                looked_at: services_looked_at, trouble: services_in_trouble[].{service: service,
                    definition: task_definition, words: trouble}}";
            aws.tell("ecs_describe_cluster", json!({"cluster": "shop"}), query)
        },
        read: |aws| {
            let of = json!({"clusters": ["shop"], "include": ["SETTINGS"]});
            let cluster = aws.read(
                "ecs:DescribeClusters",
                of,
                "clusters[0].{cluster: clusterName, status: status, pending: pendingTasksCount,
                    insights: settings[?name=='containerInsights'].value | [0]}",
            );
            let all = services(aws, "shop");
            let trouble = find(
                &all,
                "[?running < desired].{service: service, definition: definition, words: [join('', [
                    to_string(running), ' of ', to_string(desired), ' tasks running, ', to_string(pending),
                    ' pending'])]}",
            );
            let count = all.as_array().unwrap().len();
            let mut facts = json!({"looked_at": count, "trouble": trouble});
            facts.as_object_mut().unwrap().extend(cluster.as_object().unwrap().clone());
            facts
        },
    },
    Row {
        tool: "ecs_list_services",
        told: |aws| {
            let query = "services[].{service: service, status: status, desired: desired, running: running,
                pending: pending, launch: launch_type, definition: task_definition, rollout: deployment,
                deployed: deployed}";
            json!({
                "shop": aws.tell("ecs_list_services", json!({"cluster": "shop"}), query),
                "lab": aws.tell("ecs_list_services", json!({"cluster": "lab"}), query),
            })
        },
        read: |aws| json!({"shop": services(aws, "shop"), "lab": services(aws, "lab")}),
    },
    Row {
        tool: "ecs_describe_service",
        told: |aws| {
            let query = "{service: [service, status, launch_type, task_definition], counts: [desired, running, pending],
                deployments: deployments[].{id: id, status: status, rollout: rollout_state,
                    definition: task_definition, desired: desired, created: created, updated: updated},
                scheduling: configuration.scheduling}";
            let args = json!({"cluster": "shop", "service": "checkout"});
            aws.tell("ecs_describe_service", args, query)
        },
        read: |aws| {
            let mut facts = aws.read(
                "ecs:DescribeServices",
                json!({"cluster": "shop", "services": ["checkout"]}),
                "services[0].{service: [serviceName, status, launchType, taskDefinition],
                    counts: [desiredCount, runningCount, pendingCount], scheduling: schedulingStrategy,
                    deployments: deployments[].{id: id, status: status, rollout: rolloutState,
                        definition: taskDefinition, desired: desiredCount, created: createdAt, updated: updatedAt}}",
            );
            facts["service"][3] = short(&facts["service"][3]);
            facts["deployments"] = shortened(facts["deployments"].take(), "definition");
            facts
        },
    },
    Row {
        tool: "ecs_list_task_definitions",
        told: |aws| {
            let args = json!({"family_prefix": "checkout"});
            aws.tell("ecs_list_task_definitions", args, "sort(task_definitions)")
        },
        read: |aws| {
            let of = json!({"familyPrefix": "checkout", "status": "ACTIVE"});
            let arns = aws.read("ecs:ListTaskDefinitions", of, "sort(taskDefinitionArns)");
            arns.as_array().unwrap().iter().map(short).collect()
        },
    },
    Row {
        tool: "ecs_describe_task_definition",
        told: |aws| {
            let query = "{definition: task_definition, status: status, cpu: cpu_units, memory: memory_mib,
                network: network_mode, containers: containers[].{name: name, image: image, essential: essential,
                    memory: memory_mib, ports: ports, level: environment_variables.LOG_LEVEL,
                    password: environment_variables.DB_PASSWORD, secrets: secrets[].[name, value_from]}}";
            aws.tell("ecs_describe_task_definition", json!({"task_definition": "checkout"}), query)
        },
        read: |aws| {
            // What is masked is masked alike: the same value, the same digest.
            let mut facts = aws.read(
                "ecs:DescribeTaskDefinition",
                json!({"taskDefinition": "checkout"}),
                "taskDefinition.{definition: taskDefinitionArn, status: status, cpu: to_number(cpu),
                    memory: to_number(memory), network: networkMode, containers: containerDefinitions[].{
                        name: name, image: image, essential: essential, memory: memory,
                        ports: portMappings[].join('/', [to_string(containerPort), not_null(protocol, 'tcp')]),
                        level: environment[?name=='LOG_LEVEL'].value | [0],
                        password: environment[?name=='DB_PASSWORD'].value | [0],
                        secrets: secrets[].[name, valueFrom]}}",
            );
            facts["definition"] = short(&facts["definition"]);
            facts
        },
    },
    Row {
        tool: "ecs_list_tasks",
        told: |aws| aws.tell("ecs_list_tasks", json!({"cluster": "lab"}), "length(tasks)"),
        read: |aws| {
            let of = json!({"cluster": "lab", "desiredStatus": "RUNNING"});
            aws.read("ecs:ListTasks", of, "length(taskArns)")
        },
    },
    Row {
        tool: "ecs_update_service",
        told: |aws| {
            let change = |more: Value| {
                let mut args = json!({"cluster": "lab", "service": "lab-7"});
                args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                aws.tell(
                    "ecs_update_service",
                    args,
                    "{status: status, before: [before.desired, before.task_definition],
                        after: [after.desired, after.task_definition],
                        is_new: before.deployment_id != after.deployment_id}",
                )
            };
            json!([
                change(json!({"desired_count": 2})),
                change(json!({"desired_count": 2})),
                change(json!({"force_new_deployment": true})),
                change(json!({"task_definition": "checkout:1"})),
                change(json!({"desired_count": 0})),
            ])
        },
        read: |aws| {
            let before = || {
                let of = json!({"cluster": "lab", "services": ["lab-8"]});
                aws.read("ecs:DescribeServices", of, &format!("services[0].{STATE}"))
            };
            let change = |more: Value| {
                let mut payload = json!({"cluster": "lab", "service": "lab-8"});
                payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                let before = before();
                let after = match before["desired"] == payload["desiredCount"] {
                    true => before.clone(),
                    false => aws.invoke("ecs:UpdateService", payload, &format!("service.{STATE}")),
                };
                let state = |state: &Value| json!([state["desired"], short(&state["definition"])]);
                let status = if after == before { "no_change" } else { "done" };
                json!({"status": status, "before": state(&before), "after": state(&after),
                    "is_new": before["deployment"] != after["deployment"]})
            };
            json!([
                change(json!({"desiredCount": 2})),
                change(json!({"desiredCount": 2})),
                change(json!({"forceNewDeployment": true})),
                change(json!({"taskDefinition": "checkout:1"})),
                change(json!({"desiredCount": 0})),
            ])
        },
    },
];

const STATE: &str = "{desired: desiredCount, definition: taskDefinition,
    deployment: deployments[?status=='PRIMARY'].id | [0]}";

pub const SHOP: &[Row] = &[
    Row {
        tool: "ecs_list_tasks",
        told: |aws| {
            let args = json!({"cluster": "prod", "service": "catalog", "status": "stopped"});
            let query = "tasks[].{task: task, group: group, status: status, code: stop_code, reason: reason,
                definition: task_definition, launch: launch_type, started: started, stopped: stopped,
                containers: containers[].[name, exit_code, reason]}";
            aws.tell("ecs_list_tasks", args, query)
        },
        read: |aws| shortened(shortened(stopped_tasks(aws, "catalog"), "task"), "definition"),
    },
    Row {
        tool: "ecs_describe_service",
        told: |aws| {
            let query = "{counts: [desired, running, pending], steady: last_steady, events: sort(events[].at),
                targets: target_groups[0].states, ill: target_groups[0].not_healthy[].[target, port, state, reason],
                stopped: stopped_tasks[].[tasks, newest, containers[0].exit_code]}";
            let args = json!({"cluster": "prod", "service": "checkout"});
            aws.tell("ecs_describe_service", args, query)
        },
        read: |aws| {
            let service = aws.read(
                "ecs:DescribeServices",
                json!({"cluster": "prod", "services": ["checkout"]}),
                "services[0].{counts: [desiredCount, runningCount, pendingCount], events: sort(events[].createdAt),
                    steady: events[?contains(message, 'steady state')].createdAt | [0],
                    group: loadBalancers[0].targetGroupArn}",
            );
            let targets = aws.read(
                "elbv2:DescribeTargetHealth",
                json!({"TargetGroupArn": service["group"]}),
                "TargetHealthDescriptions[].[Target.Id, Target.Port, TargetHealth.State, TargetHealth.Reason]",
            );
            let mut states = BTreeMap::<String, usize>::new();
            for state in find(&targets, "[*][2]").as_array().unwrap() {
                *states.entry(state.as_str().unwrap().to_owned()).or_default() += 1;
            }
            let stopped = stopped_tasks(aws, "checkout");
            json!({"counts": service["counts"], "steady": service["steady"], "events": service["events"],
                "targets": states, "ill": find(&targets, "[?[2] != 'healthy']"),
                "stopped": [[stopped.as_array().unwrap().len(), stopped[0]["stopped"],
                    stopped[0]["containers"][0][1]]]})
        },
    },
];

/// The tasks of a service that stopped, the newest first.
fn stopped_tasks(aws: &World, service: &str) -> Value {
    let of = json!({"cluster": "prod", "serviceName": service, "desiredStatus": "STOPPED"});
    let arns = aws.read("ecs:ListTasks", of, "taskArns");
    aws.read(
        "ecs:DescribeTasks",
        json!({"cluster": "prod", "tasks": arns}),
        "reverse(sort_by(tasks, &createdAt))[].{task: taskArn, group: group, status: lastStatus, code: stopCode,
            reason: stoppedReason, definition: taskDefinitionArn, launch: launchType, started: startedAt,
            stopped: stoppedAt, containers: containers[].[name, exitCode, reason]}",
    )
}

/// All services of a cluster, by name, as ecs_list_services has them.
fn services(aws: &World, cluster: &str) -> Value {
    let listed = json!({"all_pages": true, "query": "serviceArns"});
    let arns = aws.read_with("ecs:ListServices", json!({"cluster": cluster}), listed);
    let mut all = Vec::new();
    // So many are described at once.
    for arns in arns["result"].as_array().unwrap().chunks(10) {
        let some = aws.read(
            "ecs:DescribeServices",
            json!({"cluster": cluster, "services": arns}),
            "services[].{service: serviceName, status: status, desired: desiredCount, running: runningCount,
                pending: pendingCount, launch: launchType, definition: taskDefinition,
                rollout: deployments[?status=='PRIMARY'].rolloutState | [0],
                deployed: deployments[?status=='PRIMARY'].createdAt | [0]}",
        );
        all.extend(shortened(some, "definition").as_array().unwrap().clone());
    }
    find(&json!(all), "sort_by(@, &service)")
}
