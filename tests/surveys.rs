//! Surveys: somebody answers questions in any order, in their own time, and what is asked for follows the answers.

use futures_util::future::join_all;

use crate::support::{Brought, House, Person, Value, json};

/// Does somebody smoke, how many, since when, how bad the cough is, and anything else.
pub fn smoking() -> Value {
    let answer = |position: i64, text: &str, next: i64| json!({"position": position, "text": text, "next_qid": next});
    json!({
        "name": "smoking", "type": "survey", "version": 1, "published": true,
        "questions": [
            {"qid": 1, "position": 1, "type": "choice", "text": "Do you smoke?", "required": true,
             "answers": [answer(1, "Yes", 2), answer(2, "No", 4)]},
            {"qid": 2, "position": 2, "type": "int", "text": "How many a day?", "required": true, "next_qid": 3},
            {"qid": 3, "position": 3, "type": "date", "text": "Since when?", "next_qid": 4},
            {"qid": 4, "position": 4, "type": "multichoice", "text": "What helps?", "choice_open": true, "next_qid": 5,
             "answers": [answer(1, "Tea", -1), answer(2, "Sleep", -1),
                         {"position": 3, "text": "Nothing", "next_qid": -1, "exclusive": true}]},
            {"qid": 5, "position": 5, "type": "text", "text": "Anything else?", "next_qid": -1},
        ],
    })
}

impl Person {
    /// Begins a survey and says where it lives.
    pub async fn begins(&self, schema: &Brought) -> String {
        let made = self.post(&format!("/api/accounts/{}/surveys", self.id), json!({"schema": schema.id()})).await;
        format!("/api/surveys/{}", made.is(201).body["id"])
    }

    /// Answers a question and gets the item back.
    pub async fn answers(&self, survey: &str, question: i64, answers: &[i64], text: &str) -> Value {
        let body = json!({"related_question": question, "answers": answers, "text": text});
        self.post(&format!("{survey}/items"), body).await.is(201).body
    }

    /// What the survey shows now.
    async fn shown(&self, survey: &str) -> Value {
        self.get(survey).await.is(200).body["state"].clone()
    }
}

fn shows(visibility: &[i64], completed: bool) -> Value {
    json!({"visibility": visibility, "completed": completed})
}

#[tokio::test]
async fn a_survey_is_answered_from_first_to_last() {
    let house = House::new().await;
    let ana = house.person("ana");
    let bot = house.account("Quiz", "", "bot");
    let schema = house.brings(&smoking()).await;
    let body = json!({"schema": schema.id(), "automated_sender": bot.id});
    let made = ana.post(&format!("/api/accounts/{}/surveys", ana.id), body).await.is(201).body;
    assert_eq!((&made["user_data"]["id"], &made["automated_sender_data"]["id"]), (&json!(ana.id), &json!(bot.id)));
    assert_eq!(made["state"], shows(&[1], false));
    let survey = format!("/api/surveys/{}", made["id"]);

    let item = ana.answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;
    assert_eq!(item["survey_data"]["state"], shows(&[1, 2, 3, 4, 5], false));
    assert_eq!(item["answers_data"][0]["text"], "Yes");
    ana.answers(&survey, schema.question(2), &[], " 20 ").await;
    assert_eq!(ana.shown(&survey).await, shows(&[1, 2, 3, 4, 5], true), "the rest is not required");
    let helps = ana.answers(&survey, schema.question(4), &[schema.answer(4, 2), schema.answer(4, 1)], "a <walk>").await;

    assert_eq!(helps["answers"], json!([schema.answer(4, 1), schema.answer(4, 2)]), "by position");
    assert_eq!(helps["text"], "a &lt;walk&gt;", "the text stays apart and leaves escaped");
    let all = ana.get(&format!("{survey}/items?ordering=-position&fields=position,text")).await.is(200).body;
    let rest =
        json!([{"position": 4, "text": "a &lt;walk&gt;"}, {"position": 2, "text": "20"}, {"position": 1, "text": ""}]);
    assert_eq!(all, rest);
    let one = ana.get(&format!("{survey}/items/{}", item["id"])).await.is(200).body;
    assert_eq!((&one["sender_data"]["id"], one.get("survey_data")), (&json!(ana.id), None));
}

