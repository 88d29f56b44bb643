//! What scripts ask and surveys collect: written by administrators, read by everybody else as far as they may.

use base64::{Engine, engine::general_purpose::STANDARD};
use image::ImageFormat;

use crate::attachments::picture;
use crate::support::{Answer, House, Person, Value, json};

/// A short schema: a choice that leads to a text or to the end.
fn short(name: &str) -> Value {
    json!({
        "name": name, "type": "survey", "language": "en",
        "groups": [{"name": "First", "position": 1, "questions": [
            {"qid": 1, "position": 1, "type": "choice", "text": "Tea?", "comments": "ask kindly",
             "translations": {"es": "¿Té?", "pt": "Chá?"},
             "answers": [
                {"position": 1, "text": "Yes", "next_qid": 2, "translations": {"es": "Sí"},
                 "variable_modifications": [["cups", "cups + 1"]]},
                {"position": 2, "text": "No", "next_qid": -1}]},
        ]}],
        "questions": [
            {"qid": 2, "position": 2, "type": "text", "text": "Which kind?", "next_qid": -1},
        ],
    })
}

async fn makes(host: &Person, body: Value) -> Value {
    host.post("/api/schemas", body).await.is(201).body
}

async fn publishes(host: &Person, schema: &Value) -> Value {
    host.post(&format!("/api/schemas/{}/publish", schema["id"]), json!({})).await.is(200).body
}

fn path(schema: &Value, rest: &str) -> String {
    format!("/api/schemas/{}{rest}", schema["id"])
}

#[tokio::test]
async fn a_draft_is_written_published_and_read() {
    let house = House::new().await;
    let (host, ana, olga) = (house.host().await, house.person("ana"), house.operator("olga"));

    let draft = makes(host, short("Tea")).await;
    assert_eq!((&draft["version"], &draft["published"]), (&json!(1), &json!(false)));
    assert_eq!(draft["groups"][0]["questions"][0]["comments"], "ask kindly");
    ana.get(&path(&draft, "")).await.is(403);
    olga.get(&path(&draft, "")).await.is(200);
    assert_eq!(ana.get("/api/schemas/survey").await.is(200).body, json!([]));

    publishes(host, &draft).await;

    let read = ana.get(&path(&draft, "")).await.is(200).body;
    let question = &read["groups"][0]["questions"][0];
    assert_eq!(question["text"], "Tea?");
    assert_eq!((&question["comments"], &question["translations"]), (&Value::Null, &Value::Null), "authors' own");
    assert_eq!(read["questions"][0]["qid"], 2, "without a group");
    let spanish = ana.get(&path(&draft, "?language=es-MX")).await.is(200).body;
    assert_eq!(spanish["groups"][0]["questions"][0]["text"], "¿Té?");
    let labels = |at: usize| spanish["groups"][0]["questions"][0]["answers"][at]["text"].clone();
    assert_eq!((labels(0), labels(1)), (json!("Sí"), json!("No")), "what is not translated stays");
    ana.get(&path(&draft, "?language=not_a_code")).await.is(400);
    let narrow = ana.get(&path(&draft, "?fields=name,groups__name")).await.is(200).body;
    assert_eq!(narrow, json!({"name": "Tea", "groups": [{"name": "First"}]}));
}

/// Who is out is out: a change is a copy, and what was published before is deprecated by the next.
#[tokio::test]
async fn a_published_schema_goes_on_as_its_next_version() {
    let house = House::new().await;
    let host = house.host().await;
    let first = makes(host, short("Tea")).await;
    publishes(host, &first).await;

    for (method, rest) in [("PATCH", ""), ("DELETE", ""), ("PUT", ""), ("POST", "/groups"), ("POST", "/publish")] {
        let body = if method == "PUT" { short("Tea") } else { json!({"name": "x", "position": 9}) };
        let answer = host.asks(method, &path(&first, rest), Some(&body)).await.is(409);
        assert_eq!(answer.body["code"], "published", "{method} {rest}");
    }
    let copy = host.post(&path(&first, "/copy"), json!({})).await.is(201).body;
    assert_eq!((&copy["version"], &copy["published"]), (&json!(2), &json!(false)));
    assert_ne!(copy["questions"][0]["id"], first["questions"][0]["id"]);
    let again = host.post(&path(&first, "/copy"), json!({})).await.is(201).body;
    assert_eq!(again["version"], 3, "the highest and one");
    host.delete(&path(&again, "")).await.is(204);
    host.get(&path(&again, "")).await.is(404);

    publishes(host, &copy).await;
    assert_eq!(host.get(&path(&first, "")).await.is(200).body["deprecated"], true);
    let usable = host.get("/api/schemas?name=Tea&published=true&deprecated=false").await.is(200);
    assert_eq!(usable.results().len(), 1);
    let newest = host.get("/api/schemas?newest=true&limit=1&fields=id").await.is(200);
    assert_eq!(newest.results()[0]["id"], copy["id"]);
    let gone = host.post(&path(&copy, "/deprecate"), json!({})).await.is(200).body;
    assert_eq!(gone["deprecated"], true);
}

