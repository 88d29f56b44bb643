//! What hangs on the answers of surveys: the same kinds and checks as on messages, and no file outlives what it hung on.

use crate::support::{House, json};
use crate::surveys::smoking;

/// A picture of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// How many files the house keeps.
fn files(house: &House) -> usize {
    let below = house.data_dir().join("media/attachments");
    let count = |dir: &std::path::Path| {
        let entries = std::fs::read_dir(dir).expect("a directory").flatten();
        entries.filter(|entry| entry.path().is_file()).count()
    };
    count(&below) + count(&below.join("thumbnails"))
}

#[tokio::test]
async fn a_picture_hangs_on_an_answer_until_it_is_taken_off() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let survey = ana.begins(&schema).await;
    let item = ana.answers(&survey, schema.question(5), &[], "look").await;
    let item = format!("{survey}/items/{}", item["id"]);
    let path = format!("{item}/attachments");

    let hung = ana.post(&path, json!({"type": "image", "title": "cough", "file_content": PIXEL})).await.is(201).body;

    assert_eq!((&hung["type"], hung.get("message")), (&json!("image"), None));
    let src = hung["src"].as_str().expect("an address").replace(&house.origin(), "");
    assert_eq!(ana.get(&src).await.is(200).header("content-type"), "image/png");
    let one = format!("{path}/{}", hung["id"]);
    let renamed = ana.patch(&one, json!({"title": "better"})).await.is(200).body;
    assert_eq!((&renamed["title"], &renamed["src"]), (&json!("better"), &hung["src"]), "the file need not come again");
    let seen = ana.get(&item).await.is(200).body;
    assert_eq!((&seen["has_attachments"], &seen["attachments_data"]), (&json!(true), &json!([renamed])));
    let replaced = ana.patch(&one, json!({"file_content": PIXEL})).await.is(200).body;
    assert_ne!(replaced["src"], hung["src"]);
    assert_eq!(files(&house), 2, "the old file and its thumbnail are gone");
    ana.delete(&one).await.is(204);
    ana.get(&one).await.is(404);
    assert_eq!(files(&house), 0);
    assert_eq!(ana.get(&item).await.is(200).body["has_attachments"], false);
}

#[tokio::test]
async fn bad_attachments_leave_no_file() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let survey = ana.begins(&schema).await;
    let item = ana.answers(&survey, schema.question(5), &[], "look").await;
    let path = format!("{survey}/items/{}/attachments", item["id"]);
    let table = [
        (json!({}), "type", "This field is required."),
        (json!({"type": "image"}), "file_content", "REQUIRED"),
        (json!({"type": "image", "file_content": "aGVsbG8="}), "non_field_errors", "INCORRECT_TYPE"),
        (json!({"type": "image", "file_content": "%%%"}), "non_field_errors", "INCORRECT_TYPE"),
        (json!({"type": "youtube"}), "url", "REQUIRED"),
        (json!({"type": "object_reference", "object_id": 1}), "content_type", "REQUIRED"),
    ];
    for (body, field, code) in table {
        ana.post(&path, body).await.refuses(field, code);
    }
    let reference =
        ana.post(&path, json!({"type": "object_reference", "object_id": 1, "content_type": 4})).await.is(201);
    assert_eq!(reference.body["content_type_name"], "survey");
    for _ in 0..9 {
        ana.post(&path, json!({"type": "image", "file_content": PIXEL})).await.is(201);
    }
    ana.post(&path, json!({"type": "image", "file_content": PIXEL})).await.is(400);
    assert_eq!(files(&house), 18, "the eleventh was refused and its files are gone");
    let list = ana.get(&format!("{path}?ordering=-id&limit=2&fields=type")).await.is(200);
    assert_eq!(*list.results(), vec![json!({"type": "image"}), json!({"type": "image"})]);
}

#[tokio::test]
async fn what_is_taken_away_takes_its_files_along() {
    let house = House::new().await;
    let ana = house.person("ana");
    let schema = house.brings(&smoking()).await;
    let survey = ana.begins(&schema).await;
    let mut items = Vec::new();
    for qid in [2, 5] {
        let item = ana.answers(&survey, schema.question(qid), &[], "7").await;
        let path = format!("{survey}/items/{}", item["id"]);
        ana.post(&format!("{path}/attachments"), json!({"type": "image", "file_content": PIXEL})).await.is(201);
        items.push(path);
    }
    assert_eq!(files(&house), 4);
    ana.delete(&items[0]).await.is(204);
    assert_eq!(files(&house), 2);
    ana.delete(&survey).await.is(204);
    assert_eq!(files(&house), 0);
}
