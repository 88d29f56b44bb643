//! Things hung on messages: pictures, videos, references, files; what they may be, who may have them, what becomes of
//! them.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::multipart::{Form, Part};

use crate::support::{Answer, House, Person, Value, json, person::path_of};

/// A picture of this size.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 128]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

fn image_of(bytes: &[u8]) -> Value {
    json!({"type": "image", "title": "A picture", "file_content": STANDARD.encode(bytes)})
}

fn video() -> Value {
    json!({"type": "youtube", "url": "https://www.youtube.com/watch?v=abc", "title": "A video"})
}

async fn posts_with(person: &Person, thread: i64, attachments: Value) -> Answer {
    let body = json!({"type": "message", "text": "look", "attachments": attachments});
    person.post(&format!("/api/threads/{thread}/messages"), body).await
}

/// The file behind an attachment's `src`.
async fn file(house: &House, src: &Value) -> Answer {
    let src = src.as_str().expect("a URL");
    house.stranger().get(src.trim_start_matches(&house.origin())).await
}

#[tokio::test]
async fn a_picture_is_kept_and_shown_small() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let mut socket = ben.opens().await;
    let original = picture(300, 150, ImageFormat::Png);

    let message = posts_with(&ana, thread, json!([image_of(&original)])).await.is(201).body;

    let attachment = &message["attachments_data"][0];
    assert_eq!(message["has_attachments"], true);
    assert_eq!(attachment["message"], message["id"]);
    assert_eq!(
        (attachment["thumbnail"]["width"].as_i64(), attachment["thumbnail"]["height"].as_i64()),
        (Some(100), Some(100))
    );
    let kept = file(&house, &attachment["src"]).await.is(200);
    assert_eq!(kept.bytes, original);
    assert_eq!(kept.header("content-type"), "image/png");
    assert_eq!(kept.header("x-content-type-options"), "nosniff");
    let small =
        image::load_from_memory(&file(&house, &attachment["thumbnail"]["src"]).await.is(200).bytes).expect("a picture");
    assert_eq!((small.width(), small.height()), (100, 50), "fitted into 100 by 100, proportions kept");
    assert_eq!(socket.hears_text("look").await["attachments_data"], message["attachments_data"]);
    socket.hears_nothing().await;
}

#[tokio::test]
async fn every_accepted_kind_of_picture_has_a_random_name() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Pictures").await;
    let kinds = [(ImageFormat::Png, "png"), (ImageFormat::Jpeg, "jpg"), (ImageFormat::Gif, "gif")];
    let mut names = Vec::new();

    for (format, ending) in kinds {
        let message = posts_with(&ana, thread, json!([image_of(&picture(20, 10, format))])).await.is(201).body;
        let src = message["attachments_data"][0]["src"].as_str().expect("a URL").to_owned();
        let name = src.rsplit('/').next().expect("a name").to_owned();
        assert!(src.contains("/media/attachments/") && name.ends_with(&format!(".{ending}")), "{src}");
        assert!(name.len() >= 22 && !names.contains(&name), "{name}");
        names.push(name);
        let small = &message["attachments_data"][0]["thumbnail"]["src"];
        let small = image::load_from_memory(&file(&house, small).await.is(200).bytes).expect("a picture");
        assert_eq!((small.width(), small.height()), (20, 10), "never enlarged");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_attachment() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Mistakes").await;
    let incorrect = json!({"non_field_errors": ["INCORRECT_TYPE"]});
    let html = STANDARD.encode("<html><script>alert(1)</script></html>");
    let table = [
        (json!({"type": "image"}), json!({"file_content": ["REQUIRED"]})),
        (json!({"type": "image", "file_content": html}), incorrect.clone()),
        (json!({"type": "image", "file_content": ""}), json!({"file_content": "<any>"})),
        (json!({"type": "image", "file_content": "not base64!"}), incorrect.clone()),
        (json!({"type": "image", "file_content": STANDARD.encode(bomb())}), incorrect),
        (json!({"type": "youtube"}), json!({"url": ["REQUIRED"]})),
        (json!({"type": "youtube", "url": "javascript:alert(1)"}), json!({"url": "<any>"})),
        (json!({"type": "youtube", "url": format!("https://youtu.be/{}", "x".repeat(200))}), json!({"url": "<any>"})),
        (json!({"type": "object_reference"}), json!({"object_id": ["REQUIRED"], "content_type": ["REQUIRED"]})),
        (json!({"type": "hologram"}), json!({"type": "<any>"})),
        (json!({}), json!({"type": "<any>"})),
        (json!({"type": "file", "title": "evil.html", "file_content": html}), Value::from("<any>")),
    ];

    for (attachment, complaint) in table {
        let answer = posts_with(&ana, thread, json!([video(), attachment])).await.is(400);
        let list = answer.body["attachments"].as_array().expect("a list of complaints");
        assert_eq!(list[0], json!({}), "{answer}");
        match complaint.as_object() {
            Some(wanted) if !wanted.values().any(|codes| codes == "<any>") => {
                assert_eq!(list[1], complaint, "{attachment}")
            }
            Some(wanted) => {
                assert!(!list[1].as_object().expect("complaints").is_empty(), "{attachment}: {wanted:?} {answer}")
            }
            None => assert!(!list[1].as_object().expect("complaints").is_empty(), "{attachment}: {answer}"),
        }
    }
    assert!(ana.fetches(thread).await.is_empty(), "nothing is kept of a refused message");
}