#[tokio::test]
async fn what_is_wrong_is_said_where_it_is() {
    let house = House::new().await;
    let host = house.host().await;
    let mut body = short("Tea");
    body["type"] = json!("poem");
    body["groups"][0]["questions"][0]["answers"][1]["next_qid"] = json!(99);
    body["questions"] = json!([
        {"qid": 1, "position": 2, "type": "range", "next_qid": "x"},
        7,
        {"qid": 2, "position": 5, "type": "text", "next_qid": -1, "translations": {"klingon language": "x"},
         "attachments": [{"type": "youtube"}]},
    ]);

    let errors = host.post("/api/schemas", body).await.is(400).body;

    assert_eq!(errors["type"], json!(["\"poem\" is not a valid choice."]));
    let nested = &errors["groups"][0]["questions"][0];
    assert_eq!(nested["answers"][1], json!({"next_qid": ["NO_SUCH_QUESTION"]}));
    assert_eq!(nested["answers"][0], json!({}));
    assert_eq!(nested["qid"], json!(["NOT_UNIQUE"]));
    let range = &errors["questions"][0];
    assert_eq!((&range["range_from"], &range["qid"]), (&json!(["REQUIRED"]), &json!(["NOT_UNIQUE"])));
    assert_eq!(range["next_qid"], json!(["A valid integer is required."]));
    assert!(errors["questions"][1]["non_field_errors"].is_array());
    assert!(errors["questions"][2]["translations"].is_array());
    assert_eq!(errors["questions"][2]["attachments"], json!([{"url": ["REQUIRED"]}]));
    assert_eq!(host.get("/api/schemas").await.is(200).results().len(), 0, "nothing was stored");
    makes(host, short("Tea")).await;
    let mut same = short("Tea");
    same["version"] = json!(1);
    host.post("/api/schemas", same).await.refuses("version", "NOT_UNIQUE");
}

/// What the schema shows can be sent back; parts that carry their numbers stay the same parts.
#[tokio::test]
async fn a_draft_is_replaced_and_its_parts_stay_themselves() {
    let house = House::new().await;
    let host = house.host().await;
    let mut draft = makes(host, short("Tea")).await;
    let (tea, kind) = (draft["groups"][0]["questions"][0].clone(), draft["questions"][0].clone());

    // the two swap their places and names, and one goes into the group
    draft["groups"][0]["questions"][0]["qid"] = json!(2);
    draft["groups"][0]["questions"][0]["position"] = json!(2);
    draft["questions"][0]["qid"] = json!(1);
    draft["questions"][0]["position"] = json!(1);
    draft["questions"][0]["next_qid"] = json!(2);
    draft["questions"][0]["group"] = draft["groups"][0]["id"].clone();
    draft["groups"][0]["questions"][0]["answers"][0]["next_qid"] = json!(-1);
    let after = host.put(&path(&draft, ""), draft.clone()).await.is(200).body;

    let questions = host.get(&path(&after, "/questions")).await.is(200).body;
    let seen = |at: usize| (questions[at]["id"].clone(), questions[at]["qid"].clone());
    assert_eq!((seen(0), seen(1)), ((kind["id"].clone(), json!(1)), (tea["id"].clone(), json!(2))));
    assert_eq!(questions[1]["answers"][0]["id"], tea["answers"][0]["id"]);
    assert_eq!(questions[0]["group"], after["groups"][0]["id"]);
    assert_eq!(after["version"], 1);

    let named = host.patch(&path(&after, ""), json!({"name": "Coffee", "language": "de"})).await.is(200).body;
    assert_eq!((&named["name"], &named["language"]), (&json!("Coffee"), &json!("de")));
    makes(host, short("Tea")).await;
    host.patch(&path(&after, ""), json!({"name": "Tea"})).await.refuses("name", "NOT_UNIQUE");
}