#[tokio::test]
async fn two_answers_to_one_question_at_once_are_one() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    for _ in 0..5 {
        let survey = ana.begins(&schema).await;
        let path = format!("{survey}/items");
        let body = |number: i64| json!({"related_question": schema.question(2), "text": number.to_string()});
        let answers = join_all((0..8).map(|number| ana.post(&path, body(number)))).await;

        let taken = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(taken, 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.refuses("related_question", "ALREADY_ANSWERED");
        }
        assert_eq!(ana.get(&path).await.is(200).body.as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_survey_takes_only_its_own_questions_and_answers() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let mut other = smoking();
    other["name"] = json!("other");
    let other = house.brings(&other).await;
    let path = format!("{}/items", ana.begins(&schema).await);
    let ask = |body: Value| ana.post(&path, body);

    let foreign = json!({"related_question": other.question(5), "text": "x"});
    ask(foreign).await.refuses("related_question", "QUESTION_FROM_WRONG_SCHEMA");
    let ghost = ask(json!({"related_question": 99999, "text": "x"})).await;
    ghost.refuses("related_question", "Invalid pk \"99999\" - object does not exist.");
    let strange = json!({"related_question": schema.question(1), "answers": [other.answer(1, 1)]});
    ask(strange).await.refuses("answers", "WRONG_VALUE");
    let ghost = ask(json!({"related_question": schema.question(1), "answers": [99999]})).await;
    ghost.refuses("answers", "Invalid pk \"99999\" - object does not exist.");
    let table = [
        json!({"related_question": null}),
        json!({"related_question": "x"}),
        json!({"related_question": schema.question(5), "text": ["x"]}),
        json!({"related_question": schema.question(5), "text": null}),
        json!({"related_question": schema.question(5), "text": "x".repeat(20_001)}),
        json!({"related_question": schema.question(1), "answers": "x"}),
        json!({"related_question": schema.question(5), "text": "x", "verify": "maybe"}),
    ];
    for body in table {
        ask(body).await.is(400);
    }
    assert_eq!(ana.get(&path).await.is(200).body, json!([]));
}

#[tokio::test]
async fn questions_that_disappear_keep_their_answers() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let survey = ana.begins(&schema).await;
    let first = ana.answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;
    let many = ana.answers(&survey, schema.question(2), &[], "20").await;
    let path = format!("{survey}/items/{}", first["id"]);

    ana.patch(&path, json!({"answers": [schema.answer(1, 2)]})).await.is(200);

    assert_eq!(ana.shown(&survey).await, shows(&[1, 4, 5], true));
    let kept = ana.get(&format!("{survey}/items/{}", many["id"])).await.is(200).body;
    assert_eq!(kept["text"], "20");
    ana.patch(&path, json!({"answers": [schema.answer(1, 1)]})).await.is(200);
    assert_eq!(ana.shown(&survey).await, shows(&[1, 2, 3, 4, 5], true), "it is still answered");
    let wrong = ana.patch(&path, json!({"answers": [schema.answer(1, 1), schema.answer(1, 2)]})).await;
    wrong.refuses("answers", "TOO_MANY");
    ana.put(&path, json!({"text": "and"})).await.refuses("text", "WRONG_STATE");
}

#[tokio::test]
async fn an_answer_taken_back_may_be_given_again() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let survey = ana.begins(&schema).await;
    let item = ana.answers(&survey, schema.question(1), &[schema.answer(1, 2)], "").await;
    let path = format!("{survey}/items/{}", item["id"]);

    ana.delete(&path).await.is(204);

    ana.get(&path).await.is(404);
    ana.delete(&path).await.is(404);
    assert_eq!(ana.shown(&survey).await, shows(&[1], false));
    let again = ana.answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;
    assert_ne!(again["id"], item["id"]);
}

#[tokio::test]
async fn a_request_that_is_repeated_has_been_done_once() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let twice = async |path: &str, body: Value| {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let request = ana.request("POST", path).header("Idempotency-Key", "once").json(&body);
            ids.push(crate::support::Answer::to(request).await.is(201).body["id"].as_i64().expect("an id"));
        }
        assert_eq!(ids[0], ids[1], "{path}");
        ids[0]
    };

    let survey = twice(&format!("/api/accounts/{}/surveys", ana.id), json!({"schema": schema.id()})).await;
    let items = format!("/api/surveys/{survey}/items");
    let item = twice(&items, json!({"related_question": schema.question(5), "text": "hello"})).await;
    let hung = json!({"type": "youtube", "url": "https://v.example/1"});
    twice(&format!("{items}/{item}/attachments"), hung).await;

    assert_eq!(ana.get("/api/surveys").await.is(200).results().len(), 1);
    let items = ana.get(&items).await.is(200).body;
    assert_eq!(
        (items.as_array().map(Vec::len), items[0]["attachments_data"].as_array().map(Vec::len)),
        (Some(1), Some(1))
    );
}

