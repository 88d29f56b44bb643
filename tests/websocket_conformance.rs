//! The WebSocket protocol itself (RFC 6455), with a client that does what it must not: the right close code or the
//! right reply, and the server goes on serving.

use tokio::time::timeout;

use crate::support::{
    House, PATIENCE, Person, RawSocket, json,
    raw_socket::{FIN, Frame, frame, handshake, head, opcode::*, unmasked},
};

/// The limit of a frame in these tests.
const LIMIT: usize = 128 * 1024;

/// What must come back.
#[derive(Debug)]
enum Then {
    /// A `pong` frame of the chat protocol: the text arrived whole.
    Answer,
    /// A protocol pong with this payload.
    Pong(Vec<u8>),
    /// A close frame with one of these codes.
    Close(&'static [u16]),
    /// An answer first, to what was right, and then a close frame with one of these codes.
    AnswerThenClose(&'static [u16]),
    /// Nothing in particular: the socket still works.
    Nothing,
}

struct Case {
    name: String,
    sent: Vec<u8>,
    then: Then,
}

fn case(name: &str, sent: Vec<u8>, then: Then) -> Case {
    Case { name: name.to_owned(), sent, then }
}

/// A command that is answered, filled up to `length` bytes.
fn ping_of(length: usize) -> Vec<u8> {
    let frame = |filling: &str| json!({"message": "ping", "id": "x", "data": {"filling": filling}}).to_string();
    let empty = frame("").len();
    frame(&"x".repeat(length.saturating_sub(empty))).into_bytes()
}

fn text(payload: &[u8]) -> Vec<u8> {
    frame(FIN | TEXT, payload)
}

fn close(payload: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, payload)
}

fn close_with(code: u16, reason: &[u8]) -> Vec<u8> {
    close(&[&code.to_be_bytes(), reason].concat())
}

/// A text cut into pieces.
fn pieces(payload: &[u8], size: usize) -> Vec<u8> {
    let parts: Vec<&[u8]> = payload.chunks(size).collect();
    let last = parts.len() - 1;
    let first = |at: usize| if at == 0 { TEXT } else { CONTINUATION } | if at == last { FIN } else { 0 };
    parts.iter().enumerate().flat_map(|(at, part)| frame(first(at), part)).collect()
}

/// Codes that a client may close with; any of them may be echoed.
const ALLOWED: &[u16] = &[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];

const PROTOCOL: Then = Then::Close(&[1002]);
const BAD_TEXT: Then = Then::Close(&[1007]);
const TOO_BIG: Then = Then::Close(&[1009]);

fn lengths() -> Vec<Case> {
    let mut cases: Vec<Case> = [100, 125, 126, 127, 65_535, 65_536, LIMIT - 1, LIMIT]
        .map(|length| case(&format!("a text of {length} bytes"), text(&ping_of(length)), Then::Answer))
        .into();
    cases.extend([
        case("an empty text", text(b""), Then::Nothing),
        case("a text one byte over the limit", text(&ping_of(LIMIT + 1)), TOO_BIG),
        case(
            "a head that promises more than the limit",
            [head(FIN | TEXT, LIMIT + 1, true), vec![0; 4]].concat(),
            TOO_BIG,
        ),
        case(
            "a head that promises 2^63 bytes",
            [vec![FIN | TEXT, 0xFF], vec![0x80, 0, 0, 0, 0, 0, 0, 0]].concat(),
            Then::Close(&[1002, 1009]),
        ),
        case("fragments over the limit together", pieces(&ping_of(LIMIT + 1), 60_000), TOO_BIG),
        case("many small messages at once", text(&ping_of(60)).repeat(200), Then::Answer),
    ]);
    cases
}

fn fragments() -> Vec<Case> {
    let whole = ping_of(60);
    let (left, right) = whole.split_at(20);
    let ping = frame(FIN | PING, b"between");
    vec![
        case("fragments of one byte", pieces(&whole, 1), Then::Answer),
        case("two fragments", pieces(&whole, 40), Then::Answer),
        case("an empty first fragment", [frame(TEXT, b""), frame(FIN | CONTINUATION, &whole)].concat(), Then::Answer),
        case("an empty last fragment", [frame(TEXT, &whole), frame(FIN | CONTINUATION, b"")].concat(), Then::Answer),
        case(
            "a ping between fragments",
            [frame(TEXT, left), ping.clone(), frame(FIN | CONTINUATION, right)].concat(),
            Then::Pong(b"between".to_vec()),
        ),
        case("fragments up to the limit", pieces(&ping_of(LIMIT), 50_000), Then::Answer),
        case("a continuation of nothing", frame(FIN | CONTINUATION, b"x"), PROTOCOL),
        case("an open continuation of nothing", frame(CONTINUATION, b"x"), PROTOCOL),
        case("a new text inside a fragmented one", [frame(TEXT, left), text(&whole)].concat(), PROTOCOL),
        case("a binary inside a fragmented text", [frame(TEXT, left), frame(FIN | BINARY, b"x")].concat(), PROTOCOL),
        case(
            "a continuation after the end",
            [pieces(&whole, 40), frame(FIN | CONTINUATION, b"x")].concat(),
            Then::AnswerThenClose(&[1002]),
        ),
        case("a close between fragments", [frame(TEXT, left), close_with(1000, b"")].concat(), Then::Close(&[1000])),
        case("a fragmented ping", frame(PING, b"x"), PROTOCOL),
        case("a fragmented close", frame(CLOSE, b""), PROTOCOL),
    ]
}

fn heads() -> Vec<Case> {
    let whole = ping_of(60);
    let mut cases = vec![
        case("an unmasked text", unmasked(FIN | TEXT, &whole), PROTOCOL),
        case("an unmasked ping", unmasked(FIN | PING, b"x"), PROTOCOL),
        case("an unmasked close", unmasked(FIN | CLOSE, &1000u16.to_be_bytes()), PROTOCOL),
    ];
    for (name, bit) in [("RSV1", 0x40), ("RSV2", 0x20), ("RSV3", 0x10)] {
        cases.push(case(&format!("{name} on a text"), frame(FIN | bit | TEXT, &whole), PROTOCOL));
        cases.push(case(&format!("{name} on a ping"), frame(FIN | bit | PING, b"x"), PROTOCOL));
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        cases.push(case(&format!("reserved opcode {opcode}"), frame(FIN | opcode, b"x"), PROTOCOL));
    }
    cases
}

fn controls() -> Vec<Case> {
    vec![
        case("a ping", frame(FIN | PING, b"hello"), Then::Pong(b"hello".to_vec())),
        case("an empty ping", frame(FIN | PING, b""), Then::Pong(Vec::new())),
        case("a ping of 125 bytes", frame(FIN | PING, &[7; 125]), Then::Pong(vec![7; 125])),
        case("a ping of bytes that are no text", frame(FIN | PING, &[0xff, 0xfe]), Then::Pong(vec![0xff, 0xfe])),
        case("a ping of 126 bytes", frame(FIN | PING, &[7; 126]), PROTOCOL),
        case("a pong of 126 bytes", frame(FIN | PONG, &[7; 126]), PROTOCOL),
        case("a close of 126 bytes", close(&[0x03; 126]), PROTOCOL),
        case("a pong nobody asked for", frame(FIN | PONG, b"unasked"), Then::Nothing),
        case("an empty pong nobody asked for", frame(FIN | PONG, b""), Then::Nothing),
        case("a hundred pings", frame(FIN | PING, b"flood").repeat(100), Then::Pong(b"flood".to_vec())),
        case("a binary frame", frame(FIN | BINARY, b"\0\x01"), Then::Close(&[1003])),
    ]
}

fn texts() -> Vec<Case> {
    let euro = r#"{"message":"ping","id":"x","data":{"text":"€🎉"}}"#.as_bytes();
    let split = euro.iter().position(|byte| *byte == 0xE2).expect("the euro sign") + 1;
    vec![
        case("a text with characters of many bytes", text(euro), Then::Answer),
        case(
            "a character split between fragments",
            [frame(TEXT, &euro[..split]), frame(FIN | CONTINUATION, &euro[split..])].concat(),
            Then::Answer,
        ),
        case("a lone continuation byte", text(b"\x80"), BAD_TEXT),
        case("a byte that never occurs", text(b"{\"a\": \"\xff\"}"), BAD_TEXT),
        case("a surrogate", text(b"\xed\xa0\x80"), BAD_TEXT),
        case("an overlong slash", text(b"\xc0\xaf"), BAD_TEXT),
        case("above the last character", text(b"\xf4\x90\x80\x80"), BAD_TEXT),
        case("a character cut short", text(b"\xe2\x82"), BAD_TEXT),
        case(
            "a bad byte in a later fragment",
            [frame(TEXT, b"{\"a\": \""), frame(FIN | CONTINUATION, b"\xff\"}")].concat(),
            BAD_TEXT,
        ),
        case(
            "a character cut short over fragments",
            [frame(TEXT, b"\xe2"), frame(FIN | CONTINUATION, b"\x82")].concat(),
            BAD_TEXT,
        ),
        case("a text that is no JSON", text(b"hello"), Then::Nothing),
        case("JSON that is no frame", text(b"[1, 2]"), Then::Nothing),
        case("JSON nested without end", text("[".repeat(100_000).as_bytes()), Then::Nothing),
        case("a zero byte", text(b"{\"message\": \"\0\"}"), Then::Nothing),
    ]
}

fn closings() -> Vec<Case> {
    let mut cases = vec![
        case("a close without a code", close(b""), Then::Close(&[1000, 1005])),
        case("a close of one byte", close(b"\x03"), PROTOCOL),
        case("a reason that is no text", close_with(1000, b"\xff\xff"), Then::Close(&[1002, 1007])),
        case("a close with the longest reason", close_with(1000, &[b'a'; 123]), Then::Close(&[1000])),
        case("a text after a close", [close_with(1000, b""), text(&ping_of(60))].concat(), Then::Close(&[1000])),
        case("a ping after a close", [close_with(1000, b""), frame(FIN | PING, b"x")].concat(), Then::Close(&[1000])),
    ];
    for code in ALLOWED {
        cases.push(case(&format!("a close with {code}"), close_with(*code, b"bye"), Then::Close(ALLOWED)));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.push(case(&format!("a close with {code}, which is not allowed"), close_with(code, b""), PROTOCOL));
    }
    cases
}

#[tokio::test]
async fn every_frame_is_answered_as_the_protocol_says() {
    let house = House::with(&[("TERTULIA_SOCKET_MAX_FRAME", &LIMIT.to_string())]).await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let mut neighbour = ben.opens().await;
    let cases: Vec<Case> =
        [lengths(), fragments(), heads(), controls(), texts(), closings()].into_iter().flatten().collect();
    println!("{} cases", cases.len());

    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(came) = plays(&ana, case).await {
            wrong.push(format!("{}: expected {:?}, came {came}", case.name, case.then));
        }
        neighbour.pings().await;
    }

    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Plays one case; what came instead when it is not right.
async fn plays(person: &Person, case: &Case) -> Result<(), String> {
    let mut socket = RawSocket::opens(person).await;
    socket.writes(&case.sent).await;
    if matches!(case.then, Then::Nothing) {
        socket.writes(&text(&ping_of(60))).await;
    }
    loop {
        let Ok(frame) = timeout(PATIENCE / 2, socket.frame()).await else { return Err("silence".to_owned()) };
        let Some(frame) = frame else { return Err("the end of the line, without a close frame".to_owned()) };
        match (&case.then, frame.opcode()) {
            (Then::Answer | Then::Nothing, TEXT) if is_answer(&frame) => return Ok(()),
            (Then::Pong(payload), PONG) if frame.payload == *payload => return Ok(()),
            (Then::Close(codes) | Then::AnswerThenClose(codes), CLOSE) if codes.contains(&frame.close_code()) => {
                return ends(&mut socket).await;
            }
            (_, CLOSE) => return Err(format!("a close frame with {}", frame.close_code())),
            (Then::Close(_), TEXT) if is_answer(&frame) => return Err("an answer".to_owned()),
            _ => {}
        }
    }
}

/// After its close frame the server says nothing more and hangs up.
async fn ends(socket: &mut RawSocket) -> Result<(), String> {
    socket.half_closes().await;
    match timeout(PATIENCE / 2, socket.frame()).await {
        Ok(None) => Ok(()),
        Err(_) => Err("the right close frame, but the line stays open".to_owned()),
        Ok(Some(frame)) => Err(format!("something after the close frame: {frame:?}")),
    }
}

fn is_answer(frame: &Frame) -> bool {
    String::from_utf8_lossy(&frame.payload).contains("\"pong\"")
}

/// What becomes of a line of the request.
type Change = Box<dyn Fn(&str) -> Option<String>>;

/// A request to upgrade that is not sound is refused, and a sound one in an odd form is not.
#[tokio::test]
async fn every_handshake_is_judged() {
    let house = House::new().await;
    let [ana] = house.people(["ana"]);
    let without =
        |name: &'static str| move |line: &str| if line.starts_with(name) { None } else { Some(line.to_owned()) };
    let swap = |name: &'static str, with: &'static str| {
        move |line: &str| Some(if line.starts_with(name) { with.to_owned() } else { line.to_owned() })
    };
    let table: Vec<(&str, Change, &[u16])> = vec![
        ("sound", Box::new(|line| Some(line.to_owned())), &[101]),
        ("lower-case names", Box::new(|line| Some(lower_name(line))), &[101]),
        ("upgrade in capitals", Box::new(swap("Upgrade:", "Upgrade: WEBSOCKET")), &[101]),
        ("connection with more", Box::new(swap("Connection:", "Connection: keep-alive, Upgrade")), &[101]),
        ("/ws/all", Box::new(swap("GET ", "GET /ws/all?subscribe-user&publish-user&echo HTTP/1.1")), &[101]),
        ("no version", Box::new(without("Sec-WebSocket-Version")), &[400, 426]),
        ("version 99", Box::new(swap("Sec-WebSocket-Version", "Sec-WebSocket-Version: 99")), &[400, 426]),
        ("no key", Box::new(without("Sec-WebSocket-Key")), &[400]),
        ("a short key", Box::new(swap("Sec-WebSocket-Key", "Sec-WebSocket-Key: c2hvcnQ=")), &[400]),
        ("no upgrade", Box::new(without("Upgrade:")), &[400, 426]),
        ("another upgrade", Box::new(swap("Upgrade:", "Upgrade: h2c")), &[400, 426]),
        ("no connection", Box::new(without("Connection:")), &[400, 426]),
        ("POST", Box::new(swap("GET ", "POST /ws HTTP/1.1")), &[400, 404, 405]),
        ("no credentials", Box::new(without("Authorization")), &[401]),
        ("a bad token", Box::new(swap("Authorization", "Authorization: Token nonsense")), &[401]),
        ("no host", Box::new(without("Host")), &[400, 101]),
        ("HTTP/1.0", Box::new(swap("GET ", "GET /ws HTTP/1.0")), &[400, 426, 505]),
    ];

    for (name, change, statuses) in table {
        let request: Vec<String> =
            handshake(&ana).split("\r\n").filter(|line| !line.is_empty()).filter_map(change).collect();
        let mut socket = RawSocket::dials(&ana).await;
        socket.writes(format!("{}\r\n\r\n", request.join("\r\n")).as_bytes()).await;
        let head = socket.reads_head().await;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        assert!(statuses.contains(&status), "{name}: expected {statuses:?}, came {head:?}");
    }
    ana.opens().await.pings().await;
}

fn lower_name(line: &str) -> String {
    match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_owned(),
    }
}

/// The key is answered as the RFC's own example answers it.
#[tokio::test]
async fn the_key_is_proved() {
    let house = House::new().await;
    let [ana] = house.people(["ana"]);
    let mut socket = RawSocket::dials(&ana).await;
    let request: Vec<String> = handshake(&ana)
        .split("\r\n")
        .map(|line| {
            if line.starts_with("Sec-WebSocket-Key") { "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" } else { line }
                .to_owned()
        })
        .collect();

    socket.writes(request.join("\r\n").as_bytes()).await;

    let head = socket.reads_head().await.to_lowercase();
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
}

/// Who only half hangs up, or hangs up inside a frame, is let go, and nobody else notices.
#[tokio::test]
async fn a_line_that_breaks_anywhere_is_let_go() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let mut neighbour = ben.opens().await;
    let whole = text(&ping_of(200));

    for cut in [0, 1, 2, 5, 8, 100] {
        let mut socket = RawSocket::opens(&ana).await;
        socket.writes(&whole[..cut]).await;
        socket.half_closes().await;
        while socket.frame().await.is_some() {}
        neighbour.pings().await;
    }
}
