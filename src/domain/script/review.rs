//! All that stands against publishing a schema: broken rules (contract, 13.3), and what the checker finds (13.6).

use serde_json::{Value, json};

use super::Dice;
use super::check::{self, Finding};
use super::rules::Book;
use super::schema::{Question, Schema};
use super::template;

/// What a review found.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Rules that are broken: a schema with these is never published. Each with the `qid` of its question, if it has one.
    pub broken: Vec<(String, Option<i64>)>,
    /// What the checker says, which is advice.
    pub findings: Vec<Finding>,
}

/// Looks at everything.
pub fn review(schema: &Schema, dice: Dice<'_>) -> Review {
    let mut broken = of_whole(schema);
    let book = Book::of(schema);
    for question in &schema.questions {
        let before = format!("Question with QID {}: ", question.qid);
        let mut lines = book.question(question, 1).sentences(&before);
        for (answer, errors) in question.answers.iter().zip(book.answers(question)) {
            lines.extend(errors.sentences(&format!("{before}answer at {}: ", answer.position)));
        }
        lines.extend(texts(schema, question).into_iter().map(|why| format!("{before}text: {why}")));
        broken.extend(lines.into_iter().map(|line| (line, Some(question.qid))));
    }
    let mentioned: std::collections::BTreeSet<i64> =
        schema.questions.iter().flat_map(|question| question.texts()).flat_map(template::mentioned).collect();
    if mentioned.len() > template::MAX_MENTIONED {
        let most = template::MAX_MENTIONED;
        broken.push((format!("texts may mention the answers to {most} questions, not {}", mentioned.len()), None));
    }
    let findings = if schema.questions.len() > super::bounds::MAX_QUESTIONS {
        Vec::new()
    } else {
        check::explore(schema, dice).findings
    };
    Review { broken, findings }
}

/// What is wrong with the schema's own fields and its groups.
fn of_whole(schema: &Schema) -> Vec<(String, Option<i64>)> {
    let mut broken = super::rules::check_schema(schema).sentences("");
    let book = Book::of(schema);
    for group in &schema.groups {
        broken.extend(book.group(group, 1).sentences(&format!("Group \"{}\": ", group.name)));
    }
    broken.into_iter().map(|line| (line, None)).collect()
}

/// What is wrong with the placeholders of a question's texts, in every language.
fn texts(schema: &Schema, question: &Question) -> Vec<String> {
    let has_qid = |qid| schema.by_qid(qid).is_some();
    let own = template::check(&question.text, &has_qid).into_iter();
    let translated = question.translations.iter().flat_map(|(language, text)| {
        template::check(text, &has_qid).into_iter().map(move |why| format!("{language}: {why}"))
    });
    own.chain(translated).collect()
}

impl Review {
    /// Whether nothing was found at all.
    pub fn is_fine(&self) -> bool {
        self.broken.is_empty() && self.findings.is_empty()
    }

    /// What was found, as it leaves the house: broken rules first, then the checker's findings.
    pub fn to_json(&self) -> Value {
        let broken = self.broken.iter().map(|(text, qid)| {
            let path: Vec<i64> = qid.iter().copied().collect();
            json!({"text": text, "path": path, "kind": "rule"})
        });
        let found =
            self.findings.iter().map(|finding| json!({"text": finding.text, "path": finding.path, "kind": "path"}));
        broken.chain(found).collect()
    }

    /// The texts alone.
    pub fn texts(&self) -> Vec<String> {
        let broken = self.broken.iter().map(|(text, _)| text.clone());
        broken.chain(self.findings.iter().map(|finding| finding.text.clone())).collect()
    }
}
