//! Amazon Resource Names, as far as endpoint rules look into them (Smithy, "AWS rules engine library
//! functions", `aws.parseArn`).

use std::borrow::Cow;
use std::ops::Range;

use super::value::{List, Value, cut};

/// `arn:partition:service:region:account:resource`; region and account may be empty.
#[derive(Clone, Debug)]
pub(super) struct Arn<'a> {
    text: Cow<'a, str>,
    /// Partition, service, region and account.
    fields: [Range<usize>; 4],
    resource: Range<usize>,
}

/// A part of an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArnPart {
    Partition,
    Service,
    Region,
    AccountId,
    /// The resource's own parts: what stands between its colons and slashes.
    ResourceId,
}

impl<'a> Arn<'a> {
    /// The ARN that a text is; none if it is not one.
    pub(super) fn parse(text: Cow<'a, str>) -> Option<Self> {
        let mut at = text.strip_prefix("arn:").map(|_| "arn:".len())?;
        let mut fields = [const { 0..0 }; 4];
        for field in &mut fields {
            let end = at + text.get(at..)?.find(':')?;
            *field = at..end;
            at = end + 1;
        }
        let [partition, service, _, _] = &fields;
        let resource = at..text.len();
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return None;
        }
        Some(Self { text, fields, resource })
    }

    pub(super) fn part(&self, part: ArnPart) -> Value<'a> {
        let [partition, service, region, account] = &self.fields;
        let field = match part {
            ArnPart::Partition => partition,
            ArnPart::Service => service,
            ArnPart::Region => region,
            ArnPart::AccountId => account,
            ArnPart::ResourceId => {
                let resource = cut(&self.text, self.resource.clone());
                return Value::List(List::Split(resource.unwrap_or_default(), [':', '/']));
            }
        };
        cut(&self.text, field.clone()).map_or(Value::Unset, Value::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts with spaces between, those of the resource in brackets.
    fn parsed(text: &str) -> Option<String> {
        let arn = Arn::parse(Cow::Borrowed(text))?;
        let parts = [ArnPart::Partition, ArnPart::Service, ArnPart::Region, ArnPart::AccountId];
        let parts = parts.map(|part| arn.part(part).text().unwrap().into_owned());
        let Value::List(resource) = arn.part(ArnPart::ResourceId) else { panic!() };
        let resource = (0..).map_while(|place| resource.get(place)).collect::<Vec<_>>();
        Some(format!("{} [{}]", parts.join(" "), resource.join(" ")))
    }

    #[test]
    fn arns_are_taken_apart() {
        let check = |text: &str, expected| assert_eq!(parsed(text).as_deref(), expected, "{text}");
        check(
            "arn:aws:sns:us-west-2:012345678910:topic",
            Some("aws sns us-west-2 012345678910 [topic]"),
        );
        check(
            "arn:aws:ec2:us-east-1:012345678910:vpc/vpc-0e9801d129EXAMPLE",
            Some("aws ec2 us-east-1 012345678910 [vpc vpc-0e9801d129EXAMPLE]"),
        );
        check(
            "arn:aws:iam::012345678910:user/johndoe",
            Some("aws iam  012345678910 [user johndoe]"),
        );
        check("arn:aws:s3:::bucket_name", Some("aws s3   [bucket_name]"));
        check("arn:a:b:c:d:e:f/g::h", Some("a b c d [e f g  h]"));
        check("arn:a:b:::/", Some("a b   [ ]"));
        check("arn:é:ü:ö:ä:ß", Some("é ü ö ä [ß]"));
        for text in
            ["", "arn", "arn:", "arn:a:b:c:d:", "arn:a:b:c:d", "arn::b:c:d:e", "arn:a::c:d:e"]
        {
            check(text, None);
        }
        check("11111111-2222-3333-4444-555555555555", None);
        check("xarn:a:b:c:d:e", None);
        check("ARN:a:b:c:d:e", None);
        check("x:arn:a:b:c:d:e", None);
    }
}
