//! Scripts in the widget, in a real browser: every type of question by mouse, by keyboard and on a telephone; answers
//! that are refused, and a server that goes away in the middle.

use crate::support::{
    Browser, House, Person, Value,
    browser::{DOWN, ENTER, RIGHT, TAB},
    json,
    person::text_of,
};

/// The widget's shadow root: `root` in the scripts below.
const ROOT: &str = "const root = document.querySelector('tertulia-chat')?.shadowRoot; if (!root) return null;";
/// The questions of the script that need an answer, in order.
const ASKED: [&str; 12] = [
    "What should we call you?",
    "Do you like <coffee> & cake?",
    "Which of these have you had?",
    "Tell us how it began.",
    "When were you born?",
    "What time suits you?",
    "When did it begin?",
    "How many cups a day?",
    "What is your temperature?",
    "How strong is the pain?",
    "Please send us the letter.",
    "Shall we send it?",
];
/// What is stored when they are answered as [`by_mouse`] does.
const SAID: [&str; 11] = [
    "Ana",
    "Yes",
    "Headache, Fever, often",
    "by itself",
    "1990-02-03",
    "07:30",
    "2026-02-03T07:30",
    "3",
    "37.5",
    "5",
    "letter.txt",
];

/// The file of a schema with a question of every type, a message and a fork between them.
fn everything() -> String {
    let question = |qid: i64, kind: &str, text: &str, next: i64, more: Value| {
        let mut fields =
            json!({"qid": qid, "position": qid, "type": kind, "text": text, "next_qid": next, "schema": 1});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"model": "chat_api.question", "pk": qid, "fields": fields})
    };
    let answer = |pk: i64, question: i64, text: &str, exclusive: bool| {
        json!({"model": "chat_api.answer", "pk": pk, "fields": {
            "question": question, "position": pk, "text": text, "next_qid": question + 1, "exclusive": exclusive}})
    };
    let schema = json!({"model": "chat_api.schema", "pk": 1, "fields": {
        "name": "everything", "type": "automated_flow", "version": 1, "published": false, "deprecated": false}});
    let mut file = vec![
        schema,
        question(1, "text", ASKED[0], 2, json!({"meta": {"hint": "The first name is enough."}})),
        question(2, "choice", ASKED[1], 3, json!({})),
        question(3, "multichoice", ASKED[2], 4, json!({"choice_open": true})),
        question(4, "text", ASKED[3], 5, json!({"meta": {"input": "textarea"}})),
        question(5, "date", ASKED[4], 6, json!({})),
        question(6, "time", ASKED[5], 7, json!({})),
        question(7, "datetime", ASKED[6], 8, json!({})),
        question(8, "int", ASKED[7], 9, json!({"meta": {"unit": "cups"}})),
        question(9, "float", ASKED[8], 10, json!({})),
        question(10, "message", "Nearly done.", 11, json!({})),
        question(11, "fork", "never shown", 12, json!({"next_qid": null, "forking_rules": [["12", "nothing == 0"]]})),
        question(
            12,
            "range",
            ASKED[9],
            13,
            json!({"range_from": 0, "range_to": 10, "meta": {"labels": ["none", "worst"]}}),
        ),
        question(13, "text", ASKED[10], 14, json!({"meta": {"input": "file"}})),
        question(14, "control", ASKED[11], -1, json!({"meta": {"label": "Send it"}})),
    ];
    file.extend([
        answer(21, 2, "Yes", false),
        answer(22, 2, "No", false),
        answer(31, 3, "Headache", false),
        answer(32, 3, "Fever", false),
        answer(33, 3, "None of these", true),
    ]);
    json!(file).to_string()
}

/// A visitor in front of the first question.
struct Visit {
    house: House,
    browser: Browser,
    olga: Person,
}

impl Visit {
    async fn begins() -> Visit {
        Visit::begins_on(None).await
    }

    async fn begins_on(phone: Option<(u32, u32)>) -> Visit {
        let house = House::with(&[("TERTULIA_WIDGET_SCRIPTS", "main=everything")]).await;
        house.told(&["schema", "load", "-", "--publish"], &everything());
        let olga = house.operator("olga");
        let browser = Browser::opens().await;
        if let Some((width, height)) = phone {
            browser.becomes_a_phone(width, height).await;
        }
        browser.goes_to(&format!("{}/demo", house.origin())).await;
        let visit = Visit { house, browser, olga };
        visit.clicks("[data-testid=launcher]").await;
        visit.is_asked(0, "textarea").await;
        visit
    }

