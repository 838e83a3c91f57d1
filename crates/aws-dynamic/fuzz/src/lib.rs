//! What the targets share: operations by name, answers and inputs made of the fuzzer's bytes, and
//! packed files whose sums are right.

pub mod answer;
pub mod bytes;
pub mod packed;
pub mod value;

use aws_dynamic::catalog::Models;
use aws_dynamic::model::Operation;

/// The operation of `service:Operation`, which must exist.
pub fn operation(name: &str) -> Operation<'static> {
    let (service, operation) = name.split_once(':').expect(name);
    let service = Models::get().unwrap().service(service).expect(name).unwrap();
    service.operation(operation).expect(name)
}
