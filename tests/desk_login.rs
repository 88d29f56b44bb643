//! Operators sign in with a password: the cookie, the token against forged requests, and what is refused.

use crate::support::{Answer, House, Key, Person, json};

const PASSWORD: &str = "correct horse battery";

/// An operator with a password.
fn operator(house: &House, name: &str) -> i64 {
    let email = format!("{name}@chat.example");
    let arguments =
        ["user", "create", "--email", &email, "--first-name", name, "--role", "operator", "--password-stdin"];
    house.told(&arguments, &format!("{PASSWORD}\n"))["id"].as_i64().expect("an id")
}

async fn tries(house: &House, email: &str, password: &str) -> Answer {
    let form = format!("email={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"));
    let request = house.stranger().request("POST", "/login");
    Answer::to(
        request.header("Content-Type", "application/x-www-form-urlencoded").header("Origin", house.origin()).body(form),
    )
    .await
}

/// The session in the cookie that an answer sets.
fn cookie(answer: &Answer) -> Option<String> {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let mut own = set.filter_map(|value| value.strip_prefix("tertulia_session="));
    own.next().and_then(|rest| rest.split(';').next()).filter(|session| !session.is_empty()).map(str::to_owned)
}

/// An operator who has signed in on the page.
pub async fn signed_in(house: &House, name: &str) -> Person {
    let id = operator(house, name);
    let answer = tries(house, &format!("{name}@chat.example"), PASSWORD).await;
    assert!(matches!(answer.status, 200 | 302 | 303), "{answer}");
    let session = cookie(&answer).unwrap_or_else(|| panic!("no cookie: {:?}", answer.headers));
    let anonymous =
        Person::new(name, id, Key::Cookie { session: session.clone(), csrf: String::new() }, &house.origin());
    let csrf = anonymous.get("/api/me").await.is(200).body["csrf"].as_str().expect("a csrf token").to_owned();
    anonymous.with_key(Key::Cookie { session, csrf })
}

/// Presses the button that ends the session, as the page of this person would.
pub async fn signs_out(person: &Person) -> Answer {
    let Key::Cookie { csrf, .. } = &person.key else { panic!("{} has no session", person.name) };
    let request = person.request("POST", "/logout").header("Origin", &person.origin);
    Answer::to(request.header("Content-Type", "application/x-www-form-urlencoded").body(format!("csrf={csrf}"))).await
}

#[tokio::test]
async fn the_right_password_opens_the_desk() {
    let house = House::new().await;
    operator(&house, "olga");

    let answer = tries(&house, "olga@chat.example", PASSWORD).await;

    let set = answer.header("set-cookie").to_lowercase();
    assert!(set.contains("httponly") && set.contains("samesite=") && set.contains("path=/"), "{set}");
    assert!(!set.contains("secure"), "the house is reached by http here: {set}");
    let session = cookie(&answer).expect("a session");
    let olga = Person::new("olga", 0, Key::Cookie { session, csrf: String::new() }, &house.origin());
    let desk = olga.get("/desk").await.is(200);
    let csrf = olga.get("/api/me").await.is(200).body["csrf"].as_str().expect("a token").to_owned();
    assert!(desk.text().contains(&csrf), "the page carries the csrf token");
    assert!(desk.header("content-security-policy").contains("default-src"), "{:?}", desk.headers);
    assert!(
        !desk.header("x-frame-options").is_empty()
            || desk.header("content-security-policy").contains("frame-ancestors")
    );
}

/// Behind TLS the cookie never travels without it.
#[tokio::test]
async fn behind_tls_the_cookie_is_secure() {
    let house = House::with(&[("TERTULIA_PUBLIC_URL", "https://chat.example")]).await;
    operator(&house, "olga");
    let form = format!("email=olga%40chat.example&password={}", PASSWORD.replace(' ', "+"));
    let request = house.stranger().request("POST", "/login").header("Origin", "https://chat.example");

    let answer = Answer::to(request.header("Content-Type", "application/x-www-form-urlencoded").body(form)).await;

    assert!(answer.header("set-cookie").to_lowercase().contains("secure"), "{}", answer.header("set-cookie"));
}

