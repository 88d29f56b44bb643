//! Filters and ordering of message lists (contract, 2.3). A value that does not parse makes the whole list empty.

use super::page::Parameters;
use crate::domain::time;
use crate::store::messages::{Column, Comparison, Condition, Order};

/// What the parameters ask for; `None` when a value does not parse, and nothing can match.
pub fn conditions(parameters: &Parameters) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (name, value) in parameters {
        let (column, comparison) = name.split_once("__").unwrap_or((name, ""));
        if column == "type" {
            conditions.extend(on_type(comparison, value)?);
        } else if let Some(column) = numbers(column) {
            conditions.extend(on_number(column, comparison, value)?);
        }
    }
    Some(conditions)
}

fn numbers(name: &str) -> Option<Column> {
    match name {
        "id" => Some(Column::Id),
        "updated" => Some(Column::Updated),
        "related_question" => Some(Column::RelatedQuestion),
        "thread" => Some(Column::Thread),
        _ => None,
    }
}

pub(super) fn comparison(name: &str) -> Option<Comparison> {
    match name {
        "" | "in" => Some(Comparison::In),
        "gt" => Some(Comparison::Gt),
        "gte" => Some(Comparison::Gte),
        "lt" => Some(Comparison::Lt),
        "lte" => Some(Comparison::Lte),
        "isnull" => Some(Comparison::IsNull),
        _ => None,
    }
}

pub(super) fn truth(value: &str) -> Option<bool> {
    match value {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}

/// The condition, nothing for a comparison that is not known, `None` for a value that does not parse.
fn on_number(column: Column, name: &str, value: &str) -> Option<Option<Condition>> {
    let Some(comparison) = comparison(name) else { return Some(None) };
    let one = |text: &str| match column {
        Column::Updated => time::parse(text),
        _ => text.trim().parse::<i64>().ok(),
    };
    let values: Option<Vec<i64>> = match (comparison, name) {
        (Comparison::IsNull, _) => truth(value).map(|null| vec![i64::from(null)]),
        (_, "in") => value.split(',').map(one).collect(),
        _ => one(value).map(|value| vec![value]),
    };
    Some(Some(Condition::Number(column, comparison, values?)))
}

fn on_type(name: &str, value: &str) -> Option<Option<Condition>> {
    let escaped = value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let condition = match name {
        "" => Condition::TypeIn(vec![value.to_owned()]),
        "in" => Condition::TypeIn(value.split(',').map(str::to_owned).collect()),
        "icontains" => Condition::TypeLike(format!("%{escaped}%")),
        "istartswith" => Condition::TypeLike(format!("{escaped}%")),
        // a message always has a type
        "isnull" if truth(value)? => Condition::TypeIn(Vec::new()),
        other => match comparison(other).filter(|comparison| *comparison != Comparison::IsNull) {
            Some(comparison) => Condition::TypeCompare(comparison, value.to_owned()),
            None => return Some(None),
        },
    };
    Some(Some(condition))
}

/// `ordering=a,-b`; columns that are not listed are ignored.
pub fn ordering(parameters: &Parameters) -> Vec<Order> {
    let Some(text) = parameters.get("ordering") else { return Vec::new() };
    let column = |part: &str| {
        let (descending, name) = match part.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, part),
        };
        match name {
            "type" => Some(Order::Type(descending)),
            other => numbers(other).map(|column| Order::Number(column, descending)),
        }
    };
    text.split(',').map(str::trim).filter_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Option<Vec<Condition>> {
        conditions(&Parameters::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn filters_are_the_contracts() {
        let number = |by, values: &[i64]| Some(vec![Condition::Number(Column::Id, by, values.to_vec())]);
        assert_eq!(read("id", "7"), number(Comparison::In, &[7]));
        assert_eq!(read("id__in", "1,2"), number(Comparison::In, &[1, 2]));
        assert_eq!(read("id__gte", "3"), number(Comparison::Gte, &[3]));
        assert_eq!(read("id", "abc"), None, "nothing can match");
        assert_eq!(read("updated__gte", "2030-01-01"), None, "a date-time is needed");
        assert_eq!(read("created", "x"), Some(Vec::new()), "not a column of this list");
        assert_eq!(read("id__near", "x"), Some(Vec::new()), "not a comparison");
        assert_eq!(read("related_question__isnull", "maybe"), None);
        assert_eq!(read("type__icontains", "a_b"), Some(vec![Condition::TypeLike("%a\\_b%".into())]));
    }

    #[test]
    fn ordering_ignores_what_it_does_not_know() {
        let parameters = Parameters::from([("ordering".to_owned(), "-updated,text,id".to_owned())]);
        let expected = vec![Order::Number(Column::Updated, true), Order::Number(Column::Id, false)];
        assert_eq!(ordering(&parameters), expected);
    }
}
