//! What surveys add up to: counted, exported, opened again.

use crate::support::{Answer, Brought, House, Person, Value, json};
use crate::surveys::smoking;

/// Six people who answer: yes, 10 and 20 and 30 a day; no; one has only begun; one has not even that.
async fn answered(house: &House) -> (Brought, Person, Vec<Person>) {
    let schema = house.brings(&smoking()).await;
    let operator = house.operator("olga");
    let people = house.people(["ana", "ben", "cleo", "dan", "eve", "fay"]);
    for (person, many) in people.iter().zip([10, 20, 30]) {
        let survey = person.begins(&schema).await;
        person.answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;
        person.answers(&survey, schema.question(2), &[], &many.to_string()).await;
        person.answers(&survey, schema.question(3), &[], &format!("2001-0{}-05", many / 10)).await;
        person.answers(&survey, schema.question(4), &[schema.answer(4, 1), schema.answer(4, 2)], "").await;
        person.answers(&survey, schema.question(5), &[], &format!("=SUM({many}), \"quoted\"\nand <b>")).await;
    }
    let survey = people[3].begins(&schema).await;
    people[3].answers(&survey, schema.question(1), &[schema.answer(1, 2)], "").await;
    people[3].answers(&survey, schema.question(4), &[schema.answer(4, 3)], "walking, slowly").await;
    let survey = people[4].begins(&schema).await;
    people[4].answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;
    people[5].begins(&schema).await;
    (schema, operator, people.to_vec())
}

/// The lines of a CSV file by a reader that knows nothing of us.
fn opened(answer: &Answer) -> (Vec<String>, Vec<Vec<String>>) {
    assert!(answer.header("content-type").starts_with("text/csv"), "{answer}");
    let text = answer.text();
    let table = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let head = owned(reader.headers().expect("a head"));
    let lines = reader.records().map(|record| owned(&record.expect("a line as long as the others"))).collect();
    (head, lines)
}

fn counts(asked: &Value) -> [i64; 4] {
    ["seen", "answered", "skipped", "waiting"].map(|name| asked[name].as_i64().expect("a count"))
}

#[tokio::test]
async fn results_are_what_was_answered() {
    let house = House::new().await;
    let (schema, operator, _) = answered(&house).await;

    let results = operator.get(&format!("/api/schemas/{}/results", schema.id())).await.is(200).body;

    assert_eq!(results["responses"], json!({"surveys": 6, "runs": 0, "total": 6}));
    let completion = &results["completion"];
    assert_eq!((&completion["started"], &completion["completed"]), (&json!(6), &json!(4)));
    let stands = json!([
        {"question": schema.question(1), "qid": 1, "count": 1}, {"question": schema.question(2), "qid": 2, "count": 1},
    ]);
    assert_eq!(results["drop_off"], stands);
    let asked: Vec<[i64; 4]> = results["questions"].as_array().expect("questions").iter().map(counts).collect();
    assert_eq!(asked, [[6, 5, 0, 1], [4, 3, 0, 1], [4, 3, 0, 1], [5, 4, 0, 1], [5, 3, 1, 1]]);
    let numbers = &results["questions"][1]["numbers"];
    let named = ["min", "max", "mean", "median"].map(|name| numbers[name].as_f64().expect("a number"));
    assert_eq!(named, [10.0, 30.0, 20.0, 20.0]);
    assert_eq!(results["questions"][2]["months"][0], json!({"month": "2001-01", "count": 1}));
    let helps = &results["questions"][3];
    let chosen: Vec<i64> = (0..3).map(|at| helps["answers"][at]["count"].as_i64().expect("a count")).collect();
    assert_eq!((chosen, &helps["answers"][0]["share"]), (vec![3, 3, 1], &json!(0.75)));
    assert_eq!(helps["texts"]["results"][0]["text"], "walking, slowly");
    let texts = &results["questions"][4]["texts"];
    assert_eq!((&texts["total"], texts["results"].as_array().map(Vec::len)), (&json!(3), Some(3)));
    assert_eq!(texts["results"][0]["text"], "=SUM(30), &quot;quoted&quot;\nand &lt;b&gt;", "newest first, escaped");
}

