//! The file of a schema (contract, 13.5) and the objects on the wire (13.1, 13.2).

use serde_json::{Value, json};

use super::super::record::{INDENT, dump, load};
use super::super::schema::{Schema, Template};
use super::super::wire;
use super::seed;
use crate::domain::attachment::Kind;
use crate::domain::view::Look;

const LABELS: [&str; 9] =
    ["onboarding", "mini", "opener", "forkfirst", "broken", "counter", "health", "health2", "old"];

fn full() -> Schema {
    let mut schema = seed::schema("onboarding");
    let question = &mut schema.questions[0];
    question.meta = Some(json!("5"));
    question.comments = "why".into();
    question.answers = seed::schema("health").questions[0].answers.clone();
    question.answers[0].meta = Some(json!({"a": [1, null]}));
    question.attachments.push(Template {
        id: 77,
        kind: Kind::Image,
        title: "t".into(),
        description: "d".into(),
        options: Some(json!([1])),
        object_id: Some(3),
        content_type: Some(1),
        file: Some("f.png".into()),
        thumbnail_file: Some("t.png".into()),
        url: None,
        thumbnail: Some(json!({"x": 1})),
    });
    schema
}

fn records(schema: &Schema) -> Vec<Value> {
    serde_json::from_str(&dump(schema, INDENT).expect("a file")).expect("a list")
}

fn loaded(records: &[Value], skip_unknown: bool) -> Result<Schema, Vec<String>> {
    load(&Value::from(records.to_vec()).to_string(), skip_unknown)
}

#[test]
fn what_was_dumped_is_loaded_the_same() {
    for schema in LABELS.map(seed::schema).into_iter().chain([full()]) {
        let file = dump(&schema, INDENT).expect("a file");
        assert_eq!(load(&file, false), Ok(schema));
        assert!(file.starts_with("[\n    {\n        \"model\": \"chat_api.schema\","), "{file}");
    }
}

#[test]
fn records_have_the_order_and_the_fields_of_the_contract() {
    let records = records(&full());
    let models: Vec<&str> = records.iter().filter_map(|record| record["model"].as_str()).collect();
    let order =
        ["chat_api.schema", "chat_api.group", "chat_api.question", "chat_api.answer", "chat_api.attachmenttemplate"];
    assert!(models.is_sorted_by_key(|model| order.iter().position(|known| known == model)));
    let fields = |model: &str| {
        let record = records.iter().find(|record| record["model"] == model).expect("one of them");
        record["fields"].as_object().expect("fields").keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let table = [
        ("chat_api.schema", "deprecated name published type version"),
        (
            "chat_api.question",
            "choice_open comments forking_rules group has_attachments meta next_qid position qid range_from range_to \
             required schema show_as_type text type variable_modifications",
        ),
        ("chat_api.answer", "comments exclusive meta next_qid position question text variable_modifications"),
        (
            "chat_api.attachmenttemplate",
            "content_type description file object_id options question thumbnail thumbnail_image title type url",
        ),
    ];
    for (model, expected) in table {
        let mut found: Vec<String> = fields(model).split(' ').map(str::to_owned).collect();
        found.sort();
        assert_eq!(found.join(" "), expected, "{model}");
    }
}

#[test]
fn json_may_stand_in_the_file_as_text() {
    let schema = full();
    let mut records = records(&schema);
    for record in &mut records {
        let Value::Object(fields) = &mut record["fields"] else { panic!("fields") };
        for name in ["meta", "options", "thumbnail", "variable_modifications", "forking_rules"] {
            if let Some(value) = fields.get_mut(name).filter(|value| !value.is_string()) {
                *value = value.to_string().into();
            }
        }
    }
    assert_eq!(loaded(&records, false), Ok(schema));
}

#[test]
fn unknown_fields_are_skipped_only_on_demand() {
    let mut records = records(&full());
    records.iter_mut().for_each(|record| record["fields"]["colour"] = "red".into());
    let wrong = loaded(&records, false).expect_err("refused");
    assert_eq!(wrong.len(), records.len());
    assert!(wrong.iter().all(|line| line.contains("unknown field `colour`")), "{wrong:?}");
    assert_eq!(loaded(&records, true), Ok(full()));
}

#[test]
fn a_broken_file_is_explained() {
    let schema = seed::schema("health");
    type Break = fn(&mut Vec<Value>);
    let table: [(Break, &str); 11] = [
        (|records| records.clear(), "exactly one schema"),
        (|records| records.push(json!({"model": "chat_api.schema", "pk": 500, "fields": {}})), "exactly one schema"),
        (|records| records.push(json!({"model": "chat_api.thing", "pk": 1, "fields": {}})), "unknown model"),
        (|records| records.push(json!({"model": "chat_api.group", "fields": {}})), "missing field `pk`"),
        (|records| records.push(records[1].clone()), "stands there twice"),
        (|records| records[1]["fields"]["schema"] = 5.into(), "its `schema` is not in the file"),
        (|records| records[3]["fields"]["group"] = 999.into(), "its `group` is not in the file"),
        (|records| records[3]["fields"]["type"] = "poem".into(), "unknown type `poem`"),
        (|records| records[3]["fields"]["qid"] = 2.into(), "qid 2 is there twice"),
        (|records| records[3]["fields"]["variable_modifications"] = json!([["x"]]), "a list of lists of two"),
        (|records| records.retain(|record| record["fields"]["qid"] != 1), "its `question` is not in the file"),
    ];
    for (damage, words) in table {
        let mut records = records(&schema);
        damage(&mut records);
        let wrong = loaded(&records, false).expect_err("refused");
        assert!(wrong.iter().any(|line| line.contains(words)), "{words}: {wrong:?}");
    }
    assert!(load("{", false).is_err() && load("{}", false).is_err());
}

fn look() -> Look {
    Look { media_base: "/media/".into(), placeholder: String::new(), escape: true }
}

#[test]
fn a_grouped_question_stands_only_in_its_group() {
    let shown = wire::detail(&seed::schema("health"), &look(), wire::Reading::default());
    let qids = |questions: &Value| -> Vec<i64> {
        questions.as_array().expect("a list").iter().filter_map(|question| question["qid"].as_i64()).collect()
    };
    assert_eq!(qids(&shown["questions"]), [3, 5, 6]);
    assert_eq!(shown["groups"][0]["name"], "mood");
    assert_eq!((qids(&shown["groups"][0]["questions"]), qids(&shown["groups"][1]["questions"])), (vec![4], vec![1, 2]));
}

#[test]
fn a_question_has_the_fields_of_the_contract_and_no_comments() {
    let schema = full();
    let shown = wire::question(schema.id, &schema.questions[0], &look());
    let keys = |value: &Value| {
        let mut keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    let fields = "answers attachments choice_open forking_rules group has_attachments id meta next_qid position qid \
                  range_from range_to required schema show_as_type text type variable_modifications";
    assert_eq!(keys(&shown), fields);
    assert_eq!(keys(&shown["answers"][0]), "exclusive id meta next_qid position question text variable_modifications");
    let template = "content_type description id object_id options question src thumbnail title type";
    assert_eq!(keys(&shown["attachments"][0]), template);
    assert_eq!(shown["attachments"][0]["src"], "https://video.example/watch?v=1");
    assert_eq!(shown["attachments"][1]["src"], "/media/f.png");
    assert_eq!(shown["has_attachments"], schema.questions[0].has_attachments);
}
