//! The administration's pages and the desk's way to drive a script, in a real browser: a schema as a graph, a walk through
//! it, where people stand, what they answered; and an operator who puts a visitor into a script.

use crate::{
    support::{Brought, Browser, House, Person, Value, browser::ENTER, json},
    surveys::smoking,
};

const PASSWORD: &str = "correct horse battery";
const ESCAPE: &str = "\u{E00C}";
const ARROW_RIGHT: &str = "\u{E014}";
const ARROW_DOWN: &str = "\u{E015}";

/// A choice that leads to the fork.
fn answer(position: i64, text: &str, change: Value) -> Value {
    json!({"position": position, "text": text, "next_qid": 3, "variable_modifications": change})
}

/// A script with a choice that changes a variable, a fork on it, and two ways to the end.
fn intake() -> Value {
    json!({"name": "Intake", "type": "automated_flow", "published": true,
    "groups": [{"name": "Beginning", "position": 1}],
    "questions": [
        {"qid": 1, "position": 1, "type": "message", "text": "Welcome!", "next_qid": 2, "group": "Beginning"},
        {"qid": 2, "position": 2, "type": "choice", "text": "Does it hurt?", "group": "Beginning",
         "answers": [answer(1, "Yes", json!([["pain", "pain + 2"]])), answer(2, "No", json!([]))]},
        {"qid": 3, "position": 3, "type": "fork", "text": "", "forking_rules": [["4", "pain > 1"], ["5", "pain <= 1"]]},
        {"qid": 4, "position": 4, "type": "int", "text": "For how many days?", "next_qid": 5},
        {"qid": 5, "position": 5, "type": "text", "text": "What else should we know?", "next_qid": -1},
    ]})
}

/// A browser in which an account of that role has signed in.
pub async fn signed_in(house: &House, role: &str) -> Browser {
    let email = format!("{role}@chat.example");
    let arguments = ["user", "create", "--email", &email, "--first-name", role, "--role", role, "--password-stdin"];
    house.told(&arguments, &format!("{PASSWORD}\n"));
    let browser = Browser::opens().await;
    browser.goes_to(&format!("{}/login?next=/admin/schemas", house.origin())).await;
    browser.types("the login", "return document.querySelector('input[name=email]')", &email).await;
    let password = "return document.querySelector('input[name=password]')";
    browser.types("the password", password, &format!("{PASSWORD}{ENTER}")).await;
    browser.waits_for("the list", "return location.pathname === '/admin/schemas'").await;
    browser
}

/// Opens a panel of a schema and waits until its graph stands.
async fn opens(browser: &Browser, house: &House, schema: &Brought, panel: &str) {
    browser.goes_to(&format!("{}/admin/schemas/{}#{panel}", house.origin(), schema.id())).await;
    browser
        .waits_for("the graph", "return document.querySelector('[data-testid=graph]')?.dataset.ready === 'true'")
        .await;
}

/// Finds an element by its test id.
fn at(testid: &str) -> String {
    format!("return document.querySelector('[data-testid={testid}]:not([disabled])')")
}

/// A button or label below an element with exactly this text.
fn called(testid: &str, text: &str) -> String {
    format!(
        "const all = [...document.querySelectorAll('[data-testid={testid}] :is(button, label)')];
         return all.find((one) => one.textContent.trim() === {}) ?? null",
        json!(text)
    )
}

/// Whether the texts of all such elements contain these, in this order.
fn says(testid: &str, words: &str) -> String {
    format!(
        "const all = [...document.querySelectorAll('[data-testid={testid}]')];
         return all.map((one) => one.textContent).join(' ').includes({})",
        json!(words)
    )
}

