//! The pages, in a real browser: a visitor's window with the widget, an operator's window with the desk.

use crate::{
    desk_login,
    support::{Browser, House, Value, browser::ENTER, json},
};

const PASSWORD: &str = "correct horse battery";

/// The widget's shadow root, or the desk's document: `root` in the scripts below.
const WIDGET: &str = "const root = document.querySelector('tertulia-chat')?.shadowRoot; if (!root) return null;";
const DESK: &str = "const root = document;";

/// Everybody's windows.
struct Scene {
    browser: Browser,
    visitor: String,
    operator: String,
}

/// A visitor on the demo page and an operator at the desk.
async fn scene(house: &House) -> Scene {
    desk_login::signed_in(house, "olga").await;
    let browser = Browser::opens().await;
    let operator = browser.window().await;
    signs_in(&browser, house).await;
    let visitor = browser.new_window().await;
    browser.turns_to(&visitor).await;
    browser.goes_to(&format!("{}/demo", house.origin())).await;
    Scene { browser, visitor, operator }
}

async fn signs_in(browser: &Browser, house: &House) {
    browser.goes_to(&format!("{}/login?next=/desk", house.origin())).await;
    browser.types("the login", "return document.querySelector('input[name=email]')", "olga@chat.example").await;
    let password = "return document.querySelector('input[name=password]')";
    browser.types("the password", password, &format!("{PASSWORD}{ENTER}")).await;
    browser.waits_for("the desk", "return location.pathname === '/desk'").await;
}

impl Scene {
    async fn is_at(&self, side: &str) -> &Browser {
        self.browser.turns_to(if side == WIDGET { &self.visitor } else { &self.operator }).await;
        &self.browser
    }

    async fn opens_the_widget(&self) {
        let browser = self.is_at(WIDGET).await;
        browser.clicks("the launcher", &format!("{WIDGET} return root.querySelector('[data-testid=launcher]')")).await;
        browser.waits_for("the widget's input", &format!("{WIDGET} return root.querySelector('textarea')")).await;
    }

    async fn opens_the_first_thread(&self) {
        let browser = self.is_at(DESK).await;
        browser.clicks("a thread at the desk", "return document.querySelector('[data-testid=thread]')").await;
        browser.waits_for("the desk's input", "return document.querySelector('textarea:not([disabled])')").await;
    }

    async fn says(&self, side: &str, text: &str) {
        let browser = self.is_at(side).await;
        let input = format!("{side} return root.querySelector('textarea:not([disabled])')");
        browser.types("the input", &input, &format!("{text}{ENTER}")).await;
    }

    /// The texts shown on one side, in order, once they are all there and sent.
    async fn shows(&self, side: &str, texts: &[&str]) {
        let browser = self.is_at(side).await;
        let wanted = json!(texts);
        let script = format!(
            "{side} const all = [...root.querySelectorAll('[data-testid=message]')];
             const texts = all.map((message) => message.querySelector('[data-testid=text]')?.textContent ?? '');
             const settled = all.every((message) => !['sending', 'failed'].includes(message.dataset.state));
             return settled && JSON.stringify(texts) === JSON.stringify({wanted});"
        );
        browser.waits_for(&format!("exactly {texts:?} is shown"), &script).await;
        let ids = format!(
            "{side} return [...root.querySelectorAll('[data-testid=message]')].map((message) => message.dataset.id)"
        );
        let ids = browser.runs(&ids, json!([])).await;
        let ids: Vec<&Value> = ids.as_array().expect("ids").iter().collect();
        let once: std::collections::HashSet<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!((ids.len(), once.len()), (texts.len(), texts.len()), "something is shown twice: {ids:?}");
    }

    /// Neither page complained in its console.
    async fn is_quiet(&self) {
        for side in [WIDGET, DESK] {
            let complaints = self.is_at(side).await.complaints().await;
            assert!(complaints.is_empty(), "{complaints:#?}");
        }
    }
}

