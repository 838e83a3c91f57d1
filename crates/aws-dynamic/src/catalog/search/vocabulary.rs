//! All words that mean something to a search, by stem, and what a word that is none of them was
//! probably meant to be.

use std::collections::HashMap;

use super::word;

/// The number of a stem.
pub(super) type Term = u32;

/// Stems by number and numbers by stem.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    numbers: HashMap<Box<str>, Term>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    stem: Box<str>,
    /// The form in which it was first met.
    form: Box<str>,
    /// A bit for each letter in it.
    letters: u32,
}

impl Vocabulary {
    /// The number of a word in small letters, a new one if it has none.
    pub fn intern(&mut self, form: &str) -> Term {
        let stem = word::stem(form);
        if let Some(number) = self.numbers.get(stem.as_str()) {
            return *number;
        }
        let number = Term::try_from(self.entries.len()).unwrap_or(Term::MAX);
        let letters = letters(&stem);
        let stem: Box<str> = stem.into();
        self.numbers.insert(stem.clone(), number);
        self.entries.push(Entry { stem, form: form.into(), letters });
        number
    }

    /// The number of a word in small letters.
    pub fn find(&self, form: &str) -> Option<Term> {
        self.numbers.get(word::stem(form).as_str()).copied()
    }

    /// How many stems there are; numbers are smaller.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The stem of a number.
    pub fn stem(&self, term: Term) -> &str {
        self.entries.get(term as usize).map_or("", |entry| &entry.stem)
    }

    /// The form in which a stem was first met.
    pub fn form(&self, term: Term) -> &str {
        self.entries.get(term as usize).map_or("", |entry| &entry.form)
    }

    /// The bytes that it takes, the hash table's estimated.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        let texts = |entry: &Entry| 2 * entry.stem.len() + entry.form.len();
        let entries = size_of_val(self.entries.as_slice()) + self.numbers.capacity() * 32;
        entries + self.entries.iter().map(texts).sum::<usize>()
    }

    /// What an unknown word was meant to be: one that is a typing error away, else two that were
    /// written as one, else one that it begins.
    pub fn meant_by(&self, form: &str) -> Vec<Term> {
        let stem = word::stem(form);
        let length = stem.chars().count();
        if !(4..=30).contains(&length) || stem.bytes().any(|b| b.is_ascii_digit()) {
            return Vec::new();
        }
        let near = |most: usize| self.nearest(&stem, most).map(|term| vec![term]);
        near(1)
            .or_else(|| self.halves(form))
            .or_else(|| if length >= 7 { near(2) } else { None })
            .or_else(|| self.begun_by(&stem).map(|term| vec![term]))
            .unwrap_or_default()
    }

    /// The nearest stem: one that begins alike before one that does not, the first met before later
    /// ones (services, then what synonyms name, then the rest).
    fn nearest(&self, stem: &str, most: usize) -> Option<Term> {
        let mask = letters(stem);
        let differing = u32::try_from(2 * most).unwrap_or(u32::MAX);
        let candidates = (0..).zip(&self.entries).filter(|(_, entry)| {
            entry.stem.len() > 2
                && entry.stem.len().abs_diff(stem.len()) <= most
                && (entry.letters ^ mask).count_ones() <= differing
        });
        let distance = |entry: &Entry| strsim::osa_distance(&entry.stem, stem);
        candidates
            .map(|(term, entry)| {
                let apart = entry.stem.chars().next() != stem.chars().next();
                (distance(entry), apart, term)
            })
            .filter(|(distance, ..)| *distance <= most)
            .min()
            .map(|(_, _, term)| term)
    }

    /// The two words that are written as one.
    pub fn halves(&self, form: &str) -> Option<Vec<Term>> {
        let place = |at: usize| {
            let (one, other) = (form.get(..at)?, form.get(at..)?);
            Some(vec![self.find(one)?, self.find(other)?])
        };
        (4..form.len().saturating_sub(2)).rev().find_map(place).or_else(|| place(3))
    }

    fn begun_by(&self, stem: &str) -> Option<Term> {
        let begun = (0..).zip(&self.entries).filter(|(_, entry)| entry.stem.starts_with(stem));
        begun.min_by_key(|(term, entry)| (entry.stem.len(), *term)).map(|(term, _)| term)
    }
}

fn letters(stem: &str) -> u32 {
    stem.bytes()
        .filter(u8::is_ascii_lowercase)
        .fold(0, |letters, letter| letters | 1 << u32::from(letter - b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_typing_are_seen_through() {
        let mut vocabulary = Vocabulary::default();
        for form in ["lambda", "instances", "tables", "label", "load", "balancer", "configuration"]
        {
            vocabulary.intern(form);
        }
        let check = |typed: &str, expected: &[&str]| {
            let meant = vocabulary.meant_by(typed);
            let meant: Vec<_> = meant.into_iter().map(|term| vocabulary.form(term)).collect();
            assert_eq!(meant, expected, "{typed}");
        };
        check("lamda", &["lambda"]);
        check("instnaces", &["instances"]);
        check("tabels", &["tables"]);
        check("loadbalancers", &["load", "balancer"]);
        check("confgurtion", &["configuration"]);
        check("config", &["configuration"]);
        check("xyzzy", &[]);
        check("lab", &[]);
        check("l4mbda1", &[]);
        check("", &[]);
    }
}
