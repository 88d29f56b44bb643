//! Which questions and answers may be saved (contract, 3.8, 13.3): complaints by field.

use std::collections::HashMap;

use serde_json::Value;

use super::super::expression::{Expression, is_plain_name};
use super::super::refusal::FieldErrors;
use super::schema::{Answer, Group, MAX_NAME, Question, QuestionKind, Schema};
use super::{Pairs, bounds};

const REQUIRED: &str = "REQUIRED";
const NOT_ALLOWED: &str = "NOT_ALLOWED";
const NOT_UNIQUE: &str = "NOT_UNIQUE";
const NO_SUCH_QUESTION: &str = "NO_SUCH_QUESTION";
/// The complaint about conditions without a space.
pub const SPACES: &str = "separate variables and operators with spaces";
/// The complaint about what is no list of pairs.
pub const NO_PAIRS: &str = "must be a list of lists of two";

/// Reads `variable_modifications` or `forking_rules`: a list of lists of two texts. Numbers are taken as texts, `null`
/// as no pair.
pub fn read_pairs(value: &Value) -> Result<Pairs, &'static str> {
    let list = match value {
        Value::Null => return Ok(Pairs::new()),
        Value::Array(list) => list,
        _ => return Err(NO_PAIRS),
    };
    list.iter().map(|pair| read_pair(pair).ok_or(NO_PAIRS)).collect()
}

fn read_pair(pair: &Value) -> Option<(String, String)> {
    let [first, second] = pair.as_array()?.as_slice() else { return None };
    Some((word(first)?, word(second)?))
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What is wrong with the schema's own fields.
pub fn check_schema(schema: &Schema) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if schema.name.trim().is_empty() {
        errors.add("name", REQUIRED);
    }
    if schema.name.chars().count() > MAX_NAME {
        errors.add("name", format!("Ensure this field has no more than {MAX_NAME} characters."));
    }
    if schema.version < 1 {
        errors.add("version", "Ensure this value is greater than or equal to 1.");
    }
    bounds::of_schema(schema, &mut errors);
    errors
}

/// What is wrong with a group that is in the schema or about to be.
pub fn check_group(schema: &Schema, group: &Group) -> FieldErrors {
    let mut book = Book::default();
    schema.groups.iter().filter(|other| other.id != group.id).for_each(|other| book.add_group(other));
    book.group(group, 0)
}

/// What is wrong with a question that is in the schema or about to be; its answers are checked apart.
pub fn check_question(schema: &Schema, question: &Question) -> FieldErrors {
    let mut book = Book::default();
    schema.groups.iter().for_each(|group| book.add_group(group));
    schema.questions.iter().filter(|other| other.id != question.id).for_each(|other| book.add_question(other));
    book.question(question, 0)
}

/// What is wrong with an answer that is in the question or about to be (B-ANSWER-END: −1 is fine, and only questions of
/// the same schema count).
pub fn check_answer(schema: &Schema, question: &Question, answer: &Answer) -> FieldErrors {
    let mut others = question.answers.iter().filter(|other| other.id != answer.id);
    let is_taken = others.any(|other| other.position == answer.position);
    Book::of(schema).answer(answer, is_taken)
}

/// What is in a schema, so that each part is checked without looking at all the others.
#[derive(Debug, Default)]
pub struct Book {
    qids: HashMap<i64, usize>,
    positions: HashMap<i64, usize>,
    groups: HashMap<i64, usize>,
    group_names: HashMap<String, usize>,
    group_positions: HashMap<i64, usize>,
}

fn count<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    *counts.entry(key).or_default() += 1;
}

impl Book {
    /// Everything in a schema.
    pub fn of(schema: &Schema) -> Self {
        let mut book = Self::default();
        schema.groups.iter().for_each(|group| book.add_group(group));
        schema.questions.iter().for_each(|question| book.add_question(question));
        book
    }

    fn add_group(&mut self, group: &Group) {
        count(&mut self.groups, group.id);
        count(&mut self.group_names, group.name.clone());
        count(&mut self.group_positions, group.position);
    }

    fn add_question(&mut self, question: &Question) {
        count(&mut self.qids, question.qid);
        count(&mut self.positions, question.position);
    }

