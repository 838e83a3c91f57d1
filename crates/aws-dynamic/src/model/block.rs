//! One service as it is packed: columns, decoded into arrays of numbers and one text, and asked by
//! row. No object is made for a shape or a member, so EC2 costs what its bytes cost.
//!
//! The payload is numbers and then texts. The numbers, all of them varints: the rows of each table;
//! then for each column how many values it has, and unless that is none: 0 if there is one for each
//! row in order, else 1 and the row of each value (the first, then how much further); and the values
//! if they are numbers (those that are below a table's rows as the difference to the one before, with
//! the sign in the lowest bit). The texts: each ends in a byte 0xff, which UTF-8 does not have.

use std::ops::Range;

use super::column::{Column, FULL, Form, Limit, PARTS, Table};
use crate::bytes::{Broken, Bytes};

/// The decoded columns of one service.
#[derive(Debug)]
pub(crate) struct Block {
    text: String,
    /// The end of each text; it begins a byte after the end of the one before.
    ends: Vec<u32>,
    rows: [usize; Table::ALL.len()],
    /// As `Column::ALL`.
    columns: Vec<Values>,
    /// As `PARTS`: where the parts of each row begin, and where those of the last one end.
    parts: [Vec<u32>; PARTS.len()],
}

/// The values of one column.
#[derive(Debug)]
struct Values {
    rows: Rows,
    /// Empty for flags and texts.
    numbers: Vec<u32>,
    /// Which of all texts the column's first is.
    first_text: usize,
}

#[derive(Debug)]
enum Rows {
    /// One value for each.
    All(usize),
    /// The row of each value, ascending.
    Some(Vec<u32>),
}

impl Block {
    /// Decodes the numbers and the texts of one service.
    pub fn decode(mut payload: Vec<u8>, numbers: usize) -> Result<Self, Broken> {
        let texts = payload.split_off(numbers.min(payload.len()));
        let (text, ends) = split(texts)?;
        let mut bytes = Bytes(&payload);
        let mut rows = [0; Table::ALL.len()];
        for rows in &mut rows {
            *rows = bytes.varint()?;
            // Each row has a number or a text at least.
            if *rows > payload.len() + text.len() {
                return Err(Broken::new("there are more rows than bytes"));
            }
        }
        let mut columns = Vec::with_capacity(Column::ALL.len());
        let mut next_text = 0;
        for column in Column::ALL {
            let values = Values::decode(&mut bytes, *column, &rows, next_text)?;
            if matches!(column.form(), Form::Text | Form::Json) {
                next_text += values.rows.count();
            }
            columns.push(values);
        }
        if !bytes.0.is_empty() || next_text != ends.len() {
            return Err(Broken::new("something is left over"));
        }
        let mut block = Self { text, ends, rows, columns, parts: Default::default() };
        block.check_json()?;
        let [members, acceptors] = PARTS;
        block.parts = [block.parts(members)?, block.parts(acceptors)?];
        Ok(block)
    }

    /// How many rows a table has.
    pub fn rows(&self, table: Table) -> usize {
        self.rows.get(table as usize).copied().unwrap_or_default()
    }

    /// Whether a row is flagged, or has any value.
    pub fn has(&self, column: Column, row: usize) -> bool {
        !self.positions(column, row).is_empty()
    }

    /// The number of a row, the first if there are several.
    pub fn number(&self, column: Column, row: usize) -> Option<usize> {
        self.numbers(column, row).next()
    }

    /// The numbers of a row.
    pub fn numbers(&self, column: Column, row: usize) -> impl ExactSizeIterator<Item = usize> {
        let positions = self.positions(column, row);
        let numbers = self.column(column).and_then(|values| values.numbers.get(positions));
        numbers.unwrap_or_default().iter().map(|number| *number as usize)
    }

    /// The text of a row, the first if there are several.
    pub fn text(&self, column: Column, row: usize) -> Option<&str> {
        self.texts(column, row).next()
    }

    /// The texts of a row.
    pub fn texts(&self, column: Column, row: usize) -> impl ExactSizeIterator<Item = &str> {
        let first = self.column(column).map_or(0, |values| values.first_text);
        let texts = match column.form() {
            Form::Text | Form::Json => self.positions(column, row),
            Form::Flag | Form::Number(_) => 0..0,
        };
        texts.map(move |position| self.text_at(first + position))
    }