#[tokio::test]
async fn parts_are_written_one_by_one() {
    let house = House::new().await;
    let host = house.host().await;
    let draft = makes(host, json!({"name": "Steps", "type": "automated_flow"})).await;
    let group = host.post(&path(&draft, "/groups"), json!({"name": "All", "position": 1})).await.is(201).body;
    host.post(&path(&draft, "/groups"), json!({"name": "All", "position": 2})).await.refuses("name", "NOT_UNIQUE");
    let questions = path(&draft, "/questions");
    let body = json!({"qid": 1, "position": 1, "type": "choice", "text": "Again?", "group": "All",
                      "answers": [{"position": 1, "text": "Once more", "next_qid": 1}]});
    let question = host.post(&questions, body).await.is(201).body;
    assert_eq!(question["group"], group["id"]);

    let one = format!("{questions}/{}", question["id"]);
    let answers = format!("{one}/answers");
    let answer = host.post(&answers, json!({"position": 2, "text": "No", "next_qid": -1})).await.is(201).body;
    host.post(&answers, json!({"position": 2, "text": "No", "next_qid": 7})).await.is(400);
    let softer = host.patch(&format!("{answers}/{}", answer["id"]), json!({"text": "No, thanks"})).await.is(200).body;
    assert_eq!((&softer["text"], &softer["next_qid"]), (&json!("No, thanks"), &json!(-1)));
    let changed = host.patch(&one, json!({"text": "Once again?", "required": true})).await.is(200).body;
    assert_eq!(changed["answers"].as_array().map(Vec::len), Some(2), "what was not sent stays");
    host.put(&one, json!({"qid": 1, "position": 1, "type": "text"})).await.refuses("next_qid", "REQUIRED");
    host.delete(&format!("{answers}/{}", answer["id"])).await.is(204);
    host.get(&format!("{answers}/{}", answer["id"])).await.is(404);
    host.delete(&path(&draft, &format!("/groups/{}", group["id"]))).await.is(204);
    assert_eq!(host.get(&one).await.is(200).body["group"], Value::Null);
    host.delete(&one).await.is(204);
    assert_eq!(host.get(&questions).await.is(200).body, json!([]));
}

/// The file behind an attachment's `src`.
async fn file(house: &House, template: &Value) -> Answer {
    let src = template["src"].as_str().expect("a URL");
    house.stranger().get(src.trim_start_matches(&house.origin())).await
}

#[tokio::test]
async fn pictures_hang_on_questions_and_are_copied_with_them() {
    let house = House::new().await;
    let host = house.host().await;
    let picture = STANDARD.encode(picture(20, 20, ImageFormat::Png));
    let mut body = short("Pictures");
    body["questions"][0]["attachments"] = json!([
        {"type": "image", "title": "A cup", "file_content": picture},
        {"type": "image", "file_content": STANDARD.encode("no picture")},
    ]);
    let errors = host.post("/api/schemas", body.clone()).await.is(400).body;
    assert_eq!(errors["questions"][0]["attachments"], json!([{}, {"non_field_errors": ["INCORRECT_TYPE"]}]));
    body["questions"][0]["attachments"].as_array_mut().expect("a list").pop();
    let draft = makes(host, body).await;
    let question = draft["questions"][0].clone();
    let cup = question["attachments"][0].clone();
    file(&house, &cup).await.is(200);

    let copy = host.post(&path(&draft, "/copy"), json!({})).await.is(201).body;
    let copied = copy["questions"][0]["attachments"][0].clone();
    assert_ne!(copied["src"], cup["src"]);
    let hanging = path(&draft, &format!("/questions/{}/attachments", question["id"]));
    let video = json!({"type": "youtube", "url": "https://video.example/1"});
    let video = host.post(&hanging, video).await.is(201).body;
    let titled = host.patch(&format!("{hanging}/{}", cup["id"]), json!({"title": "The cup"})).await.is(200).body;
    assert_eq!((&titled["title"], &titled["src"]), (&json!("The cup"), &cup["src"]));
    // a replacement that names what hangs there keeps its file
    let whole = host.get(&path(&draft, "")).await.is(200).body;
    let kept = host.put(&path(&draft, ""), whole).await.is(200).body;
    assert_eq!(kept["questions"][0]["attachments"][0]["src"], cup["src"]);
    assert_eq!(kept["questions"][0]["attachments"][1]["src"], "https://video.example/1");
    host.delete(&format!("{hanging}/{}", video["id"])).await.is(204);

    host.delete(&path(&draft, "")).await.is(204);
    file(&house, &cup).await.is(404);
    file(&house, &copied).await.is(200);
}