#[tokio::test]
async fn wrong_passwords_and_unknown_people_are_told_the_same() {
    let house = House::new().await;
    operator(&house, "olga");
    house.person("ana");
    let id = operator(&house, "otto");
    assert!(house.runs(&["user", "disable", &id.to_string()], "").status.success());

    let wrong = tries(&house, "olga@chat.example", "wrong password").await;

    assert!(matches!(wrong.status, 400 | 401 | 403), "{wrong}");
    assert_eq!(cookie(&wrong), None);
    let others = [
        ("nobody@chat.example", PASSWORD),
        ("ana@chat.example", PASSWORD),
        ("ana@chat.example", ""),
        ("otto@chat.example", PASSWORD),
        ("", ""),
    ];
    for (email, password) in others {
        let answer = tries(&house, email, password).await;
        assert_eq!((answer.status, cookie(&answer)), (wrong.status, None), "{email}: {answer}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let house = House::with(&[("TERTULIA_LIMITS_LOGINS_PER_MINUTE", "3")]).await;
    operator(&house, "olga");

    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(tries(&house, "olga@chat.example", "guess").await.status);
    }

    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(cookie(&tries(&house, "olga@chat.example", PASSWORD).await), None, "even the right one has to wait");
}

/// A page of another site can make a browser send the cookie, but not the token.
#[tokio::test]
async fn forged_requests_are_refused() {
    let house = House::new().await;
    let olga = signed_in(&house, "olga").await;
    let Key::Cookie { session, .. } = olga.key.clone() else { panic!("a cookie") };
    let path = format!("/api/accounts/{}/threads/chat", olga.id);

    for csrf in ["", "guess"] {
        let forged = olga.with_key(Key::Cookie { session: session.clone(), csrf: csrf.to_owned() });
        forged.post(&path, json!({"title": "forged"})).await.is(403);
        forged.get(&path).await.is(200);
    }
    assert!(olga.get(&path).await.results().is_empty());
    olga.post(&path, json!({"title": "wanted"})).await.is(201);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let house = House::new().await;
    let olga = signed_in(&house, "olga").await;
    let Key::Cookie { session, .. } = olga.key.clone() else { panic!("a cookie") };
    let unsafe_way = olga.with_key(Key::Cookie { session, csrf: "guess".to_owned() });

    signs_out(&unsafe_way).await;
    olga.get("/api/me").await.is(200);
    let answer = signs_out(&olga).await;

    assert!(matches!(answer.status, 200 | 204 | 302 | 303), "{answer}");
    olga.get("/api/me").await.is(401);
    let desk = olga.get("/desk").await;
    assert!(matches!(desk.status, 302 | 303) && desk.header("location").starts_with("/login"), "{desk}");
}

/// After signing in one goes where one wanted to go, and never to another site.
#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let house = House::new().await;
    operator(&house, "olga");
    let goes = async |next: &str| {
        let form = format!("email=olga%40chat.example&password={}&next={next}", PASSWORD.replace(' ', "+"));
        let request = house.stranger().request("POST", "/login").header("Origin", house.origin());
        Answer::to(request.header("Content-Type", "application/x-www-form-urlencoded").body(form)).await
    };

    for elsewhere in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)"]
    {
        let answer = goes(elsewhere).await;
        assert!(
            !answer.header("location").contains("evil") && !answer.header("location").contains("javascript"),
            "{elsewhere}: {:?}",
            answer.headers
        );
    }
}

/// The first administrator is made from the environment, never with a password of our own making.
#[tokio::test]
async fn the_first_administrator_comes_from_the_environment() {
    let settings = [("TERTULIA_ADMIN_EMAIL", "root@chat.example"), ("TERTULIA_ADMIN_PASSWORD", PASSWORD)];
    let house = House::with(&settings).await;

    let answer = tries(&house, "root@chat.example", PASSWORD).await;

    let session = cookie(&answer).unwrap_or_else(|| panic!("{answer}"));
    let root = Person::new("root", 0, Key::Cookie { session, csrf: String::new() }, &house.origin());
    assert_eq!(root.get("/api/me").await.is(200).body["role"], "superuser");
    assert_eq!(house.lists(&["user", "list"]).len(), 1);
}

#[tokio::test]
async fn a_weak_password_is_not_taken() {
    let house = House::new().await;
    let arguments = ["user", "create", "--email", "weak@chat.example", "--role", "operator", "--password-stdin"];

    for weak in ["", "short"] {
        let output = house.runs(&arguments, &format!("{weak}\n"));
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("10"), "it says how long a password must be");
    }
}