/// A PNG of a few bytes that claims to be sixty thousand by sixty thousand.
fn bomb() -> Vec<u8> {
    let mut bytes = picture(1, 1, ImageFormat::Png);
    bytes[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[tokio::test]
async fn videos_and_references_are_kept_as_they_are() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Links").await;
    let reference = json!({"type": "object_reference", "object_id": 7, "content_type": 1, "options": {"color": "red"}});

    let message = posts_with(&ana, thread, json!([video(), reference])).await.is(201).body;

    let attachments = &message["attachments_data"];
    assert_eq!(attachments[0]["src"], "https://www.youtube.com/watch?v=abc");
    assert_eq!(attachments[0]["thumbnail"], Value::Null);
    assert_eq!(attachments[1]["src"], "");
    assert_eq!(attachments[1]["object_id"], 7);
    assert_eq!(attachments[1]["options"], json!({"color": "red"}));
    assert!(attachments[1]["content_type_name"].is_string(), "{attachments}");
    let fields = [
        "title",
        "message",
        "description",
        "src",
        "id",
        "thumbnail",
        "options",
        "object_id",
        "content_type",
        "type",
        "content_type_name",
    ];
    for field in fields {
        assert!(attachments[1].get(field).is_some(), "{field} is missing");
    }
}

/// Files leave as downloads, never as pages.
#[tokio::test]
async fn a_file_is_a_download() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Files").await;
    let text = json!({"type": "file", "title": "notes.txt", "file_content": STANDARD.encode("1 < 2, and <b>bold</b>")});

    let message = posts_with(&ana, thread, json!([text])).await.is(201).body;

    let kept = file(&house, &message["attachments_data"][0]["src"]).await.is(200);
    assert_eq!(kept.text(), "1 < 2, and <b>bold</b>");
    assert!(kept.header("content-disposition").starts_with("attachment"), "{}", kept.header("content-disposition"));
    assert_eq!(kept.header("x-content-type-options"), "nosniff");
    assert!(!kept.header("content-type").contains("html"), "{}", kept.header("content-type"));
    for path in [
        "/media/attachments/../tertulia.sqlite3",
        "/media/%2e%2e/tertulia.sqlite3",
        "/media/attachments/nothing.png",
        "/media/",
    ] {
        assert_eq!(house.stranger().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn files_come_as_parts_of_a_form_too() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Form").await;
    let photo = picture(40, 40, ImageFormat::Jpeg);
    let part = |bytes: Vec<u8>, name: &'static str| Part::bytes(bytes).file_name(name);
    let form = Form::new()
        .text("payload", json!({"type": "message", "text": "two files", "client_id": "form-1"}).to_string())
        .part("file", part(photo.clone(), "photo.jpg"))
        .part("file", part(b"plain words".to_vec(), "words.txt"));

    let path = format!("/api/threads/{thread}/messages");
    let message = Answer::to(ana.request("POST", &path).multipart(form)).await.is(201).body;

    let attachments = message["attachments_data"].as_array().expect("attachments");
    assert_eq!(attachments.len(), 2);
    assert_eq!(attachments[0]["title"], "photo.jpg");
    assert_eq!(attachments[0]["type"], "image");
    assert_eq!(attachments[1]["type"], "file");
    assert_eq!(file(&house, &attachments[0]["src"]).await.is(200).bytes, photo);
    assert_eq!(file(&house, &attachments[1]["src"]).await.is(200).text(), "plain words");
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_not_kept() {
    let house = House::with(&[("TERTULIA_MEDIA_MAX_BYTES", "2k"), ("TERTULIA_CHAT_MAX_ATTACHMENTS", "2")]).await;
    let ana = house.person("ana");
    let thread = ana.starts("Large").await;
    let text =
        |length: usize| json!({"type": "file", "title": "a.txt", "file_content": STANDARD.encode("x".repeat(length))});

    posts_with(&ana, thread, json!([text(2_048)])).await.is(201);
    let status = posts_with(&ana, thread, json!([text(2_049)])).await.status;
    assert!(matches!(status, 400 | 413), "{status}");
    let form = Form::new().text("payload", "{}").part("file", Part::bytes(vec![b'x'; 2_049]).file_name("a.txt"));
    let status =
        Answer::to(ana.request("POST", &format!("/api/threads/{thread}/messages")).multipart(form)).await.status;
    assert!(matches!(status, 400 | 413), "{status}");
    posts_with(&ana, thread, json!([video(), video()])).await.is(201);
    posts_with(&ana, thread, json!([video(), video(), video()])).await.is(400);
    assert_eq!(ana.fetches(thread).await.len(), 2);
}

/// Each change of an attachment is told to everybody as a change of its message.
#[tokio::test]
async fn changes_of_attachments_are_told() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    house.seats(thread, &ana, json!({"permissions": 8191})).await;
    let mut socket = ben.opens().await;
    let message = ana.posts(thread, "bare").await;
    let list = format!("{}/attachments", path_of(&message));
    let told = async |socket: &mut crate::support::Socket, count: usize, title: Option<&str>| {
        let fits = |data: &Value| {
            data["attachments_data"].as_array().map(Vec::len) == Some(count)
                && title.is_none_or(|title| data["attachments_data"][0]["title"] == title)
        };
        let data = socket.hears("message_created_or_updated", fits).await;
        assert_eq!(data["has_attachments"], count > 0, "{data}");
    };
    told(&mut socket, 0, None).await;

    let attachment = ana.post(&list, image_of(&picture(5, 5, ImageFormat::Png))).await.is(201).body;
    told(&mut socket, 1, Some("A picture")).await;
    let one = format!("{list}/{}", attachment["id"]);
    assert_eq!(ana.patch(&one, json!({"title": "Renamed"})).await.is(200).body["title"], "Renamed");
    told(&mut socket, 1, Some("Renamed")).await;
    assert_eq!(ben.get(&list).await.is(200).body[0]["title"], "Renamed");
    assert_eq!(ben.get(&one).await.is(200).body["src"], attachment["src"], "renaming keeps the file");
    ana.delete(&one).await.is(204);
    told(&mut socket, 0, None).await;
    ben.get(&one).await.is(404);
    file(&house, &attachment["src"]).await.is(404);
}

/// The thread, the message and the attachment in a path belong together, or there is nothing (B-ATT-IDOR).
#[tokio::test]
async fn an_attachment_is_found_only_where_it_hangs() {
    let house = House::new().await;
    let [ana, eve] = house.people(["ana", "eve"]);
    let thread = ana.starts("Private").await;
    let message = posts_with(&ana, thread, json!([video()])).await.is(201).body;
    let id = &message["attachments_data"][0]["id"];
    let own = eve.starts("Eve's").await;
    let own_message = eve.posts(own, "mine").await;

    eve.get(&format!("/api/threads/{own}/messages/{}/attachments", message["id"])).await.is(404);
    eve.get(&format!("/api/threads/{own}/messages/{}/attachments/{id}", message["id"])).await.is(404);
    eve.get(&format!("/api/threads/{own}/messages/{}/attachments/{id}", own_message["id"])).await.is(404);
    eve.delete(&format!("/api/threads/{own}/messages/{}/attachments/{id}", own_message["id"])).await.is(403);
    ana.get(&format!("{}/attachments/{id}", path_of(&message))).await.is(200);
}

/// What hung on a deleted message is gone with it, files too (B-ATT-DELETED, B-ATT-FILES).
#[tokio::test]
async fn deleting_a_message_takes_its_files_along() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Regret").await;
    let message = posts_with(&ana, thread, json!([image_of(&picture(5, 5, ImageFormat::Png))])).await.is(201).body;
    let attachment = &message["attachments_data"][0];

    ana.deletes(&message).await.is(204);

    ana.get(&format!("{}/attachments", path_of(&message))).await.is(404);
    ana.get(&format!("{}/attachments/{}", path_of(&message), attachment["id"])).await.is(404);
    crate::support::until("the files are gone", || async {
        file(&house, &attachment["src"]).await.status == 404
            && file(&house, &attachment["thumbnail"]["src"]).await.status == 404
    })
    .await;
}
