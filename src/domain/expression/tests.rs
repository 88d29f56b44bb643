//! The language as tables of values and refusals, and its promises as properties.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;

/// The pool of all tables.
fn pool() -> Map<String, Json> {
    let pool = json!({
        "x": 2, "y": 2.5, "name": "Zoë", "yes": true, "nothing": null, "größe": 7, "名": "n", "list": [1], "rand": 9,
        "long": "ab".repeat(50_000), "n10": 10, "_": 3,
    });
    pool.as_object().expect("an object").clone()
}

/// The value as Python would print it, or the complaint; each draw is a half.
fn outcome(source: &str) -> String {
    match value_of(source, &pool(), &mut || 0.5) {
        Ok(Value::Text(text)) => format!("{text:?}"),
        Ok(value) => value.to_text(),
        Err(error) => format!("{}: {}", error.at, error.message),
    }
}

fn holds(table: &[(&str, &str)]) {
    for (source, expected) in table {
        assert_eq!(outcome(source), *expected, "{source}");
    }
}

const NUMBERS: &[(&str, &str)] = &[
    ("1", "1"),
    ("1.5", "1.5"),
    (".5", "0.5"),
    ("5.", "5.0"),
    ("1e3", "1000.0"),
    ("1.e2", "100.0"),
    ("1E-3", "0.001"),
    ("1e+1_0", "10000000000.0"),
    ("0x10", "16"),
    ("0Xf_F", "255"),
    ("0x_10", "16"),
    ("0o17", "15"),
    ("0b101", "5"),
    ("1_000", "1000"),
    ("1_0.2_5", "10.25"),
    ("00", "0"),
    ("012.5", "12.5"),
    ("1e400", "inf"),
    ("-1e400", "-inf"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9.223372036854776e+18"),
    ("0xFFFFFFFFFFFFFFFF", "1.8446744073709552e+19"),
    ("1e16", "1e+16"),
    ("1e15", "1000000000000000.0"),
    ("0.0001", "0.0001"),
    ("0.00001", "1e-05"),
    ("-0.0", "-0.0"),
    ("  \u{A0}7\n", "7"),
    ("(1 +\n 2)", "3"),
];

#[test]
fn numbers_are_written_as_in_python() {
    holds(NUMBERS);
}

const TEXTS: &[(&str, &str)] = &[
    ("'a'", r#""a""#),
    (r#""it's""#, r#""it's""#),
    ("''", r#""""#),
    (r"'\\\'\n\t'", r#""\\'\n\t""#),
    (r"'\x41\u00eb\U0001F600\101\0'", r#""Aë😀A\0""#),
    (r"'\q'", r#""\\q""#),
    ("'a' + \"b\"", r#""ab""#),
    ("'ab' * 2", r#""abab""#),
    ("2 * 'ab'", r#""abab""#),
    ("True * 'ab'", r#""ab""#),
    ("'ab' * -1", r#""""#),
    ("'' * 9223372036854775807", r#""""#),
    ("name[0]", r#""Z""#),
    ("name[2]", r#""ë""#),
    ("name[-3]", r#""Z""#),
    ("name[True]", r#""o""#),
    ("name[1][0]", r#""o""#),
    ("(name + 'x')[3]", r#""x""#),
    ("'o' in name", "True"),
    ("'' in ''", "True"),
    ("'q' not in name", "True"),
    ("not 'q' in name", "True"),
    ("'a'in'ab'", "True"),
    ("'a' < 'b' <= 'ba'", "True"),
    ("'Z' < 'a'", "True"),
    ("str(1) + str(1.0) + str(True) + str(None) + str('a') + str()", r#""11.0TrueNonea""#),
];

#[test]
fn texts_are_written_and_joined() {
    holds(TEXTS);
}

const ARITHMETIC: &[(&str, &str)] = &[
    ("1 + 2", "3"),
    ("1 + 2.0", "3.0"),
    ("7 - 10", "-3"),
    ("2 * 3.5", "7.0"),
    ("6 / 3", "2.0"),
    ("7 // 2", "3"),
    ("-7 // 2", "-4"),
    ("7 // -2", "-4"),
    ("-7 // 2.0", "-4.0"),
    ("-7 % 3", "2"),
    ("7 % -3", "-2"),
    ("-7.5 % 3", "1.5"),
    ("-6 % 3", "0"),
    ("1 // 1e400", "0.0"),
    ("2 ** 10", "1024"),
    ("2 ** -1", "0.5"),
    ("-2 ** 2", "-4"),
    ("(-2) ** 2", "4"),
    ("2 ** 3 ** 2", "512"),
    ("2 ** -2 ** 2", "0.0625"),
    ("4 ** .5", "2.0"),
    ("1 ** 4000000", "1"),
    ("-1 * -x", "2"),
    ("- - 3", "3"),
    ("+True", "1"),
    ("-True", "-1"),
    ("True + True", "2"),
    ("1 - 2 - 3", "-4"),
    ("8 / 2 / 2", "2.0"),
    ("2 + 3 * 4 - 6 // 4", "13"),
    ("-x + 5 % 3 * 2", "2"),
    ("9223372036854775807 + 1", "9.223372036854776e+18"),
    ("-9223372036854775807 - 2", "-9.223372036854776e+18"),
    ("9223372036854775807 * 2", "1.8446744073709552e+19"),
    ("1e308 * 10", "inf"),
    ("0.1 + 0.2", "0.30000000000000004"),
];

#[test]
fn arithmetic_follows_python() {
    holds(ARITHMETIC);
}

const LOGIC: &[(&str, &str)] = &[
    ("1 == 1.0", "True"),
    ("1 == '1'", "False"),
    ("1 != '1'", "True"),
    ("True == 1", "True"),
    ("None == None", "True"),
    ("None == 0", "False"),
    ("1 < 2 < 3", "True"),
    ("1 < 3 < 2", "False"),
    ("3 > 2 == 2", "True"),
    ("5 < 1 < 1 / 0", "False"),
    ("9007199254740993 == 9007199254740992.0", "False"),
    ("9007199254740993 > 9007199254740992.0", "True"),
    ("-1 > -1.5", "True"),
    ("1e400 > 9223372036854775807", "True"),
    ("float('nan') == float('nan')", "False"),
    ("float('nan') < 1", "False"),
    ("1 and 2", "2"),
    ("0 and 2", "False"),
    ("2 and ''", "False"),
    ("0 or 'a'", r#""a""#),
    ("0 or ''", "False"),
    ("0 or None or 0.0", "False"),
    ("1 or 1 / 0", "1"),
    ("0 and 1 / 0", "False"),
    ("1 or 0 and 0", "1"),
    ("not 0", "True"),
    ("not not 'a'", "True"),
    ("not 1 == 2", "True"),
    ("not 1 or 1", "1"),
    ("1 if 2 > 1 else 1 / 0", "1"),
    ("1 if '' else 2 if 0 else 3", "3"),
    ("(1 if 0 else 2) + 1", "3"),
    ("1 or 2 if 0 else 3", "3"),
    ("1 if None else 2", "2"),
];

#[test]
fn comparisons_and_logic_give_what_decides() {
    holds(LOGIC);
}

const NAMES_AND_CALLS: &[(&str, &str)] = &[
    ("x", "2"),
    ("y * 2", "5.0"),
    ("unknown", "0.0"),
    ("unknown + 1", "1.0"),
    ("größe + n10 + _", "20"),
    ("名", r#""n""#),
    ("हिन्दी == 0", "True"),
    ("yes", "True"),
    ("nothing", "None"),
    ("list", "None"),
    ("Truex", "0.0"),
    ("rand", "9"),
    ("rand()", "0.5"),
    ("randint(5)", "2"),
    ("randint(n10)", "5"),
    ("randint(2.9)", "1"),
    ("randint(0)", "0"),
    ("randint(-3)", "-1"),
    ("int(2.9)", "2"),
    ("int(-2.9)", "-2"),
    ("int(' -1_2 ')", "-12"),
    ("int(True)", "1"),
    ("int(1e30)", "1e+30"),
    ("int() + float()", "0.0"),
    ("float(2)", "2.0"),
    ("float('1e3')", "1000.0"),
    ("float('-inf')", "-inf"),
    ("int ( (7) )", "7"),
];

#[test]
fn names_and_calls_are_looked_up() {
    holds(NAMES_AND_CALLS);
}

const REFUSED: &[(&str, &str)] = &[
    ("", "0: an expression is missing"),
    ("  ", "0: an expression is missing"),
    ("1 +", "3: an expression is missing"),
    ("(1", "2: `)` is missing"),
    ("1)", "1: unexpected `)`"),
    ("()", "1: unexpected `)`"),
    ("1 2", "2: an operator is missing"),
    ("x y", "2: an operator is missing"),
    ("* 2", "0: unexpected `*`"),
    ("1 + not 2", "4: unexpected `not`"),
    ("1 not 2", "6: `in` is missing"),
    ("1 if 2", "6: `else` is missing"),
    ("1 & 2", "2: there are no operators on bits"),
    ("1 | 2", "2: there are no operators on bits"),
    ("2 ^ 2", "2: there are no operators on bits; a power is written **"),
    ("~1", "0: there are no operators on bits"),
    ("1 << 2", "2: there are no operators on bits"),
    ("1 >> 2", "2: there are no operators on bits"),
    ("1 @ 2", "2: there are no matrices"),
    ("x is None", "2: `is` is a reserved word"),
    ("lambda: 1", "0: `lambda` is a reserved word"),
    ("[1]", "0: there are no lists"),
    ("1, 2", "1: there are no lists, tuples and further arguments"),
    ("{1}", "0: there are no sets and dictionaries"),
    ("name[0:1]", "6: there are no slices and dictionaries"),
    ("x = 1", "2: nothing is assigned here; to compare, write =="),
    ("(x := 1)", "3: nothing is assigned here; to compare, write =="),
    ("1; 2", "1: there is only one expression"),
    ("1\n2", "1: there is only one expression; lines may be broken within parentheses"),
    ("name.upper()", "4: there are no attributes"),
    ("name.__class__", "4: there are no attributes"),
    ("1 # one", "2: there are no comments"),
    ("1 ? 2", "2: this sign has no meaning here"),
    ("1 ! 2", "2: this sign has no meaning here"),
    ("x\u{A0}+ 1", "1: this sign has no meaning here"),
    ("x²", "1: this sign has no meaning here"),
    ("012", "0: this is not a number"),
    ("1__0", "0: this is not a number"),
    ("1_", "0: this is not a number"),
    ("1_e5", "0: this is not a number"),
    ("1._5", "0: this is not a number"),
    ("1e", "0: this is not a number"),
    ("1x", "0: this is not a number"),
    ("0x", "0: this is not a number"),
    ("0b12", "0: this is not a number"),
    ("2j", "0: this is not a number"),
    ("'a", "0: the text does not end"),
    ("'a\nb'", "0: the text does not end"),
    ("'a\\", "0: the text does not end"),
    ("'a' 'b'", "4: an operator is missing"),
    ("'''a'''", "2: texts side by side are joined with +"),
    (r"'ab\x4'", "3: this escape names no character"),
    (r"'\ud800'", "1: this escape names no character"),
    (r"'\N{DIGIT ONE}'", "1: characters are not known by name here"),
    ("f'a'", "1: an operator is missing"),
    ("1 + print(1)", "4: there is no function `print`"),
    ("randint()", "0: `randint` takes 1 arguments"),
    ("rand(1)", "0: `rand` takes 0 arguments"),
    ("int(1, 2)", "5: there are no lists, tuples and further arguments"),
    ("(int)(1)", "5: unexpected `(`"),
    ("name[]", "5: unexpected `]`"),
];

#[test]
fn what_the_language_does_not_have_is_refused_at_its_place() {
    holds(REFUSED);
    for (source, _) in REFUSED {
        assert!(Expression::parse(source).is_err(), "{source}");
    }
}

const FAILING: &[(&str, &str)] = &[
    ("1 / 0", "2: division by zero"),
    ("1 // 0", "2: division by zero"),
    ("1 % 0.0", "2: division by zero"),
    ("1 / unknown", "2: division by zero"),
    ("0 ** -1", "2: division by zero"),
    ("4000001 ** 0", "8: the operands of a power are too large"),
    ("2 ** 4000001", "2: the operands of a power are too large"),
    ("2 ** -4000001.0", "2: the operands of a power are too large"),
    ("2 ** 63", "2: the power is too large"),
    ("2.0 ** 4000", "4: the power is too large"),
    ("(-8) ** .5", "5: a root of a negative number is no number"),
    ("1 + 'a'", "2: a number and a text cannot be calculated with"),
    ("'a' + 1", "4: a text and a number cannot be calculated with"),
    ("'a' - 'b'", "4: a text and a text cannot be calculated with"),
    ("'a' * 1.0", "4: a text is repeated a whole number of times"),
    ("'%s' % 1", "5: a text and a number cannot be calculated with"),
    ("None + 1", "5: None and a number cannot be calculated with"),
    ("-'a'", "0: a text has no sign"),
    ("+None", "0: None has no sign"),
    ("1 < 'a'", "2: a number and a text have no order"),
    ("None < 1", "5: None and a number have no order"),
    ("1 < 2 < 'a'", "6: a number and a text have no order"),
    ("1 in 'a'", "2: a number cannot be in a text"),
    ("'a' not in 1", "4: a text cannot be in a number"),
    ("x[0]", "1: a number has no characters"),
    ("name[3]", "5: the text is shorter than that"),
    ("name[-4]", "5: the text is shorter than that"),
    ("name[0.0]", "5: characters are counted with whole numbers"),
    ("int('1.5')", "0: this text is not a whole number"),
    ("int('')", "0: this text is not a whole number"),
    ("int(1e400)", "0: inf is no whole number"),
    ("int(None)", "0: None is not a number"),
    ("float('a')", "0: this text is not a number"),
    ("randint('a')", "0: a text is not a number"),
    ("randint(1e400)", "0: there is no such limit"),
    ("'a' * 100001", "4: the text has more than 100000 characters"),
    ("long + 'a'", "5: the text has more than 100000 characters"),
];

#[test]
fn what_cannot_be_worked_out_is_an_error_at_its_place() {
    holds(FAILING);
    for (source, _) in FAILING {
        assert!(Expression::parse(source).is_ok(), "{source}");
    }
}

mod promises;