    /// The element of that selector within the widget.
    async fn clicks(&self, selector: &str) {
        self.browser.clicks(selector, &format!("{ROOT} return root.querySelector('{selector}')")).await;
    }

    async fn types(&self, selector: &str, text: &str) {
        self.browser.types(selector, &format!("{ROOT} return root.querySelector('{selector}')"), text).await;
    }

    /// Clicks the choice of that name.
    async fn chooses(&self, choice: &str) {
        let find = format!(
            "{ROOT} return [...root.querySelectorAll('[data-testid=question] .option')].find((one) => one.textContent === '{choice}')"
        );
        self.browser.clicks(choice, &find).await;
    }

    async fn waits_for(&self, what: &str, condition: &str) -> Value {
        self.browser.waits_for(what, &format!("{ROOT} {condition}")).await
    }

    /// The question of that number is the last word, and its control is there and fits the screen.
    async fn is_asked(&self, number: usize, control: &str) {
        let question = json!(ASKED[number]);
        let there = format!(
            "const texts = root.querySelectorAll('[data-testid=message] [data-testid=text]');
             const control = root.querySelector('{control}');
             return texts[texts.length - 1]?.textContent === {question} && control?.checkVisibility();"
        );
        self.waits_for(ASKED[number], &there).await;
        let fits = "const ask = root.querySelector('[data-testid=question]');
             const boxes = [...ask.querySelectorAll('button, .option, input:not([type=checkbox]), textarea')]
               .map((part) => [part.className, part.getBoundingClientRect()]).filter(([, box]) => box.height);
             return document.documentElement.scrollWidth <= innerWidth && ask.scrollWidth <= ask.clientWidth
               && boxes.every(([, box]) => box.height >= 44 && box.left >= 0 && box.right <= innerWidth);";
        self.waits_for(&format!("a control that fits the screen and a finger: {}", ASKED[number]), fits).await;
    }

    /// The focus is on what the selector says.
    async fn holds(&self, selector: &str) {
        self.waits_for(
            &format!("the focus on {selector}"),
            &format!("return root.activeElement?.matches('{selector}')"),
        )
        .await;
    }

    /// Puts a file into the picker, for which a browser has no keys.
    async fn picks_a_letter(&self) {
        let letter = self.house.dir().join("letter.txt");
        std::fs::write(&letter, "Dear all").expect("a letter");
        let picker = "[data-testid=question] input[type=file]";
        self.types(picker, &letter.display().to_string()).await;
        self.waits_for("the letter", "return root.querySelector('[data-testid=question] .chip')").await;
    }

    /// What the visitor has said, as the desk reads it, once it is all there.
    async fn has_said(&self, texts: &[&str]) {
        let wanted = json!(texts);
        let shown = format!(
            "const own = [...root.querySelectorAll('[data-testid=message][data-own=true]')];
             return own.every((one) => one.dataset.state === 'sent') && JSON.stringify(own.map((one) => one.querySelector('[data-testid=text]').textContent)) === JSON.stringify({wanted});"
        );
        self.waits_for(&format!("exactly {texts:?} was said"), &shown).await;
        let threads = self.olga.get(&format!("/api/accounts/{}/threads/chat?limit=5", self.olga.id)).await.is(200).body;
        let thread = threads["results"][0]["id"].as_i64().expect("a thread");
        let messages = self.olga.fetches(thread).await;
        let stored: Vec<&str> = messages.iter().filter(|one| one["type"] == "message").map(text_of).collect();
        assert_eq!(stored, texts);
    }