/// A request that was sent twice by mistake makes one thing.
#[tokio::test]
async fn repeats_of_a_named_request_make_nothing_more() {
    let house = House::new().await;
    let host = house.host().await;
    let named = |path: String, body: Value| async move {
        Answer::to(host.request("POST", &path).header("Idempotency-Key", "k1").json(&body)).await.is(201).body
    };
    let first = named("/api/schemas".into(), short("Tea")).await;
    assert_eq!(named("/api/schemas".into(), short("Tea")).await["id"], first["id"]);
    let body = json!({"name": "Later", "position": 7});
    let group = named(path(&first, "/groups"), body.clone()).await;
    assert_eq!(named(path(&first, "/groups"), body).await["id"], group["id"]);
    let question = json!({"qid": 7, "position": 7, "type": "text", "text": "?", "next_qid": -1});
    let made = named(path(&first, "/questions"), question.clone()).await;
    assert_eq!(named(path(&first, "/questions"), question).await["id"], made["id"]);
    let copy = named(path(&first, "/copy"), json!({})).await;
    assert_eq!(named(path(&first, "/copy"), json!({})).await["id"], copy["id"]);
    assert_eq!(host.get("/api/schemas").await.is(200).results().len(), 2);
}

#[tokio::test]
async fn publishing_is_refused_with_what_was_found() {
    let house = House::new().await;
    let host = house.host().await;
    let mut body = short("Tea");
    body["questions"][0]["next_qid"] = json!(9);
    let draft = makes(host, body).await;

    let found = host.post(&path(&draft, "/check"), json!({})).await.is(200).body;
    let finding = json!({"text": "Question with QID 9 does not exists.", "path": [1, 2], "kind": "path"});
    assert_eq!(found, json!({"findings": [finding]}));
    let refused = host.post(&path(&draft, "/publish"), json!({})).await.is(400).body;
    assert_eq!(refused["findings"], found["findings"]);
    assert_eq!(refused["non_field_errors"], json!(["Question with QID 9 does not exists."]));
    host.post(&path(&draft, "/publish"), json!({"force": true})).await.is(200);

    // a broken rule is not forgiven: the answer's target was deleted after it was saved
    let other = makes(host, short("Coffee")).await;
    host.delete(&path(&other, &format!("/questions/{}", other["questions"][0]["id"]))).await.is(204);
    let refused = host.post(&path(&other, "/publish"), json!({"force": true})).await.is(400).body;
    assert_eq!(refused["findings"][0]["kind"], "rule");
}

#[tokio::test]
async fn a_file_comes_out_as_it_went_in() {
    let house = House::new().await;
    let (host, olga, ana) = (house.host().await, house.operator("olga"), house.person("ana"));
    let draft = makes(host, short("Tea")).await;
    let exported = olga.get(&path(&draft, "/export?indent=2")).await.is(200);
    assert!(exported.text().starts_with("[\n  {\n    \"model\": \"chat_api.schema\""), "{exported}");
    ana.get(&path(&draft, "/export")).await.is(403);
    olga.post("/api/schemas/import", exported.body.clone()).await.is(403);

    let clash = host.post("/api/schemas/import", exported.body.clone()).await.is(409).body;
    assert_eq!(clash["code"], "conflict");
    let mut records = exported.body;
    records[0]["fields"]["version"] = json!(5);
    records[1]["fields"]["colour"] = json!("red");
    let refused = host.post("/api/schemas/import", records.clone()).await.is(400).body;
    assert!(refused["non_field_errors"][0].as_str().is_some_and(|line| line.contains("colour")), "{refused}");
    let made = host.post("/api/schemas/import?skip_unknown=true&publish=true", records).await.is(201).body;

    assert_eq!((&made["version"], &made["published"]), (&json!(5), &json!(true)));
    let strip = |schema: &Value| {
        let text = schema["groups"][0]["questions"][0].clone();
        (text["text"].clone(), text["translations"].clone(), text["answers"][0]["variable_modifications"].clone())
    };
    assert_eq!(strip(&made), strip(&draft));
    for bad in [json!([]), json!([{"model": "chat_api.poem", "pk": 1, "fields": {}}]), json!([1])] {
        host.post("/api/schemas/import", bad).await.is(400);
    }
}

