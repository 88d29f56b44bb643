//! Schemas in the house: brought there whole, as a host behind the API would, with their numbers by `qid` and position.

use tertulia::{
    config,
    domain::script::{Schema, record},
    metrics::Metrics,
    store::{Store, schemas},
};

use super::{House, Value, json};

/// A schema that is in the house.
pub struct Brought(pub Schema);

impl Brought {
    pub fn id(&self) -> i64 {
        self.0.id
    }

    /// The number of the question that the schema calls so.
    pub fn question(&self, qid: i64) -> i64 {
        self.0.by_qid(qid).expect("a question of that qid").id
    }

    /// The number of the answer at that position.
    pub fn answer(&self, qid: i64, position: i64) -> i64 {
        let question = self.0.by_qid(qid).expect("a question of that qid");
        question.answers.iter().find(|answer| answer.position == position).expect("an answer at that position").id
    }
}

impl House {
    /// Brings a schema: its fields, with its questions and their answers inside, as the seed of the recordings has them.
    pub async fn brings(&self, nested: &Value) -> Brought {
        let schema = record::load(&records(nested).to_string(), true).expect("a schema's file");
        let environment = [("TERTULIA_DATA_DIR".to_owned(), self.data_dir().display().to_string())];
        let config = config::load(None, environment).expect("settings");
        let store = Store::open(&config, Metrics::new()).expect("the house's database");
        let stored = store.write(move |connection| schemas::create(connection, &schema, 1)).await.expect("stored");
        store.close().await;
        Brought(stored)
    }
}

/// The flat records of a nested schema; the keys between them count from one.
fn records(nested: &Value) -> Value {
    let mut records =
        vec![json!({"model": "chat_api.schema", "pk": 1, "fields": without(nested, &["groups", "questions"])})];
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let groups = list(nested, "groups");
    for (pk, group) in (1..).zip(&groups) {
        records.push(json!({"model": "chat_api.group", "pk": pk, "fields": with(group, "schema", json!(1))}));
    }
    let (mut answers, mut hung) = (0, 0);
    for (pk, question) in (1..).zip(list(nested, "questions")) {
        let place = groups.iter().position(|group| group["name"] == question["group"] && group["name"].is_string());
        let mut fields = with(&without(&question, &["answers", "attachments"]), "schema", json!(1));
        fields["group"] = json!(place.map(|place| place + 1));
        records.push(json!({"model": "chat_api.question", "pk": pk, "fields": fields}));
        for answer in list(&question, "answers") {
            answers += 1;
            let fields = with(&answer, "question", json!(pk));
            records.push(json!({"model": "chat_api.answer", "pk": answers, "fields": fields}));
        }
        for template in list(&question, "attachments") {
            hung += 1;
            let fields = with(&template, "question", json!(pk));
            records.push(json!({"model": "chat_api.attachmenttemplate", "pk": hung, "fields": fields}));
        }
    }
    Value::Array(records)
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, names: &[&str]) -> Value {
    let mut object = object.clone();
    object
        .as_object_mut()
        .expect("an object")
        .retain(|name, value| !names.contains(&name.as_str()) && !value.is_null());
    object
}
