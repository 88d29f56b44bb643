//! Filters and ordering of lists of schemas (contract, 2.3). A value that does not parse makes the whole list empty.

use super::super::page::Parameters;
use crate::store::messages::Comparison;
use crate::store::schema_list::{Condition, Flag, Order, Text};

/// A column that lists are filtered and ordered by.
#[derive(Clone, Copy)]
enum Column {
    Id,
    Text(Text),
    Flag(Flag),
}

/// The columns of the contract; `inside`, the name too.
fn column(name: &str, inside: bool) -> Option<Column> {
    match name {
        "id" => Some(Column::Id),
        "type" => Some(Column::Text(Text::Kind)),
        "published" => Some(Column::Flag(Flag::Published)),
        "deprecated" => Some(Column::Flag(Flag::Deprecated)),
        "name" if inside => Some(Column::Text(Text::Name)),
        _ => None,
    }
}

/// What the parameters ask for; `None` when a value does not parse, and nothing can match.
pub(super) fn conditions(parameters: &Parameters, inside: bool) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (name, value) in parameters {
        let (name, comparison) = name.split_once("__").unwrap_or((name, ""));
        if let Some(column) = column(name, inside) {
            conditions.extend(condition(column, comparison, value)?);
        }
    }
    Some(conditions)
}

fn comparison(name: &str) -> Option<Comparison> {
    match name {
        "" | "in" => Some(Comparison::In),
        "gt" => Some(Comparison::Gt),
        "gte" => Some(Comparison::Gte),
        "lt" => Some(Comparison::Lt),
        "lte" => Some(Comparison::Lte),
        _ => None,
    }
}

fn truth(value: &str) -> Option<bool> {
    match value {
        "true" | "True" | "t" | "1" => Some(true),
        "false" | "False" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// The condition, nothing for a comparison that is not known, `None` for a value that does not parse.
fn condition(column: Column, name: &str, value: &str) -> Option<Option<Condition>> {
    if name == "isnull" {
        // no column is ever null
        return Some(truth(value)?.then(|| Condition::Id(Comparison::In, Vec::new())));
    }
    if let (Column::Text(text), "icontains" | "istartswith") = (column, name) {
        let escaped = value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let before = if name == "icontains" { "%" } else { "" };
        return Some(Some(Condition::Like(text, format!("{before}{escaped}%"))));
    }
    let Some(comparison) = comparison(name) else { return Some(None) };
    let values: Vec<&str> = if name == "in" { value.split(',').collect() } else { vec![value] };
    Some(Some(match column {
        Column::Id => {
            let ids: Option<Vec<i64>> = values.iter().map(|text| text.trim().parse().ok()).collect();
            Condition::Id(comparison, ids?)
        }
        Column::Text(text) => Condition::Text(text, comparison, values.into_iter().map(str::to_owned).collect()),
        Column::Flag(flag) => {
            let flags: Option<Vec<bool>> = values.iter().map(|text| truth(text.trim())).collect();
            Condition::Flag(flag, comparison, flags?)
        }
    }))
}

/// `ordering=a,-b`; columns that are not listed are ignored. `newest=true` is `-id`.
pub(super) fn ordering(parameters: &Parameters, inside: bool) -> Vec<Order> {
    let text = parameters.get("ordering").map(String::as_str).unwrap_or_default();
    let order = |part: &str| {
        let (descending, name) = match part.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, part),
        };
        Some(match column(name, inside)? {
            Column::Id => Order::Id(descending),
            Column::Text(text) => Order::Text(text, descending),
            Column::Flag(flag) => Order::Flag(flag, descending),
        })
    };
    let mut orders: Vec<Order> = text.split(',').map(str::trim).filter_map(order).collect();
    if inside && parameters.get("newest").is_some_and(|value| value == "true") {
        orders.push(Order::Id(true));
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Option<Vec<Condition>> {
        conditions(&Parameters::from([(name.to_owned(), value.to_owned())]), false)
    }

    #[test]
    fn filters_are_the_contracts() {
        let flag = |by, values: &[bool]| Some(vec![Condition::Flag(Flag::Published, by, values.to_vec())]);
        assert_eq!(read("published", "True"), flag(Comparison::In, &[true]));
        assert_eq!(read("published", "false"), flag(Comparison::In, &[false]));
        assert_eq!(read("published__in", "true,false"), flag(Comparison::In, &[true, false]));
        assert_eq!(read("published", "maybe"), None, "nothing can match");
        assert_eq!(read("id", "x"), None);
        assert_eq!(read("id__in", "1,2"), Some(vec![Condition::Id(Comparison::In, vec![1, 2])]));
        assert_eq!(read("type__istartswith", "S_"), Some(vec![Condition::Like(Text::Kind, "S\\_%".into())]));
        assert_eq!(read("type__isnull", "true"), Some(vec![Condition::Id(Comparison::In, Vec::new())]));
        assert_eq!(read("type__isnull", "false"), Some(Vec::new()));
        assert_eq!(read("name", "x"), Some(Vec::new()), "not a column of the contract's list");
        assert_eq!(read("version", "2"), Some(Vec::new()));
        assert_eq!(read("id__near", "2"), Some(Vec::new()));
    }

    #[test]
    fn ordering_ignores_what_it_does_not_know() {
        let parameters = Parameters::from([("ordering".to_owned(), "-id,version,type".to_owned())]);
        assert_eq!(ordering(&parameters, false), [Order::Id(true), Order::Text(Text::Kind, false)]);
    }
}
