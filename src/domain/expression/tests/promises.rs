//! Limits, properties, modifications and forks.

use super::*;

/// Half of what a thread has, although the frames of tests are not optimized.
fn on_a_small_stack(check: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(check).expect("a thread").join().expect("no overflow");
}

fn deep(before: &str, inner: &str, after: &str, times: usize) -> String {
    outcome(&[&before.repeat(times), inner, &after.repeat(times)].concat())
}

const DEEP: &str = "too much stands within each other";

#[test]
fn the_depth_is_limited() {
    let forms = [
        ("(", ")"),
        ("-", ""),
        ("not ", ""),
        ("1 ** ", ""),
        ("int(", ")"),
        ("name[1 == ", "]"),
        ("0 if 0 else ", ""),
        ("1 + (", ")"),
    ];
    on_a_small_stack(move || {
        for (before, after) in forms {
            let worked = deep(before, "1", after, MAX_DEPTH);
            assert!(!worked.contains(": "), "{before} {worked}");
            for times in [MAX_DEPTH + 1, 500] {
                assert!(deep(before, "1", after, times).ends_with(DEEP), "{before}");
            }
        }
    });
}

#[test]
fn no_mixture_of_levels_overflows_the_stack() {
    let forms = [
        ("1 if 0 or 1 and 1 < 1 + 1 * 1 ** (", ") else 1"),
        ("1 if 0 or 1 and not 0 < 1 + 1 * -(", ") else 1"),
        ("(", ") ** 1 * 1 + 1 > 0 and 1 or 1 if 1 else 1"),
        ("name[0 if 0 or 1 and 1 < 1 + 1 * int(", ") else 1]"),
    ];
    on_a_small_stack(move || {
        for (before, after) in forms {
            (1..150).for_each(|times| drop(deep(before, "1", after, times)));
            assert!(deep(before, "1", after, 150).ends_with(DEEP), "{before}");
        }
    });
}

#[test]
fn long_chains_are_not_deep() {
    let chain = |link: &str, last: &str| outcome(&(link.repeat(1_000) + last));
    assert_eq!(chain("1 + ", "1"), "1001");
    assert_eq!(chain("0 or ", "1"), "1");
    assert_eq!(chain("1 and ", "2"), "2");
    assert_eq!(chain("1 == ", "1"), "True");
    assert_eq!(outcome(&("name".to_owned() + &"[0]".repeat(1_000))), "\"Z\"");
}

#[test]
fn a_source_has_a_longest_length() {
    assert_eq!(outcome(&format!("'{}' in long", "ä".repeat(MAX_SOURCE - 10))), "False");
    assert_eq!(outcome(&" ".repeat(MAX_SOURCE + 1)), "0: at most 10000 characters");
}

#[test]
fn long_texts_cost_steps() {
    let refused = outcome(&format!("{}long", "long in ".repeat(100)));
    assert!(refused.ends_with("more than 100000 steps"), "{refused}");
}

#[test]
fn the_names_are_what_is_read() {
    let expression = Expression::parse("b + a * rand() if b else int(c[d]) + e").expect("an expression");

    assert_eq!(expression.names(), ["b", "a", "c", "d", "e"]);
}

