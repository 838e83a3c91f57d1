//! What schemas, examples and outlines cost: `cargo bench -p aws-dynamic --bench schema`. Prints, over
//! all operations, the median and the slowest; asserts nothing, for that the machine would have to be
//! known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use aws_dynamic::catalog::Models;
use aws_dynamic::model::Operation;
use aws_dynamic::schema::{Opening, example, input, outline};

fn main() {
    let models = Models::get().unwrap();
    let services = models.names().map(|name| models.service(name).unwrap().unwrap());
    let operations: Vec<Operation<'_>> =
        services.flat_map(|service| service.operations()).collect();
    measure("schema", &operations, |operation| {
        black_box(input(operation, &Opening::default()).unwrap());
    });
    measure("whole schema", &operations, |operation| {
        let whole = Opening { limit: usize::MAX, ..Opening::default() };
        black_box(input(operation, &whole).unwrap());
    });
    measure("example", &operations, |operation| {
        black_box(example(operation));
    });
    measure("outline", &operations, |operation| {
        black_box(operation.output().map(|output| outline(output, 2_500)));
    });
}

fn measure(what: &str, operations: &[Operation<'static>], run: impl Fn(Operation<'static>)) {
    let mut times: Vec<(Duration, Operation<'_>)> = operations
        .iter()
        .map(|operation| {
            // The best of some: what is measured is not what else the machine does.
            let once = |_| {
                let start = Instant::now();
                run(*operation);
                start.elapsed()
            };
            ((0..4).map(once).min().unwrap(), *operation)
        })
        .collect();
    times.sort_by_key(|(time, _)| *time);
    let (median, _) = times.get(times.len() / 2).unwrap();
    let (slowest, operation) = times.last().unwrap();
    let (service, name) = (operation.service().name(), operation.name());
    let line =
        format!("{what:<14} median {median:>10.1?}  slowest {slowest:>10.1?} {service}:{name}");
    let _ = writeln!(std::io::stdout(), "{line}");
}
