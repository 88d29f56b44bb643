//! The widget on somebody else's page: another origin, a strict Content-Security-Policy, no cookies.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{Browser, House, browser::ENTER, json, person::text_of};

const WIDGET: &str = "const root = document.querySelector('tertulia-chat')?.shadowRoot; if (!root) return null;";

/// A shop on an address of its own, with one page that embeds the widget of `house`.
async fn shop(listener: TcpListener, house: String) {
    let policy = format!(
        "default-src 'none'; script-src {house}; connect-src {house} {}; img-src {house} blob: data:; style-src 'self'",
        house.replace("http://", "ws://")
    );
    let page =
        format!("<!doctype html><title>Shop</title><p>A shop.</p><script src=\"{house}/widget.js\" defer></script>");
    let length = page.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: {policy}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{page}"
    );
    while let Ok((mut connection, _)) = listener.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move {
            let mut request = [0; 4_096];
            // a browser that goes away is no matter of the shop's
            let _ = connection.read(&mut request).await;
            let _ = connection.write_all(answer.as_bytes()).await;
        });
    }
}

async fn opens(allowed: bool) -> (House, Browser) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let shop_at = format!("http://{}", listener.local_addr().expect("an address"));
    let origin = if allowed { shop_at.clone() } else { "https://another.example".to_owned() };
    let house = House::with(&[("TERTULIA_WIDGET_ALLOWED_ORIGINS", &origin)]).await;
    tokio::spawn(shop(listener, house.origin()));
    let browser = Browser::opens().await;
    browser.goes_to(&shop_at).await;
    browser.clicks("the launcher", &format!("{WIDGET} return root.querySelector('[data-testid=launcher]')")).await;
    (house, browser)
}

/// A page that is allowed embeds the widget with one line; its visitor is heard, and is the same after a reload.
#[tokio::test]
async fn a_page_that_is_allowed_carries_the_widget() {
    let (house, browser) = opens(true).await;
    let olga = house.operator("olga");

    let input = format!("{WIDGET} return root.querySelector('textarea:not([disabled])')");
    browser.types("the input", &input, &format!("hello from the shop{ENTER}")).await;
    let sent = format!("{WIDGET} return root.querySelectorAll('[data-testid=message][data-state=sent]').length === 1");
    browser.waits_for("the message sent", &sent).await;
    browser.reloads().await;
    browser.clicks("the launcher", &format!("{WIDGET} return root.querySelector('[data-testid=launcher]')")).await;
    browser.waits_for("the same conversation", &sent).await;

    let threads = olga.get(&format!("/api/accounts/{}/threads/chat?limit=5", olga.id)).await.is(200).body;
    let thread = threads["results"][0]["id"].as_i64().expect("a thread");
    assert_eq!(olga.fetches(thread).await.iter().map(text_of).collect::<Vec<_>>(), ["hello from the shop"]);
}

/// A page that is not allowed shows the button, but nobody gets in from it.
#[tokio::test]
async fn a_page_that_is_not_allowed_gets_nobody_in() {
    let (house, browser) = opens(false).await;

    let offline =
        "return ['offline', 'connecting'].includes(document.querySelector('tertulia-chat')?.dataset.connection)";
    browser.waits_for("a widget that is not connected", offline).await;

    assert_eq!(browser.runs("return document.cookie", json!([])).await, json!(""));
    let everybody = house.lists(&["user", "list"]);
    assert!(everybody.iter().all(|one| one["role"] != "visitor"), "{everybody:?}");
}
