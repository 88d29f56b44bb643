//! Which questions and answers may be saved (contract, 3.8, 13.3): complaints by field.

use serde_json::Value;

use super::super::expression::{Expression, is_plain_name};
use super::super::refusal::FieldErrors;
use super::Pairs;
use super::schema::{Answer, Group, MAX_NAME, Question, QuestionKind, Schema};

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
    errors
}

/// What is wrong with a group that is in the schema or about to be.
pub fn check_group(schema: &Schema, group: &Group) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let others = || schema.groups.iter().filter(|other| other.id != group.id);
    unique(&mut errors, "name", others().any(|other| other.name == group.name));
    unique(&mut errors, "position", others().any(|other| other.position == group.position));
    errors
}

fn unique(errors: &mut FieldErrors, field: &str, is_taken: bool) {
    if is_taken {
        errors.add(field, NOT_UNIQUE);
    }
}

/// What is wrong with a question that is in the schema or about to be; its answers are checked apart.
pub fn check_question(schema: &Schema, question: &Question) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let others = || schema.questions.iter().filter(|other| other.id != question.id);
    unique(&mut errors, "qid", others().any(|other| other.qid == question.qid));
    unique(&mut errors, "position", others().any(|other| other.position == question.position));
    if question.qid < 0 {
        errors.add("qid", "Ensure this value is greater than or equal to 0.");
    }
    if question.group.is_some_and(|group| schema.group(group).is_none()) {
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
    errors
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

/// What is wrong with an answer that is in the question or about to be (B-ANSWER-END: −1 is fine, and only questions of
/// the same schema count).
pub fn check_answer(schema: &Schema, question: &Question, answer: &Answer) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut others = question.answers.iter().filter(|other| other.id != answer.id);
    unique(&mut errors, "position", others.any(|other| other.position == answer.position));
    match answer.next_qid {
        None => errors.add("next_qid", REQUIRED),
        Some(-1) => {}
        Some(qid) if schema.by_qid(qid).is_some() => {}
        Some(_) => errors.add("next_qid", NO_SUCH_QUESTION),
    }
    check_modifications(&answer.variable_modifications, &mut errors);
    errors
}
