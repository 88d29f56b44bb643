//! Good and bad answers of each type of question (contract, 8.1), and what is kept of them (8.2).

use serde_json::{Value, json};

use super::super::answer::{Place, Stored, check, stored};
use super::super::moments::is_moment;
use super::super::schema::{Answer, Question, QuestionKind};

fn question(kind: &str) -> Question {
    let mut question = Question::new(1, 1, QuestionKind::parse(kind).expect("a type"));
    (question.range_from, question.range_to) = (Some(0.5), Some(10.0));
    let labels = ["Red", "Gr<een>", "None"];
    question.answers = (1..)
        .zip(labels)
        .map(|(id, label)| Answer { id, position: id, text: label.into(), exclusive: id == 3, ..Answer::default() })
        .collect();
    question
}

/// Type (`+` is open), text, answers: complaints.
#[rustfmt::skip]
const ROWS: [(&str, &str, &[i64], &str); 55] = [
    ("text", "x", &[], "{}"),
    ("text", " ", &[], r#"{"text":["REQUIRED"]}"#),
    ("text", "x", &[1], r#"{"answers":["WRONG_STATE"]}"#),
    ("text", "", &[1], r#"{"answers":["WRONG_STATE"],"text":["REQUIRED"]}"#),
    ("message", "", &[], r#"{"text":["REQUIRED"]}"#),
    ("message", "x", &[], "{}"),
    ("fork", "", &[], r#"{"text":["REQUIRED"]}"#),
    ("fork", "x", &[], "{}"),
    ("control", "", &[], "{}"),
    ("control", "x", &[99], "{}"),
    ("choice", "", &[], r#"{"answers":["REQUIRED"]}"#),
    ("choice", "x", &[], r#"{"answers":["REQUIRED"],"text":["WRONG_STATE"]}"#),
    ("choice", "x", &[1], r#"{"text":["WRONG_STATE"]}"#),
    ("choice", " ", &[1], "{}"),
    ("choice", "", &[1, 2], r#"{"answers":["TOO_MANY"]}"#),
    ("choice", "", &[99], r#"{"answers":["WRONG_VALUE"]}"#),
    ("choice", "", &[99, 2], r#"{"answers":["WRONG_VALUE"]}"#),
    ("choice", "", &[3], "{}"),
    ("choice+", "more", &[1], "{}"),
    ("choice+", "more", &[], r#"{"answers":["REQUIRED"]}"#),
    ("multichoice", "", &[], r#"{"answers":["REQUIRED"]}"#),
    ("multichoice", "", &[2, 1], "{}"),
    ("multichoice", "", &[3], "{}"),
    ("multichoice", "", &[1, 3], r#"{"answers":["EXCLUSIVE"]}"#),
    ("multichoice", "", &[3, 99], r#"{"answers":["WRONG_VALUE"]}"#),
    ("multichoice", "x", &[1], r#"{"text":["WRONG_STATE"]}"#),
    ("multichoice+", "x", &[1, 2], "{}"),
    ("date", "", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("date", " 3 Feb 2001 ", &[], "{}"),
    ("date", "2001-02-03", &[1], r#"{"answers":["WRONG_STATE"]}"#),
    ("date", "7:30", &[], "{}"),
    ("time", "7:30 pm", &[], "{}"),
    ("time", "25:99", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("datetime", "2030-02-03T10:00:00+01:00", &[], "{}"),
    ("datetime", "99999999999999999999", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("int", " +12 ", &[], "{}"),
    ("int", "-7", &[], "{}"),
    ("int", "", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("int", "1.5", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("int", "0x10", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("int", "two", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("int", "99999999999999999999", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("float", "1e3", &[], "{}"),
    ("float", "-0.5", &[], "{}"),
    ("float", "1,5", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("float", "nan", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("float", "-inf", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("float", "1e999", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("range", "0.5", &[], "{}"),
    ("range", "10", &[], "{}"),
    ("range", "0.4999", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("range", "10.01", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("range", "nan", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("range", "inf", &[], r#"{"text":["WRONG_VALUE"]}"#),
    ("range", "abc", &[1], r#"{"answers":["WRONG_STATE"],"text":["WRONG_VALUE"]}"#),
];

#[test]
fn each_type_takes_its_answers_and_names_what_is_wrong() {
    for (kind, text, answers, errors) in ROWS {
        let mut question = question(kind.trim_end_matches('+'));
        question.choice_open = kind.ends_with('+');
        let found = serde_json::to_value(check(&question, text, answers, Place::Script)).expect("errors are JSON");
        let expected: Value = serde_json::from_str(errors).expect("JSON");
        assert_eq!(found, expected, "{kind} {text:?} {answers:?}");
    }
}

#[test]
fn a_survey_gives_control_questions_no_free_pass() {
    for kind in ["control", "message", "fork", "text"] {
        let errors = check(&question(kind), "", &[], Place::Survey);
        assert_eq!(serde_json::to_value(errors).expect("errors are JSON"), json!({"text": ["REQUIRED"]}), "{kind}");
        assert!(check(&question(kind), "x", &[], Place::Survey).is_empty(), "{kind}");
    }
}

#[test]
fn a_range_without_an_end_holds_nobody_back() {
    let mut open = question("range");
    (open.range_from, open.range_to) = (None, None);
    assert!(check(&open, "-1e9", &[], Place::Script).is_empty());
}

#[test]
fn labels_are_joined_in_the_order_posted_and_only_what_was_added_is_escaped() {
    let mut open = question("multichoice");
    open.choice_open = true;
    let keep = |question: &Question, text: &str, answers: &[i64], escape| stored(question, text, answers, escape);
    let text = |text: &str, markup| Stored { text: text.to_owned(), markup };
    assert_eq!(keep(&open, " and <blue> ", &[2, 1], true), text("Gr<een>, Red, and &lt;blue&gt;", true));
    assert_eq!(keep(&open, "<b>", &[1], false), text("Red, <b>", true));
    assert_eq!(keep(&open, "", &[1, 1, 2], true), text("Red, Gr<een>", true));
    assert_eq!(keep(&question("choice"), "", &[1], true), text("Red", true));
    assert_eq!(keep(&question("text"), " a <b> ", &[], true), text("a <b>", false));
}

#[test]
fn dates_and_times_of_the_list_are_taken() {
    #[rustfmt::skip]
    let good = [
        "2001-02-03", "20010203", "2000-02-29", "0001-01-01", "9999-12-31", "07:30", "07:30:05", "07:30:05.123456",
        "07:30:05,5Z", "07:30Z", "07:30+01", "07:30-0130", "07:30:00+01:30", "T07:30", "T0730", "t073005Z",
        "2030-02-03T10:00", "2030-02-03 10:00:00", "2030-02-03t10:00:00.5-05:00", "2030-02-03T10:00:00z",
        "20300203T100000Z", "20300203T1000", "3 Feb 2001", "03 feb 2001", "3 February 2001", "Feb 3, 2001",
        "december 31, 1999", "3.2.2001", "03.02.2001", "2/3/2001", "12/31/2001", "7:30", "0:00", "23:59:59",
        "7:30 pm", "7:30PM", "12:00 am", "12:59:59 Pm", " 7:30 ",
    ];
    for text in good {
        assert!(is_moment(text), "{text}");
    }
}

#[test]
fn what_is_no_date_and_no_time_is_refused() {
    #[rustfmt::skip]
    let bad = [
        "", "not a date", "2020-13-45", "25:99", "noon-ish", "99999999999999999999", "2001-02-29", "2001-2-3",
        "0000-01-01", "10000-01-01", "2001-02", "2001", "12", "0730", "2001-W05-6", "2001-034", "24:00", "7:60",
        "07:30:60", "7:30:5", "7:3", "7:30 xm", "13:00 pm", "0:30 am", "07:30+25:00", "07:30+1", "07:30.5", "07:30:05.",
        "T", "2030-02-03T", "2030-02-03Tnoon", "2030-02-03T1000", "2030-02-03  10:00", "2030-02-03T10:00 pm",
        "3 Fev 2001",
        "31 Feb 2001", "Feb 3 2001", "3 Feb, 2001", "3 Feb 01", "3.2.01", "3.13.2001", "13/1/2001", "3.2/2001",
        "3-2-2001", "２００１-02-03", "3 Feb 2001 7:30", "ä2345678", "+1:30", "-07:30", "1:2:3:4", "07:30ZZ", "07:30Z+01",
    ];
    for text in bad {
        assert!(!is_moment(text), "{text}");
    }
}