#[test]
fn a_plain_name_is_a_name_and_nothing_else() {
    for name in ["x", "_", "größe", "n1", "名前", "rand", "ไม่", "Z_9", "iff"] {
        assert!(is_plain_name(name), "{name}");
    }
    for name in
        ["", "1", "1x", "x + y", "x y", " x", "x ", "a.b", "a-b", "True", "None", "if", "is", "class", "x²", "½"]
    {
        assert!(!is_plain_name(name), "{name}");
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

fn messages(errors: Vec<ExpressionError>) -> Vec<String> {
    errors.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn modifications_build_on_each_other_and_failing_ones_change_nothing() {
    let list = pairs(&[
        ("a", "a + 1"),
        ("b", "2"),
        ("b", "b * 3"),
        ("b", "b / 0"),
        ("c", "1 +"),
        ("1x", "1"),
        ("d", "1e400"),
        ("e", "str(b) + 'x'"),
        ("f", "a > 0"),
        ("g", "None"),
    ]);
    let mut pool = Map::new();

    let errors = apply(&list, &mut pool, &mut || 0.0);

    assert_eq!(Json::from(pool), json!({"a": 1.0, "b": 6, "e": "6x", "f": true, "g": null}));
    let expected = [
        "b: division by zero (at byte 2)",
        "c: an expression is missing (at byte 3)",
        "1x: this is not the name of a variable (at byte 0)",
        "d: the result is inf, which cannot be kept (at byte 0)",
    ];
    assert_eq!(messages(errors), expected);
}

#[test]
fn the_first_true_condition_leads_on() {
    type Row = (&'static [(&'static str, &'static str)], i64, &'static [&'static str]);
    let table: &[Row] = &[
        (&[], -1, &[]),
        (&[("4", "x == 3"), ("15 - 1", "x == 2"), ("7", "True")], 14, &[]),
        (&[("4", "0"), ("5", "''")], -1, &[]),
        (&[("4.9", "1")], 4, &[]),
        (&[("-1.5", "1")], -1, &[]),
        (&[("'12'", "1")], 12, &[]),
        (&[("4", "1 / 0"), ("5", "1")], 5, &["condition 1: division by zero (at byte 2)"]),
        (&[("4", "0"), ("1 / 0", "1"), ("5", "1")], -1, &["target 2: division by zero (at byte 2)"]),
        (&[("'a'", "1")], -1, &["target 1: this text is not a whole number (at byte 0)"]),
        (&[("1e30", "1")], -1, &["target 1: the target is too large (at byte 0)"]),
    ];
    for (rules, target, errors) in table {
        let (chosen, reported) = choose_fork(&pairs(rules), &pool(), &mut || 0.5);
        assert_eq!(
            (chosen, messages(reported)),
            (*target, errors.iter().map(ToString::to_string).collect()),
            "{rules:?}"
        );
    }
}

#[test]
fn chance_is_drawn_once_a_call_and_only_when_needed() {
    let mut draws = [0.25, 0.75].into_iter();
    let mut dice = || draws.next().expect("two draws");

    let value = value_of("rand() + rand() if 1 else rand()", &Map::new(), &mut dice);

    assert_eq!(value, Ok(Value::Float(1.0)));
    let highest = value_of("randint(9223372036854775807)", &Map::new(), &mut || 1.0 - f64::EPSILON / 2.0);
    assert_eq!(highest, Ok(Value::Int(i64::MAX - 1023)));
}

/// An expression as the tests know it, apart from the parser.
#[derive(Clone, Debug)]
enum Tested {
    Leaf(&'static str),
    Prefix(&'static str, Box<Tested>),
    Infix(&'static str, Box<Tested>, Box<Tested>),
    Chain(Box<Tested>, Box<Tested>, Box<Tested>),
    Choice(Box<Tested>, Box<Tested>, Box<Tested>),
}

/// How tight an operator binds, from Python's reference: below the level on which it stands, an operand needs
/// parentheses.
fn tightness(sign: &str) -> u8 {
    ["if", "or", "and", "not ", "<", "+ -", "* / // %", "sign", "**"].iter().zip(1..).fold(
        0,
        |found, (signs, level)| {
            if signs.split(' ').any(|one| one == sign.trim()) { level } else { found }
        },
    )
}

impl Tested {
    fn full(&self) -> String {
        match self {
            Tested::Leaf(leaf) => (*leaf).to_owned(),
            Tested::Prefix(sign, one) => format!("({sign}{})", one.full()),
            Tested::Infix(sign, one, other) => format!("({} {sign} {})", one.full(), other.full()),
            Tested::Chain(one, two, three) => format!("({} < {} <= {})", one.full(), two.full(), three.full()),
            Tested::Choice(one, two, three) => format!("({} if {} else {})", one.full(), two.full(), three.full()),
        }
    }

    /// With no more parentheses than needed by what stands around, which binds as tightly as `least`.
    fn sparse(&self, least: u8) -> String {
        let (level, text) = match self {
            Tested::Leaf(leaf) => (u8::MAX, (*leaf).to_owned()),
            Tested::Prefix(sign, one) => {
                let level = if *sign == "not " { tightness(sign) } else { tightness("sign") };
                (level, format!("{sign}{}", one.sparse(level)))
            }
            Tested::Infix("**", one, other) => {
                let level = tightness("**");
                (level, format!("{} ** {}", one.sparse(level + 1), other.sparse(level - 1)))
            }
            Tested::Infix(sign, one, other) => {
                let level = tightness(sign);
                let left = if *sign == "<" { level + 1 } else { level };
                (level, format!("{} {sign} {}", one.sparse(left), other.sparse(level + 1)))
            }
            Tested::Chain(one, two, three) => {
                let level = tightness("<");
                let [one, two, three] = [one, two, three].map(|one| one.sparse(level + 1));
                (level, format!("{one} < {two} <= {three}"))
            }
            Tested::Choice(one, two, three) => {
                (1, format!("{} if {} else {}", one.sparse(2), two.sparse(2), three.sparse(1)))
            }
        };
        if level < least { format!("({text})") } else { text }
    }
}

fn tested() -> impl Strategy<Value = Tested> {
    use proptest::sample::select;
    let leaf = select(vec!["0", "1", "2", "3.5", "x", "y", "unknown", "'a'", "name[0]", "True", "int(y)"]);
    let infix = vec!["or", "and", "<", "+", "-", "*", "/", "//", "%", "**"];
    leaf.prop_map(Tested::Leaf).prop_recursive(5, 24, 3, move |inner| {
        let boxed = inner.prop_map(Box::new);
        prop_oneof![
            2 => (select(vec!["-", "+", "not "]), boxed.clone()).prop_map(|(sign, one)| Tested::Prefix(sign, one)),
            6 => (select(infix.clone()), boxed.clone(), boxed.clone()).prop_map(|(s, a, b)| Tested::Infix(s, a, b)),
            1 => (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(a, b, c)| Tested::Chain(a, b, c)),
            1 => (boxed.clone(), boxed.clone(), boxed).prop_map(|(a, b, c)| Tested::Choice(a, b, c)),
        ]
    })
}

/// The value or complaint without the place, which parentheses move.
fn placeless(source: &str) -> String {
    let outcome = outcome(source);
    outcome.split_once(": ").map_or(outcome.clone(), |(_, message)| message.to_owned())
}

proptest! {
    #[test]
    fn parentheses_that_only_say_what_holds_anyway_change_nothing(tested in tested()) {
        let sparse = tested.sparse(0);
        prop_assert_eq!(placeless(&sparse), placeless(&tested.full()), "{}", sparse);
    }

    #[test]
    fn no_text_makes_it_panic(source in any::<String>()) {
        let _ = outcome(&source);
    }

    #[test]
    fn no_heap_of_tokens_makes_it_panic(tokens in proptest::collection::vec(token(), 0..40), gap in "[ ]?") {
        let source = tokens.join(&gap);
        if let Err(error) = value_of(&source, &pool(), &mut || 0.5) {
            prop_assert!(error.at <= source.len() && source.is_char_boundary(error.at), "{} {}", source, error);
        }
    }

    #[test]
    fn the_steps_of_an_evaluation_are_counted(tested in tested(), times in 1..400usize) {
        let one = format!("('a' * 99999 + str({}))", tested.full());
        let source: String = vec![one; times].join(" in ").chars().take(MAX_SOURCE).collect();
        if let Ok(expression) = Expression::parse(&source) {
            let pool = pool();
            let mut dice = || 0.5;
            let mut run = Run::new(&pool, &mut dice);
            let _ = run.value(&expression.root);
            prop_assert!(run.steps_so_far() <= MAX_STEPS + 1 + MAX_TEXT * 4 / 64);
        }
    }

    #[test]
    fn whole_numbers_divide_as_they_should(one in any::<i64>(), other in any::<i64>()) {
        let of = |sign: &str| value_of(&format!("one {sign} other"), &variables(one, other), &mut || 0.5);
        if let (Ok(Value::Int(quotient)), Ok(Value::Int(rest))) = (of("//"), of("%")) {
            prop_assert_eq!(i128::from(quotient) * i128::from(other) + i128::from(rest), i128::from(one));
            prop_assert!(rest == 0 || (rest < 0) == (other < 0));
        }
    }

    #[test]
    fn floats_are_written_so_that_they_can_be_read(float in any::<f64>()) {
        let read = value_of(&value::float_text(float), &Map::new(), &mut || 0.5);
        prop_assert!(!float.is_finite() || read == Ok(Value::Float(float)), "{:?}", read);
    }
}

fn variables(one: i64, other: i64) -> Map<String, Json> {
    Map::from_iter([("one".to_owned(), one.into()), ("other".to_owned(), other.into())])
}

fn token() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "1",
        "0x",
        "2.5",
        "1e9",
        "'a'",
        "\"",
        "'",
        "\\",
        "x",
        "名",
        "and",
        "or",
        "not",
        "in",
        "if",
        "else",
        "+",
        "-",
        "*",
        "/",
        "**",
        "//",
        "%",
        "==",
        "<",
        "(",
        ")",
        "[",
        "]",
        "int(",
        "randint(",
        "\n",
        "É",
        "_",
        ".",
        "9223372036854775807",
    ])
}
