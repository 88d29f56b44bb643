//! `tertulia schema`: files go in and out while the server runs, and large ones are no trouble.

use crate::support::{House, Value, json};

fn sample(name: &str) -> String {
    format!("{}/samples/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn a_file_is_loaded_dumped_and_loaded_again() {
    let house = House::new().await;
    let path = sample("customer-satisfaction");
    let loaded = house.told(&["schema", "load", &path, "--publish"], "");
    assert_eq!(loaded, json!({"id": loaded["id"], "name": "Customer satisfaction", "version": 1, "published": true}));
    let ana = house.person("ana");
    let listed = ana.get("/api/schemas/survey?fields=id").await.is(200).body;
    assert_eq!(listed, json!([{"id": loaded["id"]}]), "the running server has it");

    let id = loaded["id"].to_string();
    let dumped = house.runs(&["schema", "dump", &id], "");
    let by_name = house.runs(&["schema", "dump", "--name", "Customer satisfaction"], "");
    assert_eq!(dumped.stdout, by_name.stdout);
    let text = String::from_utf8(dumped.stdout).expect("UTF-8");
    let twice = house.runs(&["schema", "load", "-"], &text);
    let words = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(!twice.status.success() && words.contains("version 1 already"), "{words}");
    let next = text.replace("\"version\": 1", "\"version\": 2");
    let loaded = house.told(&["schema", "load", "-"], &next);
    assert_eq!((&loaded["version"], &loaded["published"]), (&json!(2), &json!(true)), "as the file says");
    let out = house.dir().join("out.json");
    house.runs(&["schema", "dump", &id, "--output", &out.to_string_lossy(), "--indent", "2"], "");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(out).expect("a file")).expect("JSON");
    assert_eq!(
        written.as_array().map(Vec::len),
        serde_json::from_str::<Value>(&text).expect("JSON").as_array().map(Vec::len)
    );
}

#[tokio::test]
async fn checking_says_what_is_wrong_and_fails() {
    let house = House::unopened(&[]);
    for name in ["health-intake", "customer-satisfaction"] {
        let checked = house.runs(&["schema", "check", &sample(name)], "");
        assert!(checked.status.success() && checked.stdout.is_empty(), "{name}");
    }
    let file = json!([
        {"model": "chat_api.schema", "pk": 1, "fields": {"name": "Odd", "type": "survey"}},
        {"model": "chat_api.question", "pk": 1, "fields": {"schema": 1, "qid": 1, "position": 1, "type": "text",
            "text": "Hello {{ nobody.knows }}", "next_qid": 2}},
        {"model": "chat_api.question", "pk": 2, "fields": {"schema": 1, "qid": 2, "position": 2, "type": "text",
            "text": "?", "next_qid": 1}},
    ]);
    let text = file.to_string();
    let checked = house.runs(&["schema", "check", "-"], &text);
    assert_eq!(checked.status.code(), Some(1));
    let lines = String::from_utf8(checked.stdout).expect("UTF-8");
    assert!(lines.contains("Infinite loop detected. Path: 1, 2, 1 [by way of 1, 2, 1]"), "{lines}");
    assert!(lines.contains("nobody"), "{lines}");
    let strict = house.runs(&["schema", "load", "-", "--strict"], &text);
    assert!(!strict.status.success() && strict.stdout.is_empty());
    let loaded = house.runs(&["schema", "load", "-"], &text);
    assert!(loaded.status.success(), "findings are advice");
    assert!(String::from_utf8_lossy(&loaded.stderr).contains("Infinite loop"));
    let id = serde_json::from_slice::<Value>(&loaded.stdout).expect("JSON")["id"].to_string();
    assert_eq!(house.runs(&["schema", "check", "--id", &id], "").status.code(), Some(1));
    let unknown = house.runs(&["schema", "check", "-"], &text.replace("\"text\"", "\"words\""));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("--skip-unknown"));
}

/// A schema of a thousand questions: choices that lead to the next question or past it, and variables.
fn thousand() -> Value {
    let questions = (1..=1000_i64).map(|qid| {
        let next = |steps: i64| if qid + steps > 1000 { -1 } else { qid + steps };
        if qid % 2 == 0 {
            return json!({"qid": qid, "position": qid, "type": "text", "text": format!("Say {qid}"), "next_qid": next(1)});
        }
        json!({"qid": qid, "position": qid, "type": "choice", "text": format!("Choose {qid}"), "answers": [
            {"position": 1, "text": "on", "next_qid": next(1)},
            {"position": 2, "text": "past", "next_qid": next(2), "variable_modifications": [["last", qid.to_string()]]},
        ]})
    });
    json!({"name": "Long", "type": "automated_flow", "questions": questions.collect::<Value>()})
}

#[tokio::test]
async fn a_thousand_questions_are_made_checked_and_walked() {
    let house = House::new().await;
    let host = house.host().await;
    let made = host.post("/api/schemas", thousand()).await.is(201).body;
    let path = |rest: &str| format!("/api/schemas/{}{rest}", made["id"]);
    assert_eq!(made["questions"].as_array().map(Vec::len), Some(1000));

    host.post(&path("/publish"), json!({"force": true})).await.is(200);

    let steps: Vec<Value> = made["questions"]
        .as_array()
        .expect("questions")
        .iter()
        .map(|question| match question["answers"].get(0) {
            Some(answer) => json!({"answers": [answer["id"]]}),
            None => json!({"text": "yes"}),
        })
        .collect();
    let walked = host.post(&path("/preview"), json!({"steps": steps})).await.is(200).body;
    assert_eq!(walked["ended"], true);
    assert_eq!(walked["messages"].as_array().map(Vec::len), Some(2000));
    let exported = host.get(&path("/export?indent=0")).await.is(200);
    let mut records = exported.body;
    records[0]["fields"]["version"] = json!(2);
    host.post("/api/schemas/import", records).await.is(201);
}