    /// The rows of the table of parts that belong to a row of the column's table.
    pub fn parts_of(&self, column: Column, row: usize) -> Range<usize> {
        let place = PARTS.iter().position(|(count, _)| *count == column);
        let starts = place.and_then(|place| self.parts.get(place));
        match starts.and_then(|starts| starts.get(row..)) {
            Some([start, end, ..]) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    /// The row of a name, by a column whose names are sorted and one for each row.
    pub fn find(&self, column: Column, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.rows(column.table()));
        while low < high {
            let middle = low.midpoint(high);
            match self.text(column, middle).unwrap_or_default().cmp(name) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The bytes that are held.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        let of_rows = |rows: &Rows| match rows {
            Rows::All(_) => 0,
            Rows::Some(rows) => rows.capacity(),
        };
        let columns = self.columns.iter().map(|c| c.numbers.capacity() + of_rows(&c.rows));
        let parts = self.parts.iter().map(Vec::capacity);
        let numbers = self.ends.capacity() + columns.sum::<usize>() + parts.sum::<usize>();
        self.text.capacity() + size_of::<u32>() * numbers
    }

    /// The positions of a row's values.
    fn positions(&self, column: Column, row: usize) -> Range<usize> {
        match self.column(column).map(|values| &values.rows) {
            Some(Rows::All(rows)) if row < *rows => row..row + 1,
            Some(Rows::Some(rows)) => {
                let start = rows.partition_point(|other| (*other as usize) < row);
                let same = rows.get(start..).unwrap_or_default();
                start..start + same.iter().take_while(|other| **other as usize == row).count()
            }
            Some(Rows::All(_)) | None => 0..0,
        }
    }

    fn column(&self, column: Column) -> Option<&Values> {
        self.columns.get(column as usize)
    }

    fn text_at(&self, position: usize) -> &str {
        let end = |position: usize| self.ends.get(position).map_or(0, |end| *end as usize);
        let start = position.checked_sub(1).map_or(0, |before| end(before) + 1);
        self.text.get(start..end(position)).unwrap_or_default()
    }

    fn check_json(&self) -> Result<(), Broken> {
        for column in Column::ALL.iter().filter(|column| column.form() == Form::Json) {
            let Some(values) = self.column(*column) else { continue };
            for position in values.first_text..values.first_text + values.rows.count() {
                serde_json::from_str::<serde::de::IgnoredAny>(self.text_at(position))
                    .map_err(|_| Broken::new("a value is not JSON"))?;
            }
        }
        Ok(())
    }

    fn parts(&self, (count, table): (Column, Table)) -> Result<Vec<u32>, Broken> {
        let mut end = 0;
        let mut starts = vec![0];
        for row in 0..self.rows(count.table()) {
            end += self.number(count, row).unwrap_or_default();
            starts.push(u32::try_from(end).map_err(|_| Broken::new("a part is too far"))?);
        }
        if end != self.rows(table) {
            return Err(Broken::new("parts are missing or left over"));
        }
        Ok(starts)
    }
}

impl Values {
    fn decode(
        bytes: &mut Bytes<'_>,
        column: Column,
        tables: &[usize],
        first_text: usize,
    ) -> Result<Self, Broken> {
        let rows_of = |table: Table| tables.get(table as usize).copied().unwrap_or_default();
        let rows = Rows::decode(bytes, rows_of(column.table()))?;
        if FULL.contains(&column) && rows.count() != rows_of(column.table()) {
            return Err(Broken::new("a fact is missing"));
        }
        let numbers = match column.form() {
            Form::Flag | Form::Text | Form::Json => Vec::new(),
            Form::Number(limit) => {
                let mut before = 0;
                let mut number = || {
                    let number = bytes.varint()?;
                    let (number, below) = match limit {
                        Limit::None => (number, usize::MAX),
                        Limit::Of(below) => (number, below),
                        Limit::RowsOf(table) => {
                            before = further(before, number)?;
                            (before, rows_of(table))
                        }
                    };
                    match u32::try_from(number) {
                        Ok(narrow) if number < below => Ok(narrow),
                        Ok(_) | Err(_) => Err(Broken::new("a number is out of bounds")),
                    }
                };
                (0..rows.count()).map(|_| number()).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { rows, numbers, first_text })
    }
}

impl Rows {
    fn decode(bytes: &mut Bytes<'_>, table: usize) -> Result<Self, Broken> {
        let count = bytes.varint()?;
        if count == 0 {
            return Ok(Self::All(0));
        }
        match bytes.byte()? {
            0 if count == table => Ok(Self::All(count)),
            1 => {
                let mut row = 0;
                let mut next = || {
                    row += bytes.varint()?;
                    match u32::try_from(row) {
                        Ok(narrow) if row < table => Ok(narrow),
                        Ok(_) | Err(_) => Err(Broken::new("a row is out of bounds")),
                    }
                };
                Ok(Self::Some((0..count).map(|_| next()).collect::<Result<_, _>>()?))
            }
            _ => Err(Broken::new("a column is neither full nor sparse")),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(rows) => rows.len(),
        }
    }
}

/// A number that lies so much, with the sign in the lowest bit, behind another.
fn further(before: usize, by: usize) -> Result<usize, Broken> {
    let far = by >> 1;
    let there = if by & 1 == 0 { before.checked_add(far) } else { before.checked_sub(far + 1) };
    there.ok_or_else(|| Broken::new("a number is out of bounds"))
}

/// The texts as one, and where each ends.
fn split(mut texts: Vec<u8>) -> Result<(String, Vec<u32>), Broken> {
    let mut ends = Vec::new();
    for (position, byte) in (0..).zip(&mut texts) {
        if *byte == 0xff {
            *byte = b'\n';
            ends.push(position);
        }
    }
    if ends.last().map_or(0, |end: &u32| *end as usize + 1) != texts.len() {
        return Err(Broken::new("a text has no end"));
    }
    let text = String::from_utf8(texts).map_err(|_| Broken::new("its text is not UTF-8"))?;
    Ok((text, ends))
}