async fn is_quiet(browser: &Browser) {
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// Somebody who has begun the script in a thread of their own: the path of its messages.
async fn begins_the_script(person: &Person, schema: &Brought) -> String {
    let body = json!({"state": "scripted", "schema": schema.id()});
    let made = person.post(&format!("/api/accounts/{}/threads/chat", person.id), body).await.is(201).body;
    format!("/api/threads/{}/messages", made["id"])
}

/// The graph has the schema's questions and ways, the outline the same in words, and a click shows a question in full.
#[tokio::test]
async fn a_schema_is_drawn_with_its_ways() {
    let house = House::new().await;
    let schema = house.brings(&intake()).await;
    let browser = signed_in(&house, "superuser").await;
    browser.clicks("the schema in the list", "return document.querySelector('[data-testid=schema] a')").await;
    browser
        .waits_for("the graph", "return document.querySelector('[data-testid=graph]')?.dataset.ready === 'true'")
        .await;

    let drawn = "const cy = document.querySelector('[data-testid=graph]')._cyreg.cy;
        return [cy.nodes('.question').map((node) => node.id()).sort(), cy.edges().map((edge) => edge.id()).sort()]";
    let drawn = browser.runs(drawn, json!([])).await;

    assert_eq!(drawn[0], json!(["q1", "q2", "q3", "q4", "q5"]));
    let ways = json!([
        "q1>q2>next",
        "q2>q3>answer",
        "q3>end3>else",
        "q3>q4>rule",
        "q3>q5>rule",
        "q4>q5>next",
        "q5>end5>next",
        "start>"
    ]);
    assert_eq!(drawn[1], ways);
    browser.clicks("the outline", "return document.querySelector('[data-testid=as-outline]').parentElement").await;
    let row = "return document.querySelector('[data-testid=outline-row][data-qid=\"2\"] button')";
    browser.clicks("a question in the outline", row).await;
    browser.waits_for("its variables", &says("detail", "Question 2")).await;
    let change = "return document.getElementById('panel-graph').textContent.includes('pain = pain + 2')";
    browser.waits_for("what its answer changes", change).await;
    is_quiet(&browser).await;
    let findings = house.host().await.post(&format!("/api/schemas/{}/check", schema.id()), json!({})).await.is(200);
    assert_eq!(findings.body["findings"], json!([]), "the schema of this story is sound");
}

/// With keys alone: find a question, go along the ways, change panels.
#[tokio::test]
async fn the_graph_is_gone_through_by_keyboard() {
    let house = House::new().await;
    let schema = house.brings(&intake()).await;
    let browser = signed_in(&house, "operator").await;
    opens(&browser, &house, &schema, "graph").await;

    browser.types("the search", &at("find"), &format!("how many{ENTER}")).await;
    browser.waits_for("the question that was found", &says("detail", "Question 4")).await;
    browser.types("the graph", &at("graph"), ARROW_DOWN).await;
    browser.waits_for("the one after it", &says("detail", "Question 5")).await;
    browser.types("the graph", &at("graph"), ESCAPE).await;
    browser.waits_for("none", "return !document.querySelector('[data-testid=detail]')").await;
    browser.types("the tabs", "return document.getElementById('tab-graph')", ARROW_RIGHT).await;
    browser
        .waits_for(
            "the preview",
            "return !document.getElementById('panel-preview').hidden && document.activeElement.id === 'tab-preview'",
        )
        .await;
    assert_eq!(
        browser.runs("return document.querySelector('[data-testid=publish], [data-testid=copy]')", json!([])).await,
        Value::Null,
        "operators only look"
    );
    is_quiet(&browser).await;
}

/// The preview goes to the end as a member would, tells the variables, and goes back.
#[tokio::test]
async fn a_preview_walks_to_the_end() {
    let house = House::new().await;
    let schema = house.brings(&intake()).await;
    let browser = signed_in(&house, "operator").await;
    opens(&browser, &house, &schema, "preview").await;

    browser.clicks("the answer", &called("question", "Yes")).await;
    browser.waits_for("the variable", &says("variables", "pain2")).await;
    browser.types("the number", &at("answer"), &format!("3{ENTER}")).await;
    browser.types("the text", &at("preview-text"), &format!("nothing{ENTER}")).await;
    browser.waits_for("the end", "return !document.querySelector('[data-testid=preview-ended]').hidden").await;

    let said =
        "return [...document.querySelectorAll('[data-testid=preview-message] .bubble')].map((one) => one.textContent)";
    let all = ["Welcome!", "Does it hurt?", "Yes", "For how many days?", "3", "What else should we know?", "nothing"];
    assert_eq!(browser.runs(said, json!([])).await, json!(all));
    let walked = "const cy = document.querySelector('[data-testid=graph]')._cyreg.cy;
        return cy.edges('.walked').map((edge) => edge.id()).sort()";
    let ways = json!(["q1>q2>next", "q2>q3>answer", "q3>q4>rule", "q4>q5>next", "q5>end5>next", "start>"]);
    assert_eq!(browser.runs(walked, json!([])).await, ways);
    browser.clicks("the way back", &at("preview-back")).await;
    browser.waits_for("one step less", &format!("{said}.length === 6")).await;
    browser.clicks("the beginning", &at("preview-restart")).await;
    browser.waits_for("two messages", &format!("{said}.length === 2")).await;
    is_quiet(&browser).await;
}

/// Counts move from question to question while somebody answers, on the graph and in the table.
#[tokio::test]
async fn live_counts_follow_an_answer() {
    let house = House::new().await;
    let schema = house.brings(&intake()).await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let messages = begins_the_script(&ana, &schema).await;
    begins_the_script(&ben, &schema).await;
    let browser = signed_in(&house, "operator").await;
    opens(&browser, &house, &schema, "live").await;
    let rows = "const rows = [...document.querySelectorAll('[data-testid=live-row]')];
        const table = JSON.stringify(rows.map((row) => [row.dataset.qid, row.querySelector('td').textContent]));
        const badges = document.querySelector('[data-testid=graph]')._cyreg.cy.nodes('.badge');
        const graph = JSON.stringify(badges.map((one) => [String(one.data('of')), one.data('label')]).sort());";
    let both = |wanted: Value| {
        let wanted = json!(wanted.to_string());
        format!("{rows} return table === {wanted} && graph === {wanted}")
    };
    browser.waits_for("both at the first question", &both(json!([["2", "2"]]))).await;

    ana.post(&messages, json!({"answers": [schema.answer(2, 1)]})).await.is(201);

    browser.waits_for("one of them a question further", &both(json!([["2", "1"], ["4", "1"]]))).await;
    assert_eq!(
        browser.runs("return document.querySelector('[data-testid=live-total]').textContent", json!([])).await,
        "2 conversations"
    );
    is_quiet(&browser).await;
}

/// The chart changes by itself when an answer comes in, and what was drawn stays the same elements at the same place.
#[tokio::test]
async fn a_results_chart_is_true_while_answers_come_in() {
    let house = House::new().await;
    let schema = house.brings(&smoking()).await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let survey = ana.begins(&schema).await;
    ana.answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;
    let browser = signed_in(&house, "operator").await;
    opens(&browser, &house, &schema, "results").await;
    let bar = format!(
        "document.querySelector('[data-testid=result][data-qid=\"1\"] [data-key=\"{}\"]')",
        schema.answer(1, 1)
    );
    browser.waits_for("one who smokes", &format!("return {bar}?.dataset.count === '1'")).await;
    let keeps = format!(
        "window.kept = {bar};
         const panels = document.querySelector('.panels');
         panels.scrollTop = 40;
         return panels.scrollTop"
    );
    let scrolled = browser.runs(&keeps, json!([])).await;

    let survey = ben.begins(&schema).await;
    ben.answers(&survey, schema.question(1), &[schema.answer(1, 1)], "").await;

    browser.waits_for("two who smoke", &format!("return {bar}.dataset.count === '2'")).await;
    let kept = format!("return window.kept === {bar} && document.querySelector('.panels').scrollTop");
    assert_eq!(browser.runs(&kept, json!([])).await, scrolled, "nothing jumped");
    assert_eq!(
        browser.runs("return document.querySelector('[data-testid=figure-started]').textContent", json!([])).await,
        "2"
    );
    is_quiet(&browser).await;
}

/// A draft is changed in the form beside the graph, and the graph follows: also to where nothing is, which it shows.
#[tokio::test]
async fn a_draft_is_changed_beside_the_graph() {
    let house = House::new().await;
    let mut draft = intake();
    draft["published"] = false.into();
    let schema = house.brings(&draft).await;
    let browser = signed_in(&house, "superuser").await;
    opens(&browser, &house, &schema, "graph/4").await;
    let next =
        "const next = document.querySelector('[data-testid=editor] [name=next_qid]'); next.value = ''; return next";
    let drawn = |id: &str| {
        format!(
            "const cy = document.querySelector('[data-testid=graph]')._cyreg?.cy;
             return cy?.$id('{id}').length === 1 && !document.querySelector('[data-testid=editor]')"
        )
    };

    browser.clicks("the form", &at("edit")).await;
    browser.types("where it leads", next, &format!("77{ENTER}")).await;
    browser.waits_for("a way to nowhere", &drawn("missing77")).await;
    let tally = "return parseInt(document.getElementById('findings-tally').textContent) > 0";
    browser.waits_for("what is wrong with that", tally).await;
    browser.clicks("the form", &at("edit")).await;
    browser.types("where it leads", next, &format!("-1{ENTER}")).await;

    browser.waits_for("the new way on the graph", &drawn("q4>end4>next")).await;
    let path = format!("/api/schemas/{}/questions/{}", schema.id(), schema.question(4));
    let seen = house.host().await.get(&path).await.is(200).body;
    assert_eq!((&seen["next_qid"], &seen["text"]), (&json!(-1), &json!("For how many days?")));
    is_quiet(&browser).await;
}

/// A new draft is made in the list, and gets its first question beside the empty graph.
#[tokio::test]
async fn a_new_draft_gets_its_first_question() {
    let house = House::new().await;
    let browser = signed_in(&house, "superuser").await;
    browser.clicks("the button", &at("new-schema")).await;
    let name = "return document.querySelector('[data-testid=new-form] [name=name]')";
    browser.types("its name", name, &format!("Mood{ENTER}")).await;
    browser.types("the question", &at("add-text"), &format!("How are you?{ENTER}")).await;

    browser.waits_for("the question", &says("detail", "Question 1")).await;
    let drawn = "return document.querySelector('[data-testid=graph]')._cyreg?.cy.$id('q1').length === 1";
    browser.waits_for("its node", drawn).await;
    let found = house.host().await.get("/api/schemas?name=Mood").await.is(200);
    assert_eq!(found.results()[0]["published"], false);
    is_quiet(&browser).await;
}

/// On a telephone nothing sticks out to the side, whatever panel is open.
#[tokio::test]
async fn the_pages_fit_a_narrow_screen() {
    let house = House::new().await;
    let schema = house.brings(&intake()).await;
    let browser = signed_in(&house, "superuser").await;
    browser.resizes(500, 800).await;
    let fits = "return document.documentElement.scrollWidth <= innerWidth";
    browser.waits_for("the list within the window", fits).await;
    for panel in ["graph/2", "preview", "live", "results", "findings"] {
        opens(&browser, &house, &schema, panel).await;
        browser.waits_for(&format!("{panel} within the window"), fits).await;
    }
    is_quiet(&browser).await;
}

/// An operator puts the visitor into the script at a question of their choice, sees the answer arrive, and takes them back.
#[tokio::test]
async fn an_operator_drives_a_visitor_through_a_script() {
    let house = House::new().await;
    let schema = house.brings(&intake()).await;
    let operator = signed_in(&house, "operator").await;
    let visitor = house.stranger().post("/api/visitors", json!({})).await.is(201).body;
    let token = format!("Visitor {}", visitor["token"].as_str().expect("a token"));
    let visitor = house.stranger().with_header(&token);
    let thread = visitor.post("/api/widget/thread", json!({})).await;
    assert!(matches!(thread.status, 200 | 201), "{thread}");
    let messages = format!("/api/threads/{}/messages", thread.body["id"]);
    visitor.post(&messages, json!({"text": "hello", "type": "message"})).await.is(201);
    operator.goes_to(&format!("{}/desk#{}", house.origin(), thread.body["id"])).await;

    operator.clicks("the script panel", &at("script-toggle")).await;
    let choice = |testid: &str, value: String| {
        format!("return document.querySelector('[data-testid={testid}] option[value=\"{value}\"]')")
    };
    operator.clicks("the script", &choice("script-schema", schema.id().to_string())).await;
    operator.clicks("a question", &choice("script-place", format!("question:{}", schema.question(2)))).await;
    operator.clicks("the button", &at("script-start")).await;

    operator.waits_for("where the visitor stands", &says("script-question", "2 · Does it hurt?")).await;
    visitor.post(&messages, json!({"answers": [schema.answer(2, 1)]})).await.is(201);
    operator.waits_for("the next question", &says("script-question", "4 · For how many days?")).await;
    operator.waits_for("the variable", &says("script-variables", "pain2")).await;
    operator.clicks("the way back", &at("script-take-back")).await;
    operator.waits_for("the end of it", &says("script-state", "Talks freely")).await;
    visitor.post(&messages, json!({"text": "and now freely", "type": "message"})).await.is(201);
    is_quiet(&operator).await;
}