#[tokio::test]
async fn a_spreadsheet_finds_the_same_numbers() {
    let house = House::new().await;
    let (schema, operator, people) = answered(&house).await;
    let path = format!("/api/schemas/{}/results", schema.id());
    let results = operator.get(&path).await.is(200).body;

    let (head, lines) = opened(&operator.get(&format!("{path}.csv?kind=answers")).await.is(200));

    assert_eq!(
        head[7..],
        ["Q1 Do you smoke?", "Q2 How many a day?", "Q3 Since when?", "Q4 What helps?", "Q5 Anything else?"]
    );
    assert_eq!(lines.len(), 6);
    let column = |at: usize| lines.iter().map(move |line| line[at].as_str()).filter(|cell| !cell.is_empty());
    for (at, asked) in results["questions"].as_array().expect("questions").iter().enumerate() {
        assert_eq!(Some(column(at + 7).count() as u64), asked["answered"].as_u64(), "{}", head[at + 7]);
    }
    let many: Vec<f64> = column(8).map(|cell| cell.parse().expect("a number")).collect();
    assert_eq!(Some(many.iter().sum::<f64>() / many.len() as f64), results["questions"][1]["numbers"]["mean"].as_f64());
    assert_eq!(lines[0][11], "'=SUM(10), \"quoted\"\nand <b>", "no formula");
    assert_eq!(lines[0][10], "Tea | Sleep");
    assert_eq!((lines[0][2].as_str(), lines[0][3].as_str()), (people[0].id.to_string().as_str(), "Ana Test"));
    assert_eq!(column(6).filter(|cell| *cell == "true").count(), 4);

    let (head, lines) = opened(&operator.get(&format!("{path}.csv?kind=summary")).await.is(200));
    let at = |name: &str| head.iter().position(|cell| cell == name).expect("a column");
    let of = |qid: &str, answer: &str| {
        lines.iter().find(|line| line[0] == qid && line[at("answer")] == answer).expect("a line")
    };
    assert_eq!((of("1", "Yes")[at("count")].as_str(), of("2", "")[at("median")].as_str()), ("4", "20"));
}

#[tokio::test]
async fn a_page_that_asks_again_is_told_when_nothing_changed() {
    let house = House::new().await;
    let (schema, operator, people) = answered(&house).await;
    let path = format!("/api/schemas/{}/results", schema.id());
    let tag = operator.get(&path).await.is(200).header("etag").to_owned();
    let again = async |tag: &str| Answer::to(operator.request("GET", &path).header("If-None-Match", tag)).await;

    assert!(again(&tag).await.is(304).bytes.is_empty());
    let survey = people[5].begins(&schema).await;
    let tag = again(&tag).await.is(200).header("etag").to_owned();
    again(&tag).await.is(304);
    people[5].answers(&survey, schema.question(1), &[schema.answer(1, 2)], "").await;
    let changed = again(&tag).await.is(200);
    assert_eq!(changed.body["responses"]["total"], 7);
    let tag = changed.header("etag").to_owned();
    people[5].delete(&survey).await.is(204);
    assert_eq!(again(&tag).await.is(200).body["responses"]["total"], 6);
}