#[tokio::test]
async fn a_preview_walks_as_a_run_would() {
    let house = House::new().await;
    let (host, olga) = (house.host().await, house.operator("olga"));
    let draft = makes(host, short("Tea")).await;
    let tea = &draft["groups"][0]["questions"][0];
    let preview = path(&draft, "/preview");

    let begun = olga.post(&preview, json!({})).await.is(200).body;
    assert_eq!(begun["messages"], json!([{"sender": "script", "text": "Tea?", "question": tea["id"]}]));
    assert_eq!((&begun["question_data"]["id"], &begun["ended"]), (&tea["id"], &json!(false)));
    let steps = json!([{"answers": [tea["answers"][0]["id"]]}, {"text": "Green"}]);
    let walked = olga.post(&preview, json!({"steps": steps, "language": "es"})).await.is(200).body;
    let texts: Vec<&Value> = walked["messages"].as_array().expect("messages").iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, ["¿Té?", "Sí", "Which kind?", "Green"]);
    assert_eq!((&walked["ended"], &walked["question_data"]), (&json!(true), &Value::Null));
    assert_eq!(walked["variables_pool"]["cups"].as_f64(), Some(1.0));
    let wrong = olga.post(&preview, json!({"steps": [{"text": "maybe"}, {"text": "x"}]})).await.is(200).body;
    assert_eq!(wrong["errors"], json!({"text": ["WRONG_STATE"], "answers": ["REQUIRED"]}));
    olga.post(&preview, json!({"steps": [7], "mode": "open"})).await.is(400);
    olga.post(&preview, json!({"steps": vec![json!({}); 1001]})).await.is(400);
    house.person("ana").post(&preview, json!({})).await.is(403);
}

/// Development houses may change what is out; what was remembered of it is forgotten.
#[tokio::test]
async fn a_house_for_development_changes_what_is_out() {
    let house = House::with(&[("TERTULIA_SCHEMAS_EDIT_PUBLISHED", "true")]).await;
    let (host, ana) = (house.host().await, house.person("ana"));
    let draft = makes(host, short("Tea")).await;
    publishes(host, &draft).await;
    assert_eq!(ana.get(&path(&draft, "")).await.is(200).body["questions"][0]["text"], "Which kind?");
    let one = path(&draft, &format!("/questions/{}", draft["questions"][0]["id"]));

    host.patch(&one, json!({"text": "Which sort?"})).await.is(200);

    let read = ana.get(&path(&draft, "")).await.is(200).body;
    assert_eq!((&read["questions"][0]["text"], &read["published"]), (&json!("Which sort?"), &json!(true)));
}

#[tokio::test]
async fn schemas_are_administrators_business() {
    let house = House::new().await;
    let (host, olga, ana) = (house.host().await, house.operator("olga"), house.person("ana"));
    let draft = makes(host, short("Tea")).await;
    for person in [&olga, &ana] {
        person.post("/api/schemas", short("Mine")).await.is(403);
        for rest in ["/groups", "/questions", "/publish", "/deprecate", "/copy"] {
            person.post(&path(&draft, rest), json!({})).await.is(403);
        }
    }
    olga.delete(&path(&draft, "")).await.is(403);
    ana.get("/api/schemas").await.is(403);
    ana.get(&path(&draft, "/positions")).await.is(403);
    assert_eq!(olga.get(&path(&draft, "/positions")).await.is(200).body, json!({"total": 0, "questions": []}));
    house.stranger().get(&path(&draft, "")).await.is(401);
    host.get("/api/schemas/424242/check").await.is(404);
    host.put(&path(&draft, "/copy"), json!({})).await.is(405);
}

/// Who is in a script stands somewhere in it; who is through does not.
#[tokio::test]
async fn live_conversations_are_counted_where_they_stand() {
    let house = House::new().await;
    let (host, [ana, ben]) = (house.host().await, house.people(["ana", "ben"]));
    let draft = makes(host, short("Tea")).await;
    publishes(host, &draft).await;
    let mut threads = Vec::new();
    for person in [&ana, &ben] {
        let body = json!({"title": "Tea", "state": "scripted", "schema": draft["id"]});
        let made = person.post(&format!("/api/accounts/{}/threads/chat", person.id), body).await.is(201).body;
        threads.push(format!("/api/threads/{}/messages", made["id"]));
    }
    let tea = &draft["groups"][0]["questions"][0];
    let positions = || async { host.get(&path(&draft, "/positions")).await.is(200).body };
    let at = |question: &Value, count: i64| json!({"question": question["id"], "qid": question["qid"], "count": count});
    assert_eq!(positions().await, json!({"total": 2, "questions": [at(tea, 2)]}));

    ana.post(&threads[0], json!({"answers": [tea["answers"][0]["id"]]})).await.is(201);
    assert_eq!(positions().await, json!({"total": 2, "questions": [at(tea, 1), at(&draft["questions"][0], 1)]}));
    ana.post(&threads[0], json!({"text": "Green"})).await.is(201);
    assert_eq!(positions().await, json!({"total": 1, "questions": [at(tea, 1)]}));
}