    /// What is wrong with a group; `own` is how often the book has the group itself.
    pub fn group(&self, group: &Group, own: usize) -> FieldErrors {
        let mut errors = FieldErrors::new();
        unique(&mut errors, "name", self.group_names.get(&group.name), own);
        unique(&mut errors, "position", self.group_positions.get(&group.position), own);
        bounds::of_group(group, &mut errors);
        errors
    }

    /// What is wrong with a question; `own` is how often the book has the question itself.
    pub fn question(&self, question: &Question, own: usize) -> FieldErrors {
        let mut errors = FieldErrors::new();
        unique(&mut errors, "qid", self.qids.get(&question.qid), own);
        unique(&mut errors, "position", self.positions.get(&question.position), own);
        if question.qid < 0 {
            errors.add("qid", "Ensure this value is greater than or equal to 0.");
        }
        if question.group.is_some_and(|group| !self.groups.contains_key(&group)) {
            errors.add("group", "GROUP_FROM_WRONG_SCHEMA");
        }
        if question.kind == QuestionKind::Range {
            check_range(question, &mut errors);
        }
        if !question.kind.is_choice() {
            if question.choice_open {
                errors.add("choice_open", NOT_ALLOWED);
            }
            if question.kind != QuestionKind::Fork && question.next_qid.is_none() {
                errors.add("next_qid", REQUIRED);
            }
        }
        check_rules(question, &mut errors);
        check_modifications(&question.variable_modifications, &mut errors);
        bounds::of_question(question, &mut errors);
        errors
    }

    /// What is wrong with an answer; `is_taken` says whether another answer of its question has its position.
    pub fn answer(&self, answer: &Answer, is_taken: bool) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if is_taken {
            errors.add("position", NOT_UNIQUE);
        }
        match answer.next_qid {
            None => errors.add("next_qid", REQUIRED),
            Some(-1) => {}
            Some(qid) if self.qids.contains_key(&qid) => {}
            Some(_) => errors.add("next_qid", NO_SUCH_QUESTION),
        }
        check_modifications(&answer.variable_modifications, &mut errors);
        bounds::of_answer(answer, &mut errors);
        errors
    }

    /// What is wrong with the answers of a question, in their order.
    pub fn answers(&self, question: &Question) -> Vec<FieldErrors> {
        let mut positions = HashMap::new();
        question.answers.iter().for_each(|answer| count(&mut positions, answer.position));
        let is_taken = |answer: &Answer| positions.get(&answer.position).is_some_and(|times| *times > 1);
        question.answers.iter().map(|answer| self.answer(answer, is_taken(answer))).collect()
    }
}

fn unique(errors: &mut FieldErrors, field: &str, times: Option<&usize>, own: usize) {
    if times.is_some_and(|times| *times > own) {
        errors.add(field, NOT_UNIQUE);
    }
}

/// B-RANGE-ZERO: 0 is a bound like others, and the bounds are in order.
fn check_range(question: &Question, errors: &mut FieldErrors) {
    for (field, bound) in [("range_from", question.range_from), ("range_to", question.range_to)] {
        if bound.is_none() {
            errors.add(field, REQUIRED);
        }
    }
    if let (Some(from), Some(to)) = (question.range_from, question.range_to)
        && from > to
    {
        errors.add("range_to", "WRONG_VALUE");
    }
}

fn check_rules(question: &Question, errors: &mut FieldErrors) {
    let rules = &question.forking_rules;
    match (question.kind == QuestionKind::Fork, rules.is_empty()) {
        (false, false) => return errors.add("forking_rules", NOT_ALLOWED),
        (true, true) => return errors.add("forking_rules", REQUIRED),
        _ => {}
    }
    for (target, condition) in rules {
        for source in [target, condition] {
            parses(source, "forking_rules", errors);
        }
        if !condition.contains(' ') {
            errors.add("forking_rules", SPACES);
        }
    }
}

fn check_modifications(modifications: &Pairs, errors: &mut FieldErrors) {
    for (name, source) in modifications {
        // B-VARNAME: a name and nothing else
        if !is_plain_name(name) {
            errors.add("variable_modifications", format!("`{name}` is not the name of a variable"));
        }
        parses(source, "variable_modifications", errors);
    }
}

fn parses(source: &str, field: &str, errors: &mut FieldErrors) {
    if let Err(error) = Expression::parse(source) {
        errors.add(field, format!("`{source}`: {error}"));
    }
}