#[tokio::test]
async fn results_are_for_those_who_work_here_and_are_chosen_by_time() {
    let house = House::new().await;
    let (schema, operator, people) = answered(&house).await;
    let path = format!("/api/schemas/{}/results", schema.id());
    for ending in ["", ".csv"] {
        house.stranger().get(&format!("{path}{ending}")).await.is(401);
        people[0].get(&format!("{path}{ending}")).await.is(403);
        people[0].get(&format!("/api/schemas/99999/results{ending}")).await.is(403);
        operator.get(&format!("/api/schemas/99999/results{ending}")).await.is(404);
        operator.post(&format!("{path}{ending}"), json!({})).await.is(405);
        operator.get(&format!("{path}{ending}?from=soon")).await.is(400);
        operator.get(&format!("{path}{ending}?source=dreams")).await.is(400);
    }
    house.host().await.get(&path).await.is(200);
    operator.get(&format!("{path}.csv?kind=pie")).await.is(400);
    operator.get(&format!("{path}?texts_offset=-1")).await.is(400);
    let page = house.host().await.get("/api/surveys?ordering=created").await.is(200);
    let third = page.results()[2]["created"].as_str().expect("a time").to_owned();
    let total =
        async |query: &str| operator.get(&format!("{path}?{query}")).await.is(200).body["responses"]["total"].clone();
    assert_eq!(total(&format!("from={third}")).await, 4);
    assert_eq!(total(&format!("to={third}")).await, 2);
    assert_eq!(total(&format!("from={third}&to={third}")).await, 0);
    assert_eq!(total("source=runs").await, 0);
    assert_eq!(total("source=surveys").await, 6);
    let texts =
        operator.get(&format!("{path}?texts_offset=1&texts_limit=1&fields=questions__texts")).await.is(200).body;
    let texts = &texts["questions"][4]["texts"];
    assert_eq!(
        (&texts["total"], &texts["offset"], texts["results"].as_array().map(Vec::len)),
        (&json!(3), &json!(1), Some(1))
    );
    assert!(texts["results"][0]["text"].as_str().is_some_and(|text| text.starts_with("=SUM(20)")));
}

#[tokio::test]
async fn scripted_conversations_are_counted_like_surveys() {
    let house = House::new().await;
    let answer = |position: i64, text: &str, next: i64| json!({"position": position, "text": text, "next_qid": next});
    let nested = json!({"name": "mood", "type": "automated_flow", "version": 1, "published": true, "questions": [
        {"qid": 1, "position": 1, "type": "message", "text": "Hello!", "next_qid": 2},
        {"qid": 2, "position": 2, "type": "multichoice", "text": "How is it?", "choice_open": true,
         "answers": [answer(1, "Good", 3), answer(2, "Cold", 3)]},
        {"qid": 3, "position": 3, "type": "int", "text": "How many cups?", "next_qid": -1},
    ]});
    let schema = house.brings(&nested).await;
    let operator = house.operator("olga");
    let people = house.people(["ana", "ben"]);
    let mut threads = Vec::new();
    for person in &people {
        let body = json!({"state": "scripted", "schema": schema.id()});
        let made = person.post(&format!("/api/accounts/{}/threads/chat", person.id), body).await.is(201).body;
        let path = format!("/api/threads/{}/messages", made["id"]);
        let body = json!({"answers": [schema.answer(2, 2), schema.answer(2, 1)], "text": "& <sunny>"});
        person.post(&path, body).await.is(201);
        threads.push(path);
    }
    people[0].post(&threads[0], json!({"text": "3"})).await.is(201);

    let path = format!("/api/schemas/{}/results", schema.id());
    let results = operator.get(&format!("{path}?source=runs")).await.is(200).body;

    assert_eq!(results["responses"], json!({"surveys": 0, "runs": 2, "total": 2}));
    assert_eq!(results["completion"]["completed"], 1);
    assert_eq!(results["drop_off"], json!([{"question": schema.question(3), "qid": 3, "count": 1}]));
    let choice = &results["questions"][1];
    assert_eq!((counts(choice), &choice["answers"][1]["share"]), ([2, 2, 0, 0], &json!(1.0)));
    assert_eq!(choice["texts"]["results"][0]["text"], "&amp; &lt;sunny&gt;", "what was added, escaped once");
    assert_eq!(results["questions"][2]["numbers"]["mean"], 3.0);
    let (_, lines) = opened(&operator.get(&format!("{path}.csv")).await.is(200));
    let cells: Vec<&str> = lines.iter().map(|line| line[8].as_str()).collect();
    assert_eq!((lines[0][0].as_str(), cells), ("run", vec!["Good | Cold | & <sunny>"; 2]));
}
