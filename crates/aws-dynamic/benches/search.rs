//! What a search costs, and the making of its tables: `cargo bench -p aws-dynamic --bench search`.
//! Prints the least and the median; asserts nothing, for that the machine would have to be known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use aws_dynamic::catalog::Index;
use aws_dynamic::catalog::search::{Query, Search};

const QUERIES: &str = include_str!("../tests/search/queries.tsv");

fn main() {
    let index = Index::get().unwrap();
    measure("tables, made", || Search::of(index).unwrap());
    let search = Search::get().unwrap();
    let find = |text: &str| search.find(&Query { text, service: None, effect: None, limit: 10 });
    for text in ["list-buckets", "restart a database", "descibe instnaces of kubernets"] {
        measure(&format!("`{text}`"), || find(text));
    }
    let long =
        "delete the lamda functoin that reads elasticcache and list my instnaces ".repeat(1_500);
    measure("a text of 100 kB", || find(&long));
    let mut times: Vec<Duration> = Vec::new();
    for (text, _) in QUERIES.lines().filter_map(|line| line.split_once('\t')) {
        let start = Instant::now();
        black_box(find(black_box(text)));
        times.push(start.elapsed());
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let most = times.last().copied().unwrap_or_default();
    print(&format!("{} queries, median {median:.1?}, most {most:.1?}", times.len()));
}

fn measure<R>(what: &str, run: impl Fn() -> R) {
    let mut times: Vec<Duration> = Vec::new();
    let begin = Instant::now();
    while times.len() < 15 || (begin.elapsed() < Duration::from_secs(1) && times.len() < 1_000) {
        let start = Instant::now();
        let result = black_box(run());
        times.push(start.elapsed());
        drop(result);
    }
    times.sort();
    let least = times.first().copied().unwrap_or_default();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    print(&format!("{what:<36} least {least:>10.1?}   median {median:>10.1?}"));
}

fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
