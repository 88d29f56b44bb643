//! How large a schema and its parts may be. Whoever writes more has made a mistake, and whoever reads it has to carry
//! it.

use serde_json::Value;

use super::super::form;
use super::super::refusal::FieldErrors;
use super::Pairs;
use super::language::{self, NO_CODE};
use super::schema::{Answer, Group, Question, Schema, Translations};

/// The most questions of a schema.
pub const MAX_QUESTIONS: usize = 5_000;
/// The most groups of a schema.
pub const MAX_GROUPS: usize = 500;
/// The most answers of a question.
pub const MAX_ANSWERS: usize = 500;
/// The most attachments of a question.
pub const MAX_TEMPLATES: usize = 20;
/// The longest text or comment, in characters.
pub const MAX_TEXT: usize = 20_000;
/// The longest label of an answer, in characters.
pub const MAX_LABEL: usize = 5_000;
/// The longest name of a group, in characters.
pub const MAX_GROUP_NAME: usize = 255;
/// The longest type of a question's messages, in characters.
pub const MAX_SHOW_AS_TYPE: usize = 50;
/// The most rules of a fork, and the most modifications of a question or answer.
pub const MAX_PAIRS: usize = 200;
/// The most languages of a text.
pub const MAX_LANGUAGES: usize = 50;
/// The greatest number of a question, and the last position.
pub const MAX_NUMBER: i64 = 2_147_483_647;

/// Complains about a schema's own fields and the number of its parts.
pub(super) fn of_schema(schema: &Schema, errors: &mut FieldErrors) {
    if !(schema.language.is_empty() || language::is_code(&schema.language)) {
        errors.add("language", NO_CODE);
    }
    number("version", Some(schema.version), errors);
    count("questions", schema.questions.len(), MAX_QUESTIONS, errors);
    count("groups", schema.groups.len(), MAX_GROUPS, errors);
}

/// What is too large in a schema out of a file, or has no form that could be stored: a sentence each.
pub fn of_file(schema: &Schema) -> Vec<String> {
    let mut wrong = super::rules::check_schema(schema).sentences("");
    for group in &schema.groups {
        let mut errors = FieldErrors::new();
        of_group(group, &mut errors);
        wrong.extend(errors.sentences(&format!("Group \"{}\": ", group.name)));
    }
    for question in &schema.questions {
        let mut errors = FieldErrors::new();
        of_question(question, &mut errors);
        if question.qid < 0 {
            errors.add("qid", "Ensure this value is greater than or equal to 0.");
        }
        wrong.extend(errors.sentences(&format!("Question with QID {}: ", question.qid)));
        for answer in &question.answers {
            let mut errors = FieldErrors::new();
            of_answer(answer, &mut errors);
            wrong.extend(
                errors.sentences(&format!("Question with QID {}: answer at {}: ", question.qid, answer.position)),
            );
        }
    }
    wrong
}

pub(super) fn of_group(group: &Group, errors: &mut FieldErrors) {
    length("name", &group.name, MAX_GROUP_NAME, errors);
    number("position", Some(group.position), errors);
}

pub(super) fn of_question(question: &Question, errors: &mut FieldErrors) {
    for (field, text, max) in [
        ("text", &question.text, MAX_TEXT),
        ("comments", &question.comments, MAX_TEXT),
        ("show_as_type", &question.show_as_type, MAX_SHOW_AS_TYPE),
    ] {
        length(field, text, max, errors);
    }
    for (field, value) in
        [("qid", Some(question.qid)), ("position", Some(question.position)), ("next_qid", question.next_qid)]
    {
        number(field, value, errors);
    }
    json("meta", question.meta.as_ref(), errors);
    pairs("variable_modifications", &question.variable_modifications, errors);
    pairs("forking_rules", &question.forking_rules, errors);
    translations(&question.translations, MAX_TEXT, errors);
    count("answers", question.answers.len(), MAX_ANSWERS, errors);
    count("attachments", question.attachments.len(), MAX_TEMPLATES, errors);
}

pub(super) fn of_answer(answer: &Answer, errors: &mut FieldErrors) {
    length("text", &answer.text, MAX_LABEL, errors);
    length("comments", &answer.comments, MAX_TEXT, errors);
    number("position", Some(answer.position), errors);
    number("next_qid", answer.next_qid, errors);
    json("meta", answer.meta.as_ref(), errors);
    pairs("variable_modifications", &answer.variable_modifications, errors);
    translations(&answer.translations, MAX_LABEL, errors);
}

fn length(field: &str, text: &str, max: usize, errors: &mut FieldErrors) {
    if text.chars().count() > max {
        errors.add(field, format!("Ensure this field has no more than {max} characters."));
    }
    if text.contains('\0') {
        errors.add(field, "Null characters are not allowed.");
    }
}

fn count(field: &str, found: usize, max: usize, errors: &mut FieldErrors) {
    if found > max {
        errors.add(field, format!("Ensure this field has no more than {max} elements."));
    }
}

fn number(field: &str, value: Option<i64>, errors: &mut FieldErrors) {
    let Some(value) = value else { return };
    if value > MAX_NUMBER {
        errors.add(field, format!("Ensure this value is less than or equal to {MAX_NUMBER}."));
    } else if value < -MAX_NUMBER {
        errors.add(field, format!("Ensure this value is greater than or equal to -{MAX_NUMBER}."));
    }
}

fn json(field: &str, value: Option<&Value>, errors: &mut FieldErrors) {
    if value.is_some_and(form::too_deep) {
        errors.add(field, form::TOO_DEEP);
    }
}

fn pairs(field: &str, pairs: &Pairs, errors: &mut FieldErrors) {
    count(field, pairs.len(), MAX_PAIRS, errors);
}

fn translations(translations: &Translations, max: usize, errors: &mut FieldErrors) {
    count("translations", translations.len(), MAX_LANGUAGES, errors);
    for (code, text) in translations {
        if !language::is_code(code) {
            errors.add("translations", format!("`{code}`: {NO_CODE}"));
        }
        length("translations", text, max, errors);
    }
}
