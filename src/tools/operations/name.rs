//! Services and operations by the names that callers give them, and what was probably meant where
//! there are none.

use aws_dynamic::catalog::search::{Query, Search};
use aws_dynamic::catalog::{Index, Models, Operation, Service, unusable};
use aws_dynamic::model;

use crate::error::{Error, Result, echo, nearest};
use crate::gate;

/// The service of a name, in any of its spellings.
pub fn service(name: &str) -> Result<&'static Service> {
    let index = Index::get().map_err(gate::broken_index)?;
    if let Some(left_out) = unusable(name) {
        return Err(Error::invalid(
            format!("the newer models of {} cannot be used: {}.", left_out.service, left_out.why),
            "Run `aws-mcp models status` to see what is installed.",
        ));
    }
    match index.services_called(name.trim()).as_slice() {
        [only] => Ok(only),
        [] => {
            let names = index.services().iter().flat_map(|service| {
                let aliases = service.aliases().map(move |alias| (alias, service.name()));
                std::iter::once((service.name(), service.name())).chain(aliases)
            });
            let names: Vec<(&str, &str)> = names.collect();
            let near = nearest(name.trim(), names.iter().map(|(name, _)| *name));
            let near = names.iter().find(|(name, _)| Some(*name) == near).map(|(_, name)| *name);
            let found = found(name, None)?.into_iter().map(|(service, _)| service.name());
            Err(Error::invalid(
                format!("no service is called {}.{}", echo(name), meant(near, found)),
                "aws_search_operations without service finds operations of all services by what they do.",
            ))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|service| service.name()).collect();
            Err(Error::invalid(
                format!("{} can be one of several services: {}.", echo(name), names.join(", ")),
                "Name one of these.",
            ))
        }
    }
}

/// The operation of a service, with its model.
pub fn operation(
    service: &'static Service,
    name: &str,
) -> Result<(&'static Operation, model::Operation<'static>)> {
    let known = service.operation(name.trim()).ok_or_else(|| no_operation(service, name))?;
    Ok((known, model_of(service, known)?))
}

/// The model of an operation.
pub fn model_of(
    service: &'static Service,
    operation: &'static Operation,
) -> Result<model::Operation<'static>> {
    let models = Models::get().map_err(gate::broken_index)?;
    let model = models.service(service.name()).transpose().map_err(gate::broken_index)?;
    let model = model.and_then(|model| model.operation(operation.name()));
    model.ok_or_else(|| {
        let (service, operation) = (service.name(), operation.name());
        Error::internal(format!("{service}:{operation} has no model."))
    })
}

fn no_operation(service: &'static Service, name: &str) -> Error {
    let index = match Index::get().map_err(gate::broken_index) {
        Ok(index) => index,
        Err(error) => return error,
    };
    let near = nearest(name.trim(), service.operations().iter().map(Operation::name));
    let found = match found(name, Some(service)) {
        Ok(found) => found.into_iter().map(|(_, operation)| operation.name()),
        Err(error) => return error,
    };
    let meant = meant(near, found);
    let others = index.services().iter().filter(|other| other.operation(name.trim()).is_some());
    let others: Vec<&str> = others.map(Service::name).take(MOST_OTHERS).collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(" There is one in {}.", others.join(", ")),
    };
    Error::invalid(
        format!("{} has no operation {}.{meant}{others}", service.name(), echo(name)),
        "aws_search_operations finds operations by what they do.",
    )
}

/// What names are searched by where no name is near.
const FEW: usize = 3;
/// How many services are told that have an operation of the same name.
const MOST_OTHERS: usize = 8;

fn found(
    text: &str,
    service: Option<&'static Service>,
) -> Result<Vec<(&'static Service, &'static Operation)>> {
    let search = Search::get().map_err(gate::broken_index)?;
    let hits = search.find(&Query { text, service, effect: None, limit: 10 });
    Ok(hits.into_iter().map(|hit| (hit.service, hit.operation)).collect())
}

/// ` Did you mean a, b or c?`
fn meant<'a>(near: Option<&'a str>, found: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in near.into_iter().chain(found) {
        if !names.contains(&name) && names.len() < FEW {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => String::new(),
        [only] => format!(" Did you mean {only}?"),
        [first @ .., last] => format!(" Did you mean {} or {last}?", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_spelling() {
        let check = |given: &str, wanted: &str, expected: &str| {
            let service = service(given).unwrap();
            let (operation, model) = operation(service, wanted).unwrap();
            assert_eq!(format!("{}:{}", service.name(), operation.name()), expected);
            assert_eq!(model.name(), operation.name());
        };
        check("ec2", "StartInstances", "ec2:StartInstances");
        check(" EC2 ", "start-instances", "ec2:StartInstances");
        check("S3", "list_buckets", "s3:ListBuckets");
        check("Cost Explorer", "getcostandusage", "ce:GetCostAndUsage");
        check("states", " list executions", "stepfunctions:ListExecutions");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_was_meant() {
        let check = |name: &str, expected: &str| {
            let error = service(name).unwrap_err();
            assert!(error.message.contains(expected), "{}", error.message);
        };
        check("dynamo", "Did you mean dynamodb");
        check("simple storage", "s3");
        check("lamda", "Did you mean lambda");
        check("\u{202e}\u{7}", r"no service is called");
        check("", "no service is called");
        check(&"x".repeat(100_000), "xxx\"...");
        let check = |of: &str, name: &str, expected: &str| {
            let error = operation(service(of).unwrap(), name).unwrap_err();
            assert!(error.message.contains(expected), "{}", error.message);
        };
        check("ec2", "StartInstance", "Did you mean StartInstances");
        check("elb", "DescribeTargetGroups", "There is one in elbv2.");
        check("rds", "restart database", "RebootDBInstance");
        check("s3", &"y".repeat(100_000), "yyy\"...");
    }

    #[test]
    fn a_name_that_means_several_services_lists_them() {
        let index = Index::get().unwrap();
        let shared = index.services().iter().flat_map(Service::aliases);
        let shared = shared.filter(|name| index.services_called(name).len() > 1);
        let mut seen = 0;
        for name in shared {
            let error = service(name).unwrap_err();
            for service in index.services_called(name) {
                assert!(error.message.contains(service.name()), "{name}: {}", error.message);
            }
            seen += 1;
        }
        assert!(seen > 5, "{seen}");
    }
}
