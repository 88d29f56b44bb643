//! Results as CSV (RFC 4180): a row for each response, or for each question and answer.
//!
//! Texts come from strangers and are opened in spreadsheets, which take some of them for formulas: a text that begins
//! like one gets an apostrophe before it.

use super::super::super::{Micros, time};
use super::super::schema::{Question, Schema};
use super::tally::is_number;
use super::{Asked, Given, Origin, Response, Results};

/// What a file begins with, so that spreadsheets read it as UTF-8.
pub const BOM: &str = "\u{feff}";

/// What formulas begin with.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// Between the answers of one cell.
const BETWEEN: &str = " | ";

/// A text as a cell.
fn text(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}

/// A line of cells, quoted where they must be.
fn line<I: IntoIterator<Item = String>>(cells: I) -> String {
    let quoted = cells.into_iter().map(|cell| {
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// The first line of the table of answers.
pub fn answers_head(schema: &Schema) -> String {
    let own = ["origin", "id", "user", "name", "started", "last_answer", "completed"].map(str::to_owned);
    let asked = schema.questions.iter().map(|question| format!("Q{} {}", question.qid, question.text));
    line(own.into_iter().chain(asked))
}

/// The line of one response. Answers to questions that are not seen any more are left out, as everywhere in results.
pub fn answers_line(schema: &Schema, response: &Response, name: &str) -> String {
    let last: Option<Micros> = response.counted().map(|(_, given)| given.at).max();
    let own = [
        origin(response.origin).to_owned(),
        response.id.to_string(),
        response.account.to_string(),
        text(name),
        time::format(response.began),
        last.map(time::format).unwrap_or_default(),
        response.is_complete().to_string(),
    ];
    let asked = schema.questions.iter().map(|question| {
        let given = response.given.get(&question.id).filter(|_| response.seen.contains(&question.id));
        given.map(|given| answer(question, given)).unwrap_or_default()
    });
    line(own.into_iter().chain(asked))
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Survey => "survey",
        Origin::Run => "run",
    }
}

fn answer(question: &Question, given: &Given) -> String {
    if is_number(question.kind) && given.text.trim().parse::<f64>().is_ok() {
        return given.text.trim().to_owned();
    }
    let labels = question.answers.iter().filter(|answer| given.answers.contains(&answer.id));
    let mut parts: Vec<&str> = labels.map(|answer| answer.text.as_str()).collect();
    parts.extend((!given.text.is_empty()).then_some(given.text.as_str()));
    text(&parts.join(BETWEEN))
}

/// The table of sums: a line for each question, then one for each of its answers.
pub fn summary(results: &Results) -> String {
    let head = [
        "qid", "type", "question", "answer", "seen", "answered", "skipped", "waiting", "count", "share", "min", "max",
        "mean", "median",
    ];
    let mut table = line(head.map(str::to_owned));
    for asked in &results.questions {
        table.push_str(&question_line(asked));
        for chosen in asked.answers.iter().flatten() {
            let mut cells = vec![asked.qid.to_string(), asked.r#type.to_owned(), text(&asked.text), text(&chosen.text)];
            cells.extend(std::iter::repeat_n(String::new(), 4));
            cells.extend([chosen.count.to_string(), number(chosen.share)]);
            cells.extend(std::iter::repeat_n(String::new(), 4));
            table.push_str(&line(cells));
        }
    }
    table
}

fn question_line(asked: &Asked) -> String {
    let mut cells = vec![asked.qid.to_string(), asked.r#type.to_owned(), text(&asked.text), String::new()];
    cells.extend([asked.seen, asked.answered, asked.skipped, asked.waiting].map(|count| count.to_string()));
    cells.extend([String::new(), String::new()]);
    let numbers = asked.numbers.as_ref();
    let columns = [
        numbers.and_then(|numbers| numbers.min),
        numbers.and_then(|numbers| numbers.max),
        numbers.and_then(|numbers| numbers.mean),
        numbers.and_then(|numbers| numbers.median),
    ];
    cells.extend(columns.map(number));
    line(cells)
}

fn number(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
