//! What may be saved (contract, 13.3), and the checker's words (13.6).

use serde_json::{Value, json};

use super::super::Pairs;
use super::super::check::{Finding, MAX_VISITS, check, explore};
use super::super::rules::{NO_PAIRS, SPACES, check_answer, check_group, check_question, check_schema, read_pairs};
use super::super::schema::{Answer, Group, Question, QuestionKind, Schema};
use super::seed;
use crate::domain::FieldErrors;

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter().map(|(first, second)| ((*first).to_owned(), (*second).to_owned())).collect()
}

/// The first words about each field.
fn complaints(errors: FieldErrors) -> Value {
    serde_json::to_value(errors).expect("errors are JSON")
}

fn question(kind: &str) -> Question {
    let mut question = Question::new(900, 900, QuestionKind::parse(kind).expect("a type"));
    question.next_qid = Some(1);
    question
}

#[test]
fn each_type_of_question_has_its_rules() {
    let schema = seed::schema("mini");
    type Change = fn(&mut Question);
    let table: [(&str, Change, Value); 14] = [
        ("text", |_| {}, json!({})),
        ("text", |q| q.next_qid = Some(0), json!({})),
        ("text", |q| q.next_qid = None, json!({"next_qid": ["REQUIRED"]})),
        ("choice", |q| q.next_qid = None, json!({})),
        ("choice", |q| q.choice_open = true, json!({})),
        ("date", |q| q.choice_open = true, json!({"choice_open": ["NOT_ALLOWED"]})),
        ("range", |_| {}, json!({"range_from": ["REQUIRED"], "range_to": ["REQUIRED"]})),
        ("range", |q| (q.range_from, q.range_to) = (Some(0.0), Some(0.0)), json!({})),
        ("range", |q| (q.range_from, q.range_to) = (Some(2.0), Some(1.0)), json!({"range_to": ["WRONG_VALUE"]})),
        ("fork", |q| q.next_qid = None, json!({"forking_rules": ["REQUIRED"]})),
        ("fork", |q| q.forking_rules = pairs(&[("15 - 1", "x >= 2")]), json!({})),
        ("fork", |q| q.forking_rules = pairs(&[("1", "x>=2")]), json!({"forking_rules": [SPACES]})),
        ("text", |q| q.forking_rules = pairs(&[("1", "x >= 2")]), json!({"forking_rules": ["NOT_ALLOWED"]})),
        ("text", |q| (q.qid, q.position) = (1, 2), json!({"qid": ["NOT_UNIQUE"], "position": ["NOT_UNIQUE"]})),
    ];
    for (kind, change, errors) in table {
        let mut question = question(kind);
        change(&mut question);
        assert_eq!(complaints(check_question(&schema, &question)), errors, "{question:?}");
    }
    for known in &schema.questions {
        assert_eq!(complaints(check_question(&schema, known)), json!({}), "a question does not clash with itself");
    }
}

#[test]
fn what_does_not_parse_is_named() {
    let schema = seed::schema("mini");
    let table = [
        ("fork", "forking_rules", pairs(&[("1 +", "x > 1")])),
        ("fork", "forking_rules", pairs(&[("1", "x > ")])),
        ("text", "variable_modifications", pairs(&[("x + y", "1")])),
        ("text", "variable_modifications", pairs(&[("5", "1")])),
        ("text", "variable_modifications", pairs(&[("x", "1 +")])),
    ];
    for (kind, field, list) in table {
        let mut question = question(kind);
        if kind == "fork" {
            question.forking_rules = list
        } else {
            question.variable_modifications = list
        }
        let errors = check_question(&schema, &question);
        assert!(errors.has(field), "{question:?}");
    }
}

