//! The schemas that the recordings begin with, brought in as an administrator would: by the file of a schema.

use super::{House, Value, json, stand_ins::StandIns};

/// The seeded schemas, made in the house in their order, and bound to their stand-ins: `<schema:L>`, `<group:L.name>`,
/// `<question:L.qN>`, `<answer:L.qN.aP>`, `<attachment_template:L.qN.tK>`.
pub async fn schemas(house: &House, seed: &Value, stand_ins: &mut StandIns) {
    for schema in seed["schemas"].as_array().expect("schemas") {
        let made = house.host().await.post("/api/schemas/import", file(schema)).await.is(201).body;
        bind(schema["label"].as_str().expect("a label"), &made, stand_ins);
    }
}

/// The file of a seeded schema: its keys are those of the list that it stands in.
pub fn file(schema: &Value) -> Value {
    let or = |name: &str, value: Value| schema.get(name).cloned().unwrap_or(value);
    let fields = json!({
        "name": schema["name"], "type": schema["type"], "version": or("version", 1.into()),
        "published": or("published", false.into()), "deprecated": or("deprecated", false.into()),
    });
    let mut records = vec![record("schema", 1, &fields)];
    let groups = items(schema, "groups");
    for (number, group) in (1..).zip(&groups) {
        records.push(record(
            "group",
            number,
            &json!({"schema": 1, "name": group["name"], "position": group["position"]}),
        ));
    }
    let (mut answers, mut templates) = (Vec::new(), Vec::new());
    for question in items(schema, "questions") {
        let key = question["qid"].as_i64().expect("a qid") + 1000;
        for answer in items(&question, "answers") {
            answers.push(record("answer", answers.len() as i64 + 1, &with(&answer, json!({"question": key}), &[])));
        }
        for template in items(&question, "attachments") {
            templates.push(record(
                "attachmenttemplate",
                templates.len() as i64 + 1,
                &with(&template, json!({"question": key}), &[]),
            ));
        }
        let group = groups.iter().position(|group| group["name"] == question["group"]).map(|place| place + 1);
        let own = with(&question, json!({"schema": 1, "group": group}), &["answers", "attachments"]);
        records.push(record("question", key, &own));
    }
    records.into_iter().chain(answers).chain(templates).collect()
}

fn items(object: &Value, name: &str) -> Vec<Value> {
    object[name].as_array().cloned().unwrap_or_default()
}

fn record(model: &str, pk: i64, fields: &Value) -> Value {
    json!({"model": format!("chat_api.{model}"), "pk": pk, "fields": fields})
}

fn with(object: &Value, more: Value, less: &[&str]) -> Value {
    let mut all = object.as_object().cloned().expect("an object");
    all.extend(more.as_object().cloned().expect("an object"));
    all.retain(|name, _| !less.contains(&name.as_str()));
    Value::Object(all)
}

/// Binds the stand-ins of a schema to the numbers that it got.
fn bind(label: &str, made: &Value, stand_ins: &mut StandIns) {
    let id = |object: &Value| object["id"].as_i64().expect("an id");
    stand_ins.bind(&format!("<schema:{label}>"), id(made));
    let mut questions = items(made, "questions");
    for group in items(made, "groups") {
        stand_ins.bind(&format!("<group:{label}.{}>", group["name"].as_str().expect("a name")), id(&group));
        questions.extend(items(&group, "questions"));
    }
    for question in questions {
        let name = format!("{label}.q{}", question["qid"]);
        stand_ins.bind(&format!("<question:{name}>"), id(&question));
        for answer in items(&question, "answers") {
            stand_ins.bind(&format!("<answer:{name}.a{}>", answer["position"]), id(&answer));
        }
        for (number, template) in (1..).zip(items(&question, "attachments")) {
            stand_ins.bind(&format!("<attachment_template:{name}.t{number}>"), id(&template));
        }
    }
}
