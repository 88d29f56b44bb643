//! `?fields=`: which members of the objects are wanted (contract, 2.1).

use std::collections::BTreeMap;

use serde_json::Value;

/// Which fields are wanted, as a tree; an empty tree below a name wants all of it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted(BTreeMap<String, Wanted>);

/// What `?fields=` asked for; nothing asked is everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select(Option<Wanted>);

impl Select {
    /// Reads the parameter; names are separated by commas, levels by `__`.
    pub fn parse(parameter: Option<&str>) -> Self {
        let Some(text) = parameter else { return Self(None) };
        let mut root = Wanted::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let mut level = &mut root;
            let mut path = name.split("__").peekable();
            while let Some(part) = path.next() {
                let known = level.0.contains_key(part);
                let whole = known && level.0.get(part).is_some_and(|below| below.0.is_empty());
                let entry = level.0.entry(part.to_owned()).or_default();
                if path.peek().is_none() {
                    // `a` alone gives `a` whole
                    entry.0.clear();
                } else if whole {
                    break;
                }
                level = entry;
            }
        }
        Self(Some(root))
    }

    /// Whether a field of the outermost level is wanted.
    pub fn wants(&self, field: &str) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted.0.contains_key(field))
    }

    /// Leaves only what is wanted, in an object or in each of a list.
    pub fn apply(&self, value: Value) -> Value {
        match &self.0 {
            None => value,
            Some(wanted) => keep(value, wanted),
        }
    }
}

fn keep(value: Value, wanted: &Wanted) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|item| keep(item, wanted)).collect()),
        Value::Object(object) => {
            let kept = object.into_iter().filter_map(|(name, value)| {
                let below = wanted.0.get(&name)?;
                Some((name, if below.0.is_empty() { value } else { keep(value, below) }))
            });
            Value::Object(kept.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_chosen_as_the_contract_says() {
        let object = json!({"id": 1, "a": {"b": 2, "c": {"d": 3, "e": 4}}, "list": [{"x": 1, "y": 2}]});
        let table = [
            (None, object.clone()),
            (Some("id"), json!({"id": 1})),
            (Some(""), json!({})),
            (Some("nothing"), json!({})),
            (Some("a__b"), json!({"a": {"b": 2}})),
            (Some("a__c__d,id"), json!({"id": 1, "a": {"c": {"d": 3}}})),
            (Some("a__b,a"), json!({"a": {"b": 2, "c": {"d": 3, "e": 4}}})),
            (Some("a,a__b"), json!({"a": {"b": 2, "c": {"d": 3, "e": 4}}})),
            (Some("list__x"), json!({"list": [{"x": 1}]})),
        ];
        for (parameter, expected) in table {
            assert_eq!(Select::parse(parameter).apply(object.clone()), expected, "{parameter:?}");
        }
    }
}