#[test]
fn an_answer_leads_to_its_own_schema_or_to_the_end() {
    let schema = seed::schema("mini");
    let choice = &schema.questions[1];
    let leads = |next_qid| Answer { id: 900, position: 9, next_qid, ..Answer::default() };
    let table = [
        (Some(1), json!({})),
        (Some(-1), json!({})),
        (Some(-2), json!({"next_qid": ["NO_SUCH_QUESTION"]})),
        (Some(14), json!({"next_qid": ["NO_SUCH_QUESTION"]})),
        (None, json!({"next_qid": ["REQUIRED"]})),
    ];
    for (next, errors) in table {
        assert_eq!(complaints(check_answer(&schema, choice, &leads(next))), errors);
    }
    let doubled = Answer { position: 1, ..leads(Some(1)) };
    assert_eq!(complaints(check_answer(&schema, choice, &doubled)), json!({"position": ["NOT_UNIQUE"]}));
}

#[test]
fn groups_and_schemas_have_rules_too() {
    let schema = seed::schema("health");
    let group = Group { id: 900, name: "body".into(), position: 1 };
    let twice = json!({"name": ["NOT_UNIQUE"], "position": ["NOT_UNIQUE"]});
    assert_eq!(complaints(check_group(&schema, &group)), twice);
    assert!(check_schema(&schema).is_empty());
    let bad = Schema { name: " ".into(), version: 0, ..Schema::default() };
    assert!(check_schema(&bad).has("name") && check_schema(&bad).has("version"));
}

#[test]
fn pairs_are_lists_of_lists_of_two() {
    assert_eq!(read_pairs(&json!([["13", "x >= 2"], [14, "y < 0"]])), Ok(pairs(&[("13", "x >= 2"), ("14", "y < 0")])));
    assert_eq!(read_pairs(&Value::Null), Ok(Pairs::new()));
    for bad in [json!({}), json!("x"), json!([1]), json!([["x"]]), json!([["x", "y", "z"]]), json!([["x", null]])] {
        assert_eq!(read_pairs(&bad), Err(NO_PAIRS), "{bad}");
    }
}

fn findings(schema: &Schema) -> Vec<String> {
    check(schema, &mut || 0.5)
}

#[test]
fn the_seeds_schemas_are_judged_in_the_contracts_words() {
    let table: [(&str, &[&str]); 7] = [
        ("onboarding", &["Infinite loop detected. Path: 2, 2"]),
        ("mini", &["Infinite loop detected. Path: 1, 2, 1"]),
        ("opener", &[]),
        ("forkfirst", &[]),
        ("broken", &["No path to question with QID 2.", "Question with QID 99 does not exists."]),
        ("counter", &[]),
        ("old", &[]),
    ];
    for (label, words) in table {
        assert_eq!(findings(&seed::schema(label)), words, "{label}");
    }
}

/// A text question leading on, with modifications.
fn step(qid: i64, next: Option<i64>, modifications: &[(&str, &str)]) -> Question {
    let mut question = Question::new(qid, qid, QuestionKind::Text);
    question.next_qid = next;
    question.variable_modifications = pairs(modifications);
    question
}

fn fork(qid: i64, rules: &[(&str, &str)]) -> Question {
    let mut question = Question::new(qid, qid, QuestionKind::Fork);
    question.forking_rules = pairs(rules);
    question
}

fn of(questions: Vec<Question>) -> Schema {
    Schema { questions, ..Schema::default() }
}

#[test]
fn a_fork_rule_that_is_never_chosen_is_unreachable() {
    let schema = of(vec![
        step(1, Some(2), &[("x", "3")]),
        fork(2, &[("3", "x > 2"), ("3", "x > 1"), ("-1", "1 / 0 > 1")]),
        step(3, Some(-1), &[]),
    ]);
    let unreachable = |condition| format!("Unreachable condition \"{condition}\" in fork with QID 2");
    assert_eq!(findings(&schema), [unreachable("1 / 0 > 1"), unreachable("x > 1")]);
}

#[test]
fn a_loop_that_counts_is_one_only_when_it_goes_on_for_long() {
    let turns = |turns: &str| {
        of(vec![
            step(1, Some(2), &[("n", "n + 1")]),
            fork(2, &[("1", &format!("n < {turns}")), ("-1", &format!("n >= {turns}"))]),
        ])
    };
    assert_eq!(findings(&turns("9")), [""; 0]);
    let words = ["Infinite loop detected. Path: 1, 2, 1", "Unreachable condition \"n >= 99\" in fork with QID 2"];
    assert_eq!(findings(&turns("99")), words);
}

