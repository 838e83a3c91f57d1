//! Writes what `packed` reads. Beside it, so that the form has one place.

use std::io::{Error, Result};

use super::function::Function;
use super::packed::{HEAD, VARIABLES};
use super::parameters::{BuiltIn, Default, Kind, Parameter};
use super::partition::{Partition, Partitions};
use super::tree::{Condition, Expression, Keep, Rule, RuleSet, Scheme, Shape, Target, Then};
use super::value::{STEPS, Step};
use crate::bytes::{Packing, sum, varint};

/// Packs rules: the same bytes for the same content, in whatever order the services come.
pub fn encode(
    sources: &str,
    partitions: &Partitions<'_>,
    services: &[(&str, RuleSet<'_>)],
    packing: Packing,
) -> Result<Vec<u8>> {
    let mut services: Vec<_> = services.iter().collect();
    services.sort_by_key(|(name, _)| *name);
    let mut payload = Writer::default();
    payload.text(sources)?;
    payload.list(&partitions.all, Writer::partition)?;
    let mut bodies = Vec::new();
    payload.list(&services, |payload, (name, rules)| {
        let mut body = Writer::default();
        body.list(&rules.parameters, Writer::parameter)?;
        body.list(&rules.rules, Writer::rule)?;
        payload.text(name)?;
        payload.count(body.0.len())?;
        bodies.extend(body.0);
        Ok(())
    })?;
    payload.0.extend(bodies);
    let frame = packing.frame(&payload.0)?;
    let mut packed = HEAD.to_vec();
    packed.extend(u32::try_from(payload.0.len()).map_err(Error::other)?.to_le_bytes());
    packed.extend(sum(&frame).to_le_bytes());
    packed.extend(frame);
    Ok(packed)
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, value: usize) -> Result<()> {
        self.0.push(u8::try_from(value).map_err(Error::other)?);
        Ok(())
    }

    fn flag(&mut self, value: bool) {
        self.0.push(value.into());
    }

    fn count(&mut self, value: usize) -> Result<()> {
        if value >> 28 != 0 {
            return Err(Error::other("a number is too large to be packed"));
        }
        varint(&mut self.0, value);
        Ok(())
    }

    fn integer(&mut self, value: i64) -> Result<()> {
        self.count(usize::try_from((value << 1) ^ (value >> 63)).map_err(Error::other)?)
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.count(text.len())?;
        self.0.extend(text.as_bytes());
        Ok(())
    }

    fn list<T>(
        &mut self,
        list: &[T],
        mut item: impl FnMut(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        self.count(list.len())?;
        list.iter().try_for_each(|one| item(self, one))
    }

    fn one_of<T: PartialEq>(&mut self, table: &[T], one: &T) -> Result<()> {
        self.byte(table.iter().position(|other| other == one).unwrap_or(usize::MAX))
    }

    fn partition(&mut self, partition: &Partition<'_>) -> Result<()> {
        let Partition { name, dns_suffix, dual_stack_dns_suffix, implicit_global_region, .. } =
            partition;
        let texts = [name, dns_suffix, dual_stack_dns_suffix, implicit_global_region];
        texts.into_iter().try_for_each(|text| self.text(text))?;
        self.text(&partition.pattern.to_string())?;
        let flags = usize::from(partition.supports_fips);
        self.byte(flags + 2 * usize::from(partition.supports_dual_stack))?;
        self.list(&partition.regions, |w, region| w.text(region))
    }

    fn parameter(&mut self, parameter: &Parameter<'_>) -> Result<()> {
        self.text(&parameter.name)?;
        self.one_of(&Kind::ALL, &parameter.kind)?;
        let built_in = parameter.built_in;
        let place = BuiltIn::ALL.iter().position(|other| Some(*other) == built_in);
        self.byte(place.map_or(0, |place| place + 1))?;
        self.flag(parameter.required);
        match &parameter.default {
            None => self.byte(0),
            Some(Default::Bool(value)) => self.byte(1 + usize::from(*value)),
            Some(Default::Text(text)) => self.byte(3).and_then(|()| self.text(text)),
        }
    }

    fn rule(&mut self, rule: &Rule<'_>) -> Result<()> {
        self.list(&rule.conditions, Self::condition)?;
        match &rule.then {
            Then::Endpoint(target) => self.byte(0).and_then(|()| self.target(target)),
            Then::Error(words) => self.byte(1).and_then(|()| self.expression(words)),
            Then::Rules(rules) => self.byte(2).and_then(|()| self.list(rules, Self::rule)),
        }
    }

    fn condition(&mut self, condition: &Condition<'_>) -> Result<()> {
        self.one_of(&[Keep::No, Keep::Yes], &condition.keep)?;
        self.expression(&condition.value)
    }

    fn target(&mut self, target: &Target<'_>) -> Result<()> {
        self.expression(&target.url)?;
        self.list(&target.headers, |w, (name, values)| {
            w.text(name)?;
            w.list(values, Self::expression)
        })?;
        self.list(&target.schemes, Self::scheme)?;
        self.list(&target.properties, |w, (name, shape)| {
            w.text(name)?;
            w.shape(shape)
        })
    }

    fn scheme(&mut self, scheme: &Scheme<'_>) -> Result<()> {
        self.text(&scheme.name)?;
        for value in [&scheme.signing_name, &scheme.signing_region] {
            self.flag(value.is_some());
            value.iter().try_for_each(|value| self.expression(value))?;
        }
        self.list(&scheme.signing_region_set, Self::expression)?;
        self.flag(scheme.disable_double_encoding);
        self.flag(scheme.disable_normalize_path);
        Ok(())
    }

    fn shape(&mut self, shape: &Shape<'_>) -> Result<()> {
        match shape {
            Shape::Value(value) => self.byte(0).and_then(|()| self.expression(value)),
            Shape::List(list) => self.byte(1).and_then(|()| self.list(list, Self::shape)),
            Shape::Map(map) => {
                self.byte(2)?;
                self.list(map, |w, (name, shape)| {
                    w.text(name)?;
                    w.shape(shape)
                })
            }
        }
    }

    fn expression(&mut self, expression: &Expression<'_>) -> Result<()> {
        match expression {
            Expression::Text(text) => self.byte(0).and_then(|()| self.text(text)),
            Expression::Bool(value) => self.byte(1 + usize::from(*value)),
            Expression::Integer(value) => self.byte(3).and_then(|()| self.integer(*value)),
            Expression::Template(pieces) => {
                self.byte(4)?;
                self.list(pieces, Self::expression)
            }
            Expression::Part(of, steps) => {
                self.byte(5)?;
                self.expression(of)?;
                self.list(steps, Self::step)
            }
            Expression::Call(function, arguments) => {
                self.byte(6)?;
                self.one_of(&Function::ALL, function)?;
                self.list(arguments, Self::expression)
            }
            Expression::Variable(place) => self.byte(place.saturating_add(VARIABLES.into())),
        }
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Place(place) => self.byte(STEPS.len()).and_then(|()| self.integer(*place)),
            Step::Url(_) | Step::Arn(_) | Step::Partition(_) => {
                self.byte(STEPS.iter().position(|(_, other)| other == step).unwrap_or(usize::MAX))
            }
        }
    }
}
