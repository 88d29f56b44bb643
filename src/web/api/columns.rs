//! Filters and ordering of lists whose columns are all whole numbers or instants (contract, 2.3). A value that does not
//! parse makes the whole list empty.

use super::filter::{comparison, truth};
use super::page::Parameters;
use crate::domain::time;
use crate::store::columns::{By, Comparison, On};

/// A column by its name in the query.
pub struct Column<C: 'static> {
    /// Its name.
    pub name: &'static str,
    /// What it is called inside.
    pub is: C,
    /// Whether its values are written as instants.
    pub instant: bool,
}

/// A column of whole numbers.
pub const fn number<C>(name: &'static str, is: C) -> Column<C> {
    Column { name, is, instant: false }
}

/// A column of instants.
pub const fn instant<C>(name: &'static str, is: C) -> Column<C> {
    Column { name, is, instant: true }
}

/// What the parameters ask for; `None` when a value does not parse, and nothing can match.
pub fn conditions<C: Copy>(parameters: &Parameters, columns: &[Column<C>]) -> Option<Vec<On<C>>> {
    let mut found = Vec::new();
    for (name, value) in parameters {
        let (column, how) = name.split_once("__").unwrap_or((name, ""));
        let Some(column) = columns.iter().find(|known| known.name == column) else { continue };
        // a comparison that is not known is ignored like a column that is not
        let Some(by) = comparison(how) else { continue };
        let one = |text: &str| if column.instant { time::parse(text) } else { text.trim().parse().ok() };
        let values: Option<Vec<i64>> = match (by, how) {
            (Comparison::IsNull, _) => truth(value).map(|null| vec![i64::from(null)]),
            (_, "in") => value.split(',').map(one).collect(),
            _ => one(value).map(|value| vec![value]),
        };
        found.push(On { column: column.is, by, values: values? });
    }
    Some(found)
}

/// `ordering=a,-b`; columns that are not listed are ignored.
pub fn ordering<C: Copy>(parameters: &Parameters, columns: &[Column<C>]) -> Vec<By<C>> {
    let asked = parameters.get("ordering").map(String::as_str).unwrap_or_default();
    let by = |part: &str| {
        let (descending, name) = part.strip_prefix('-').map_or((false, part), |name| (true, name));
        let column = columns.iter().find(|known| known.name == name)?;
        Some(By { column: column.is, descending })
    };
    asked.split(',').map(str::trim).filter_map(by).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<char>; 2] = [number("id", 'i'), instant("updated", 'u')];

    #[test]
    fn filters_and_orders_are_the_contracts() {
        let read = |name: &str, value: &str| conditions(&[(name.to_owned(), value.to_owned())].into(), &COLUMNS);
        let on = |column, by, values: &[i64]| Some(vec![On { column, by, values: values.to_vec() }]);
        assert_eq!(read("id", "7"), on('i', Comparison::In, &[7]));
        assert_eq!(read("id__in", "1,2"), on('i', Comparison::In, &[1, 2]));
        assert_eq!(read("updated__gte", "2030-01-01T00:00:00Z"), on('u', Comparison::Gte, &[1_893_456_000_000_000]));
        assert_eq!(read("updated__gte", "2030-01-01"), None, "a date-time is needed");
        assert_eq!(read("id__isnull", "False"), on('i', Comparison::IsNull, &[0]));
        assert_eq!(read("id", "abc"), None);
        assert_eq!(read("text", "abc"), Some(vec![]), "not a column");
        assert_eq!(read("id__near", "abc"), Some(vec![]), "not a comparison");
        let by = ordering(&[("ordering".to_owned(), "-updated, text,id".to_owned())].into(), &COLUMNS);
        assert_eq!(by, [By { column: 'u', descending: true }, By { column: 'i', descending: false }]);
    }
}