/// Two windows talk; one is reloaded; the server is killed and comes back. Nothing is lost, nothing shown twice.
#[tokio::test]
async fn two_windows_hold_a_conversation() {
    let mut house = House::new().await;
    let scene = scene(&house).await;
    scene.opens_the_widget().await;
    scene.says(WIDGET, "hello <b>there</b>").await;
    scene.opens_the_first_thread().await;
    scene.shows(DESK, &["hello <b>there</b>"]).await;
    scene.says(DESK, "good day").await;
    scene.shows(WIDGET, &["hello <b>there</b>", "good day"]).await;

    scene.is_at(WIDGET).await.reloads().await;
    scene.opens_the_widget().await;
    scene.shows(WIDGET, &["hello <b>there</b>", "good day"]).await;
    scene.says(DESK, "still here").await;
    scene.shows(WIDGET, &["hello <b>there</b>", "good day", "still here"]).await;

    house.crash();
    scene.says(WIDGET, "said to nobody").await;
    house.opens().await;

    let all = ["hello <b>there</b>", "good day", "still here", "said to nobody"];
    scene.shows(WIDGET, &all).await;
    scene.shows(DESK, &all).await;
    scene.says(DESK, "welcome back").await;
    scene.shows(WIDGET, &[&all[..], &["welcome back"]].concat()).await;
}

/// A closed widget counts what it has not shown; opening it reads, and the desk's own list counts as well.
#[tokio::test]
async fn badges_count_what_was_not_seen() {
    let house = House::new().await;
    let scene = scene(&house).await;
    scene.opens_the_widget().await;
    scene.says(WIDGET, "one").await;
    scene.says(WIDGET, "two").await;
    let desk = scene.is_at(DESK).await;
    desk.waits_for(
        "two unread at the desk",
        "return parseInt(document.querySelector('[data-testid=unread]')?.textContent) === 2",
    )
    .await;
    scene.opens_the_first_thread().await;
    scene.shows(DESK, &["one", "two"]).await;
    desk.waits_for("nothing unread at the desk", "return !document.querySelector('[data-testid=unread]')").await;

    let widget = scene.is_at(WIDGET).await;
    widget.clicks("the way to close", &format!("{WIDGET} return root.querySelector('[data-testid=close]')")).await;
    scene.says(DESK, "are you there?").await;

    scene.is_at(WIDGET).await;
    let badge = format!(
        "{WIDGET} const badge = root.querySelector('[data-testid=badge]'); return !badge.hidden && badge.textContent === '1'"
    );
    widget.waits_for("a badge with one", &badge).await;
    scene.opens_the_widget().await;
    widget.waits_for("no badge", &format!("{WIDGET} return root.querySelector('[data-testid=badge]').hidden")).await;
    scene.is_quiet().await;
}

/// What somebody types is text, whatever it looks like, on both sides.
#[tokio::test]
async fn nothing_that_is_typed_becomes_a_page() {
    let house = House::new().await;
    let scene = scene(&house).await;
    let nasty = "<img src=x onerror=\"window.hacked=1\"> &lt;b&gt; ${1} {{x}}";
    scene.opens_the_widget().await;
    scene.says(WIDGET, nasty).await;
    scene.opens_the_first_thread().await;
    scene.says(DESK, nasty).await;

    for side in [WIDGET, DESK] {
        scene.shows(side, &[nasty, nasty]).await;
        assert_eq!(scene.is_at(side).await.runs("return window.hacked ?? null", json!([])).await, Value::Null);
    }
}

/// On a telephone the open widget fits the screen: nothing sticks out, and one can still type and send.
#[tokio::test]
async fn the_widget_fits_a_narrow_screen() {
    let house = House::new().await;
    let scene = scene(&house).await;
    let widget = scene.is_at(WIDGET).await;
    widget.resizes(500, 700).await;

    scene.opens_the_widget().await;

    let panel = format!(
        "{WIDGET} const box = root.querySelector('[data-testid=panel]').getBoundingClientRect();
         return box.width > 0 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;"
    );
    widget.waits_for("the panel within the window", &panel).await;
    scene.says(WIDGET, "from a small window").await;
    scene.shows(WIDGET, &["from a small window"]).await;
}
