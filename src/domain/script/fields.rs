//! The fields of the records in a schema's file (contract, 13.5), in the order in which they are written.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::schema::Translations;
use super::{Pairs, rules};

/// Records whose fields are known by name. Tertulia's own fields are written only where they say something, so that
/// other readers of the file are not troubled.
pub(super) trait Record: Default + Serialize {
    /// Fields that an empty record does not write.
    const OWN: &'static [&'static str] = &[];
}

impl Record for SchemaFields {
    const OWN: &'static [&'static str] = &["language"];
}
impl Record for GroupFields {}
impl Record for QuestionFields {
    const OWN: &'static [&'static str] = &["translations"];
}
impl Record for AnswerFields {
    const OWN: &'static [&'static str] = &["translations"];
}
impl Record for TemplateFields {}

/// Of `chat_api.schema`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SchemaFields {
    pub(super) deprecated: bool,
    pub(super) name: String,
    pub(super) published: bool,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) version: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) language: String,
}

impl Default for SchemaFields {
    fn default() -> Self {
        Self {
            deprecated: false,
            name: String::new(),
            published: false,
            kind: "survey".to_owned(),
            version: 1,
            language: String::new(),
        }
    }
}

/// Of `chat_api.group`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GroupFields {
    pub(super) name: String,
    pub(super) position: i64,
    pub(super) schema: Option<i64>,
}

/// Of `chat_api.question`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QuestionFields {
    pub(super) choice_open: bool,
    pub(super) group: Option<i64>,
    /// What the file says; true is what hangs on the question.
    pub(super) has_attachments: bool,
    #[serde(with = "loose")]
    pub(super) meta: Option<Value>,
    pub(super) next_qid: Option<i64>,
    pub(super) position: i64,
    pub(super) qid: i64,
    pub(super) range_from: Option<f64>,
    pub(super) range_to: Option<f64>,
    pub(super) required: bool,
    pub(super) schema: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) text: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(deserialize_with = "text")]
    pub(super) comments: String,
    #[serde(deserialize_with = "pairs")]
    pub(super) variable_modifications: Pairs,
    #[serde(deserialize_with = "pairs")]
    pub(super) forking_rules: Pairs,
    #[serde(deserialize_with = "text")]
    pub(super) show_as_type: String,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    pub(super) translations: Translations,
}

/// Of `chat_api.answer`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AnswerFields {
    #[serde(with = "loose")]
    pub(super) meta: Option<Value>,
    pub(super) next_qid: Option<i64>,
    pub(super) position: i64,
    pub(super) question: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) text: String,
    #[serde(deserialize_with = "text")]
    pub(super) comments: String,
    #[serde(deserialize_with = "pairs")]
    pub(super) variable_modifications: Pairs,
    pub(super) exclusive: bool,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    pub(super) translations: Translations,
}

/// Of `chat_api.attachmenttemplate`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TemplateFields {
    #[serde(deserialize_with = "text")]
    pub(super) description: String,
    pub(super) object_id: Option<i64>,
    pub(super) content_type: Option<i64>,
    #[serde(with = "loose")]
    pub(super) options: Option<Value>,
    pub(super) question: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) file: String,
    pub(super) url: Option<String>,
    #[serde(with = "loose")]
    pub(super) thumbnail: Option<Value>,
    #[serde(deserialize_with = "text")]
    pub(super) thumbnail_image: String,
    #[serde(deserialize_with = "text")]
    pub(super) title: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// A text; `null` is the empty one.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(from)?.unwrap_or_default())
}

/// Pairs of texts, as JSON or as the text of JSON.
fn pairs<'de, D: Deserializer<'de>>(from: D) -> Result<Pairs, D::Error> {
    let value = loose::deserialize(from)?.unwrap_or(Value::Null);
    rules::read_pairs(&value).map_err(D::Error::custom)
}

/// JSON that may stand in the file as a text of JSON. A value that is a text itself is always written so, lest it be
/// read as something else.
mod loose {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Value};

    pub(super) fn serialize<S: Serializer>(value: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(Value::String(_)) => value.as_ref().map(Value::to_string).serialize(to),
            _ => value.serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
        let value = match Option::<Value>::deserialize(from)? {
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            value => value,
        };
        Ok(value.filter(|value| !value.is_null()))
    }
}
