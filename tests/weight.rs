//! What the widget costs the page that carries it.

use std::{fs, path::Path};

use crate::support::{Answer, House, Person};

/// All that the widget ever loads, questions included, in bytes as they are sent.
const WHOLE: usize = 40_000;
/// What every visitor of the page loads, whether they talk or not.
const BUTTON: usize = 5_000;

async fn fetches(visitor: &Person, path: &str, encoding: &str) -> Answer {
    Answer::to(visitor.request("GET", path).header("Accept-Encoding", encoding)).await.is(200)
}

/// The widget's files but the button itself.
fn parts() -> Vec<String> {
    let folder = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static").join(name);
        let files = fs::read_dir(folder).expect("a folder of the front end");
        let names = files.map(|file| file.expect("a file").file_name().into_string().expect("its name"));
        names.map(|file| format!("/static/{name}/{file}")).collect::<Vec<_>>()
    };
    let mut parts = [folder("widget"), folder("ui"), folder("client")].concat();
    // for pages that ask for push messages themselves; the widget does not load it
    parts.retain(|part| part != "/static/client/push.js");
    parts.push("/static/tertulia-client.js".to_owned());
    parts
}

/// Whoever builds the widget larger is told here.
#[tokio::test]
async fn the_widget_weighs_less_than_a_picture() {
    let house = House::new().await;
    let visitor = house.stranger();

    let button = fetches(&visitor, "/widget.js", "gzip, deflate, br").await;
    assert_eq!(button.header("content-encoding"), "gzip");
    let mut whole = button.bytes.len();
    for part in parts() {
        whole += fetches(&visitor, &part, "gzip, deflate, br").await.bytes.len();
    }

    assert!(button.bytes.len() < BUTTON, "the button alone weighs {} bytes", button.bytes.len());
    assert!(whole < WHOLE, "the widget weighs {whole} bytes, {WHOLE} at most");
}

/// Who cannot unpack gets the same script as it is; a cache can tell the two apart, and each is known again.
#[tokio::test]
async fn scripts_come_packed_only_to_those_who_can_unpack() {
    let house = House::new().await;
    let visitor = house.stranger();

    let packed = fetches(&visitor, "/widget.js", "gzip").await;
    for refused in ["identity", "gzip;q=0", "br"] {
        let plain = fetches(&visitor, "/widget.js", refused).await;
        assert_eq!(plain.header("content-encoding"), "", "{refused}");
        assert!(plain.text().contains("customElements.define('tertulia-chat'"), "{refused}");
        assert!(!plain.text().contains("One line puts it on a page"), "comments are sent along");
        assert_ne!(plain.header("etag"), packed.header("etag"));
    }

    assert!(packed.header("vary").contains("Accept-Encoding"), "{packed}");
    let again = visitor.request("GET", "/widget.js").header("Accept-Encoding", "gzip");
    Answer::to(again.header("If-None-Match", packed.header("etag"))).await.is(304);
}
