//! Why a command was not carried out. Doors turn these into bodies in one place each.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Complaints by field, as the body of a 400 (contract, 1).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(BTreeMap<String, Value>);

/// The key of complaints that belong to no field.
pub const NON_FIELD: &str = "non_field_errors";

impl FieldErrors {
    /// No complaint yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One complaint about one field.
    pub fn one(field: &str, code: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.add(field, code);
        errors
    }

    /// Adds a complaint to the field's list.
    pub fn add(&mut self, field: &str, code: impl Into<String>) {
        let list = self.0.entry(field.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(codes) = list {
            codes.push(Value::String(code.into()));
        }
    }

    /// Sets what stands under a field whose complaints are a tree (attachments: a list parallel to the input).
    pub fn set(&mut self, field: &str, tree: Value) {
        self.0.insert(field.to_owned(), tree);
    }

    /// Takes over the complaints about fields that have none yet: the field's own check wins (contract, 1).
    pub fn merge_weaker(&mut self, other: FieldErrors) {
        for (field, tree) in other.0 {
            self.0.entry(field).or_insert(tree);
        }
    }

    /// Whether nothing was complained of.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this field was complained of.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// The complaints about one field alone.
    #[must_use]
    pub fn only(mut self, field: &str) -> Self {
        self.0.retain(|name, _| name == field);
        self
    }

    /// The complaints as sentences: what comes before, the field, the complaint. Trees are left out.
    pub fn sentences(&self, before: &str) -> Vec<String> {
        let lists =
            self.0.iter().flat_map(|(field, tree)| tree.as_array().into_iter().flatten().map(move |it| (field, it)));
        lists.filter_map(|(field, code)| Some(format!("{before}{field}: {}", code.as_str()?))).collect()
    }

    /// `Err` with the complaints, if there are any.
    pub fn into_result(self) -> Result<(), Refusal> {
        if self.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self)) }
    }
}

impl From<FieldErrors> for Refusal {
    fn from(errors: FieldErrors) -> Self {
        Refusal::Invalid(errors)
    }
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The caller lacks the right, or is not in the thread, or the thread does not exist: 403 and no more is said.
    Forbidden,
    /// The message, attachment or member does not exist in a thread that the caller may use: 404.
    NotFound,
    /// Bad input: 400 with the complaints.
    Invalid(FieldErrors),
    /// Somebody else changed the same seat at the same time, more often than we try: 409.
    Clash,
    /// A queue is full: 503, come back after the given milliseconds.
    Busy {
        /// How long to wait, in milliseconds.
        retry_after: u32,
    },
    /// The store could not commit: 503, nothing was kept.
    Unavailable,
}

impl Refusal {
    /// A 400 with one complaint.
    pub fn field(field: &str, code: impl Into<String>) -> Self {
        Refusal::Invalid(FieldErrors::one(field, code))
    }

    /// The refusal's short name, as errors on the socket and in logs give it.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Forbidden => "forbidden",
            Refusal::NotFound => "not_found",
            Refusal::Invalid(_) => "invalid",
            Refusal::Clash => "clash",
            Refusal::Busy { .. } => "busy",
            Refusal::Unavailable => "unavailable",
        }
    }

    /// A sentence for people: what happened and what to do.
    pub fn detail(&self) -> &'static str {
        match self {
            Refusal::Forbidden => "You do not have permission to perform this action.",
            Refusal::NotFound => "Not found.",
            Refusal::Invalid(_) => "Some fields are not right; see `fields`.",
            Refusal::Clash => "Others changed this at the same time. Fetch it again and retry.",
            Refusal::Busy { .. } => "The server has too much waiting. Retry a little later.",
            Refusal::Unavailable => "The server could not store this. Nothing was kept; retry a little later.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_fields_own_complaint_wins() {
        let mut errors = FieldErrors::one("type", "This field is required.");
        let mut whole = FieldErrors::one(NON_FIELD, "THREAD_IS_CLOSED");
        whole.add("type", "WRONG");
        errors.merge_weaker(whole);
        let body = serde_json::to_value(&errors).expect("a map of texts is always JSON");
        assert_eq!(body, json!({"non_field_errors": ["THREAD_IS_CLOSED"], "type": ["This field is required."]}));
    }
}