    /// The script is over: the ordinary field is back, and nothing tells of progress.
    async fn is_over(&self) {
        let over = "return root.querySelector('[data-testid=input]').checkVisibility() && root.querySelector('[data-testid=question]').hidden
             && root.querySelector('[data-testid=progress]').hidden";
        self.waits_for("the end of the script", over).await;
        self.has_said(&SAID).await;
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// Writes an answer into the control and sends it with its button.
    async fn answers(&self, text: &str) {
        self.types("[data-testid=question] [data-testid=answer]", text).await;
        self.clicks("[data-testid=answer-send]").await;
    }
}

impl Visit {
    /// What was answered is a finished conversation and a bar of a chart, at the administration.
    async fn is_a_chart(&self) {
        let found = self.house.host().await.get("/api/schemas?name=everything&limit=1").await.is(200);
        let schema = found.results()[0]["id"].clone();
        let administration = crate::browser_admin::signed_in(&self.house, "superuser").await;
        administration.goes_to(&format!("{}/admin/schemas/{schema}#results", self.house.origin())).await;
        let completed = "return document.querySelector('[data-testid=figure-completed]')?.textContent === '1'";
        administration.waits_for("a completed conversation", completed).await;
        let bar =
            "const bars = [...document.querySelectorAll('[data-testid=result][data-qid=\"2\"] [data-testid=bar]')];
             return bars.find((bar) => bar.textContent.includes('Yes'))?.dataset.count === '1'";
        administration.waits_for("one who likes coffee", bar).await;
    }
}

/// The whole script with a mouse, or a finger.
async fn by_mouse(visit: &Visit) {
    visit.types("[data-testid=input]", "Ana").await;
    visit.clicks("[data-testid=send]").await;
    visit.is_asked(1, "[role=radio]").await;
    visit.chooses("Yes").await;
    visit.is_asked(2, "[type=checkbox]").await;
    for choice in ["None of these", "Fever", "Headache"] {
        visit.chooses(choice).await;
    }
    visit.answers("often").await;
    visit.is_asked(3, "textarea.answer").await;
    visit.answers("by itself").await;
    // a pretended keyboard cannot work the pickers of a browser, so these are filled in as a picker does
    for (number, kind, value) in
        [(4, "date", "1990-02-03"), (5, "time", "07:30"), (6, "datetime-local", "2026-02-03T07:30")]
    {
        visit.is_asked(number, &format!("input[type={kind}]")).await;
        let fills = format!("root.querySelector('input[type={kind}]').value = '{value}'; return true;");
        visit.waits_for(kind, &fills).await;
        visit.clicks("[data-testid=answer-send]").await;
    }
    visit.is_asked(7, "input[inputmode=numeric]").await;
    visit.answers("3").await;
    visit.is_asked(8, "input[inputmode=decimal]").await;
    visit.answers("37,5").await;
    visit.is_asked(9, "[type=range]").await;
    visit.clicks("[type=range]").await;
    visit.clicks("[data-testid=answer-send]").await;
    visit.is_asked(10, "[data-testid=choose]").await;
    visit.picks_a_letter().await;
    visit.clicks("[data-testid=answer-send]").await;
    visit.is_asked(11, "[data-testid=answer-send]").await;
    visit.clicks("[data-testid=answer-send]").await;
    visit.is_over().await;
}

#[tokio::test]
async fn every_question_is_answered_by_mouse() {
    let visit = Visit::begins().await;
    by_mouse(&visit).await;
    visit.is_a_chart().await;
}

#[tokio::test]
async fn every_question_is_answered_on_a_small_telephone() {
    let visit = Visit::begins_on(Some((320, 640))).await;
    by_mouse(&visit).await;
}

/// From the first question to the last without a hand on the mouse: each control has the focus when it comes.
#[tokio::test]
async fn every_question_is_answered_by_keyboard() {
    let visit = Visit::begins().await;
    let keys = &visit.browser;
    visit.holds("[data-testid=input]").await;
    keys.presses(&format!("Ana{ENTER}")).await;
    visit.holds("[role=radio]").await;
    keys.presses(&format!("{RIGHT}{RIGHT}{ENTER}")).await;
    visit.holds("[type=checkbox]").await;
    keys.presses(&format!(" {DOWN} {TAB}{TAB}often{ENTER}")).await;
    visit.holds("textarea.answer").await;
    keys.presses("by itself").await;
    keys.presses_with_control(ENTER).await;
    visit.holds("[type=date]").await;
    keys.presses(&format!("02031990{ENTER}")).await;
    visit.holds("[type=time]").await;
    keys.presses(&format!("0730AM{ENTER}")).await;
    visit.holds("[type=datetime-local]").await;
    keys.presses(&format!("02032026{TAB}0730AM{ENTER}")).await;
    visit.holds("[inputmode=numeric]").await;
    keys.presses(&format!("3{ENTER}")).await;
    visit.holds("[inputmode=decimal]").await;
    keys.presses(&format!("37.5{ENTER}")).await;
    visit.holds("[type=range]").await;
    keys.presses(ENTER).await;
    visit.holds("[data-testid=choose]").await;
    visit.picks_a_letter().await;
    // past the file's own button and the way back
    keys.presses(&format!("{TAB}{TAB}{TAB}{ENTER}")).await;
    // the button of the question before has the same name
    visit.is_asked(11, "[data-testid=answer-send]").await;
    visit.holds("[data-testid=answer-send]").await;
    keys.presses(ENTER).await;
    visit.is_over().await;
    visit.holds("[data-testid=input]").await;
    visit.is_a_chart().await;
}

/// A number too large for the server looks well enough to the browser: the control comes back with what was typed and
/// the reason, and takes the next attempt. Then one changes one's mind about the answer before.
#[tokio::test]
async fn a_refused_answer_comes_back_to_its_control() {
    let visit = Visit::begins().await;
    visit.types("[data-testid=input]", &format!("Ana{ENTER}")).await;
    visit.chooses("Yes").await;
    visit.is_asked(2, "[type=checkbox]").await;
    visit.clicks("[data-testid=answer-send]").await;
    let says = |words: &str| {
        format!("return root.querySelector('[data-testid=question-problem]').textContent.includes('{words}')")
    };
    visit.waits_for("a word about nothing chosen", &says("at least one answer")).await;
    visit.clicks("[data-testid=back]").await;
    visit.is_asked(1, "[role=radio]").await;
    visit.chooses("No").await;
    visit.is_asked(2, "[type=checkbox]").await;
    visit.chooses("None of these").await;
    visit.clicks("[data-testid=answer-send]").await;
    visit.is_asked(3, "textarea.answer").await;
    visit.answers("by itself").await;
    for (number, value) in [(4, "1990-02-03"), (5, "07:30"), (6, "2026-02-03T07:30")] {
        visit.is_asked(number, "input.answer").await;
        let fills = format!("root.querySelector('input.answer').value = '{value}'; return true;");
        visit.waits_for(value, &fills).await;
        visit.clicks("[data-testid=answer-send]").await;
    }
    visit.is_asked(7, "input[inputmode=numeric]").await;
    visit.answers("999999999999999999").await;
    visit.is_asked(8, "input[inputmode=decimal]").await;

    visit.answers("1e999").await;

    visit.waits_for("the server's refusal in plain words", &says("not a number")).await;
    visit.waits_for("what was typed", "return root.querySelector('.answer').value === '1e999'").await;
    visit.types(".answer", &"\u{E003}".repeat(5)).await;
    visit.answers("37").await;
    visit.is_asked(9, "[type=range]").await;
    let said = ["Ana", "No", "None of these", "by itself", "1990-02-03", "07:30", "2026-02-03T07:30"];
    visit.has_said(&[&said[..], &["999999999999999999", "37"]].concat()).await;
}

/// The server goes away while somebody writes: what is written stays, what is sent waits, and arrives once.
#[tokio::test]
async fn a_script_goes_on_after_the_server_was_away() {
    let mut visit = Visit::begins().await;
    visit.types("[data-testid=input]", &format!("Ana{ENTER}")).await;
    visit.chooses("Yes").await;
    visit.is_asked(2, "[type=checkbox]").await;
    visit.chooses("Fever").await;
    visit.types("[data-testid=answer]", "often").await;

    visit.house.crash();
    let away = "return document.querySelector('tertulia-chat').dataset.connection !== 'online'";
    visit.waits_for("the widget to notice", away).await;
    visit.waits_for(
        "the choice and the words, still there",
        "return root.querySelectorAll(':checked').length === 1 && root.querySelector('[data-testid=answer]').value === 'often'",
    )
    .await;
    visit.clicks("[data-testid=answer-send]").await;
    visit.waits_for("no control any more", "return root.querySelector('[data-testid=question]').hidden").await;
    visit.house.opens().await;

    visit.is_asked(3, "textarea.answer").await;
    visit.has_said(&["Ana", "Yes", "Fever, often"]).await;
}