#[test]
fn several_choices_that_modify_are_tried_together() {
    let mut choice = Question::new(1, 1, QuestionKind::Multichoice);
    let answer = |id: i64, exclusive| Answer {
        id,
        position: id,
        next_qid: Some(2),
        exclusive,
        variable_modifications: pairs(&[("x", "x + 1")]),
        ..Answer::default()
    };
    choice.answers = vec![answer(1, false), answer(2, false), answer(3, true)];
    let schema = of(vec![choice, fork(2, &[("-1", "x == 2"), ("-1", "x == 1"), ("-1", "x == 3")])]);
    assert_eq!(findings(&schema), ["Unreachable condition \"x == 3\" in fork with QID 2"]);
}

#[test]
fn an_empty_schema_and_a_missing_next_are_reported() {
    assert_eq!(findings(&Schema::default()), ["The schema has no questions."]);
    assert_eq!(findings(&of(vec![step(1, None, &[])])), ["Question with QID 1 has no next question."]);
}

/// Choices of `ways` answers, one after the other; `modify` makes every way another state.
fn fan(questions: i64, ways: i64, modify: bool) -> Schema {
    let question = |qid: i64| {
        let mut question = Question::new(qid, qid, QuestionKind::Choice);
        let modifications = |at: i64| if modify { vec![(format!("v{qid}"), at.to_string())] } else { Vec::new() };
        question.answers = (1..=ways)
            .map(|at| Answer {
                id: qid * 100 + at,
                position: at,
                next_qid: Some(if qid == questions { -1 } else { qid + 1 }),
                variable_modifications: modifications(at),
                ..Answer::default()
            })
            .collect();
        question
    };
    of((1..=questions).map(question).collect())
}

#[test]
fn more_ways_than_can_be_walked_are_walked_once_or_reported() {
    assert_eq!(findings(&fan(60, 3, false)), [""; 0]);
    let words = format!("Too many ways to check. Stopped after {MAX_VISITS} questions.");
    assert!(findings(&fan(20, 3, true)).contains(&words));
}

#[test]
fn a_very_long_schema_does_not_overflow() {
    let mut questions: Vec<Question> = (1..5000).map(|qid| step(qid, Some(qid + 1), &[])).collect();
    questions.push(step(5000, Some(-1), &[]));
    assert_eq!(findings(&of(questions)), [""; 0]);
}

#[test]
fn a_finding_names_the_way_that_leads_there() {
    let schema = of(vec![
        step(1, Some(2), &[]),
        fork(2, &[("3", "x == 0"), ("3", "x > 1")]),
        step(3, Some(9), &[]),
        step(4, None, &[]),
    ]);
    let finding = |text: &str, path: &[i64]| Finding { text: text.to_owned(), path: path.to_vec() };
    let findings = explore(&schema, &mut || 0.5).findings;
    assert_eq!(
        findings,
        [
            finding("No path to question with QID 4.", &[]),
            finding("Question with QID 9 does not exists.", &[1, 2, 3]),
            finding("Unreachable condition \"x > 1\" in fork with QID 2", &[1, 2]),
        ]
    );
}

/// A chain is entered once a question; one with two ways at every other question is not entered much more often than
/// twice what may be walked, however many ways it has.
#[test]
fn the_work_of_the_checker_is_bounded() {
    let chain = of((1..=1000).map(|qid| step(qid, Some(if qid == 1000 { -1 } else { qid + 1 }), &[])).collect());
    assert_eq!(explore(&chain, &mut || 0.5).visits, 1000);

    let ways = of((1..=1000)
        .map(|qid| {
            let mut choice = Question::new(qid, qid, QuestionKind::Choice);
            let next_qid = Some(if qid == 1000 { -1 } else { qid + 1 });
            choice.answers = (1..=2).map(|id| Answer { id, position: id, next_qid, ..Answer::default() }).collect();
            choice
        })
        .collect());
    let report = explore(&ways, &mut || 0.5);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.visits <= MAX_VISITS + 1 + 2 * 1000, "{}", report.visits);
}