#[tokio::test]
async fn only_schemas_that_are_out_begin_surveys() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let path = format!("/api/accounts/{}/surveys", ana.id);
    let changes = [json!({"published": false}), json!({"deprecated": true}), json!({"type": "automated_flow"})];
    for (number, change) in changes.into_iter().enumerate() {
        let mut nested = smoking();
        nested["name"] = json!(format!("schema {number}"));
        nested.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let schema = house.brings(&nested).await;
        ana.post(&path, json!({"schema": schema.id()})).await.refuses("schema", "NOT_ALLOWED");
    }
    let schema = house.brings(&smoking()).await;
    let body = json!({"schema": schema.id(), "automated_sender": ben.id});
    ana.post(&path, body).await.refuses("automated_sender", "NOT_ALLOWED");
    ana.post(&path, json!({"schema": 9999})).await.refuses("schema", "Invalid pk \"9999\" - object does not exist.");
}

#[tokio::test]
async fn a_survey_is_its_owners() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let schema = house.brings(&smoking()).await;
    let survey = ana.begins(&schema).await;
    let item = ana.answers(&survey, schema.question(5), &[], "hello").await;
    let item = format!("{survey}/items/{}", item["id"]);
    let paths = [
        survey.clone(),
        format!("{survey}/items"),
        item.clone(),
        format!("{item}/attachments"),
        format!("{item}/attachments/1"),
    ];

    for path in &paths {
        house.stranger().get(path).await.is(401);
        for method in ["GET", "PATCH", "PUT", "DELETE", "POST"] {
            let status = ben.asks(method, path, Some(&json!({}))).await.status;
            assert!(matches!(status, 403 | 405), "{method} {path}: {status}");
        }
    }
    ana.get("/api/surveys/99999").await.is(404);
    for missing in ["items", "items/1", "items/1/attachments", "items/1/attachments/1"] {
        ana.get(&format!("/api/surveys/99999/{missing}")).await.is(403);
    }
    ana.get(&format!("{survey}/items/99999/attachments")).await.is(404);
    ana.get(&format!("{item}/attachments/99999")).await.is(404);
    let elsewhere = ana.begins(&schema).await;
    ana.get(&item.replace(&survey, &elsewhere)).await.is(404);
    ben.get(&format!("/api/accounts/{}/surveys", ana.id)).await.is(403);
    assert_eq!(ben.get("/api/surveys").await.is(200).results().len(), 0);
    assert_eq!(house.host().await.get("/api/surveys").await.is(200).results().len(), 2, "superusers see all");
    assert_eq!(ana.patch(&survey, json!({"schema": 1})).await.is(200).body["schema"], schema.id());
    ana.delete(&survey).await.is(204);
    ana.get(&survey).await.is(404);
    ana.get(&item).await.is(403);
}

#[tokio::test]
async fn surveys_come_in_pages_filtered_and_ordered() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let survey = ana.begins(&schema).await;
        ids.push(survey.rsplit('/').next().and_then(|id| id.parse::<i64>().ok()).expect("an id"));
    }
    let created = ana.get(&format!("/api/surveys/{}", ids[2])).await.is(200).body["created"].clone();
    let created = created.as_str().expect("a time");
    let table = [
        ("limit=2".to_owned(), ids[..2].to_vec()),
        ("limit=2&offset=4".to_owned(), ids[4..].to_vec()),
        ("limit=2&ordering=-id".to_owned(), vec![ids[4], ids[3]]),
        (format!("id__in={},{}", ids[1], ids[3]), vec![ids[1], ids[3]]),
        (format!("created__gt={created}"), ids[3..].to_vec()),
        (format!("created__lte={created}&id__gt={}", ids[0]), ids[1..3].to_vec()),
        (format!("user={}", ana.id), ids.clone()),
        ("user__isnull=true".to_owned(), vec![]),
        ("user__isnull=false&text=x&ordering=text".to_owned(), ids.clone()),
        ("id=abc".to_owned(), vec![]),
        ("updated__gte=2030-01-01".to_owned(), vec![]),
    ];
    for (query, expected) in table {
        let page = ana.get(&format!("/api/accounts/{}/surveys?fields=id&{query}", ana.id)).await.is(200);
        assert_eq!(*page.results(), expected.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(), "{query}");
    }
    let survey = format!("/api/surveys/{}", ids[0]);
    for (qid, text) in [(2, "1"), (5, "x"), (3, "2020-01-01")] {
        ana.answers(&survey, schema.question(qid), &[], text).await;
    }
    let positions = async |query: &str| {
        let items = ana.get(&format!("{survey}/items?fields=position&{query}")).await.is(200).body;
        let list = items.as_array().or(items["results"].as_array()).expect("a list").clone();
        list.iter().map(|item| item["position"].as_i64().expect("a position")).collect::<Vec<_>>()
    };
    assert_eq!(positions("").await, [2, 5, 3]);
    assert_eq!(positions("ordering=position").await, [2, 3, 5]);
    assert_eq!(positions("position__gt=2&ordering=-position").await, [5, 3]);
    assert_eq!(positions("limit=2&offset=1&ordering=position").await, [3, 5]);
    assert_eq!(positions("related_question=x").await, [0; 0]);
}
