//! A headless browser, driven over the WebDriver protocol (W3C), for the pages that people use.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{Value, json, rest, until};

/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Chromium and its driver; both end when this is dropped.
pub struct Browser {
    driver: Child,
    address: String,
    client: reqwest::Client,
    session: String,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser with a fresh profile and one empty window.
    pub async fn opens() -> Browser {
        let port = free_port();
        let profile = tempfile::Builder::new().prefix("tertulia-browser-").tempdir().expect("a profile");
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed (tests/all.sh installs it)");
        let client = rest::client().build().expect("an HTTP client");
        let address = format!("http://127.0.0.1:{port}");
        let mut browser = Browser { driver, address, client, session: String::new(), profile };
        browser.starts_a_session().await;
        browser
    }

    async fn starts_a_session(&mut self) {
        let (client, status) = (self.client.clone(), format!("{}/status", self.address));
        until("chromedriver is ready", || {
            let asking = client.get(&status).send();
            async move { asking.await.is_ok_and(|answer| answer.status().is_success()) }
        })
        .await;
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1200,900",
        ];
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let flags: Vec<&str> = flags.into_iter().chain([profile.as_str()]).collect();
        let wishes =
            json!({"browserName": "chrome", "goog:chromeOptions": {"args": flags}, "timeouts": {"script": 15_000}});
        let made = self.asks("POST", "/session", json!({"capabilities": {"alwaysMatch": wishes}})).await;
        self.session = made["sessionId"].as_str().expect("a session's id").to_owned();
    }

    /// One WebDriver command that must be carried out.
    async fn asks(&self, method: &str, path: &str, body: Value) -> Value {
        match self.tries(method, path, &body).await {
            Ok(value) => value,
            Err(refusal) => panic!("chromedriver refused {path} {body}: {}: {}", refusal["error"], refusal["message"]),
        }
    }

    /// One WebDriver command: its value, or why it was refused.
    async fn tries(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method.clone(), format!("{}{path}", self.address));
        let request = if method == reqwest::Method::POST { request.json(body) } else { request };
        let answer = request.timeout(Duration::from_secs(60)).send().await.expect("chromedriver answers");
        let status = answer.status();
        let mut told: Value = answer.json().await.expect("chromedriver speaks JSON");
        if status.is_success() { Ok(told["value"].take()) } else { Err(told["value"].take()) }
    }

    async fn commands(&self, method: &str, what: &str, body: Value) -> Value {
        self.asks(method, &format!("/session/{}{what}", self.session), body).await
    }

    /// Opens another window and says its handle.
    pub async fn new_window(&self) -> String {
        let made = self.commands("POST", "/window/new", json!({"type": "window"})).await;
        made["handle"].as_str().expect("a handle").to_owned()
    }

    /// The handle of the window that is in front.
    pub async fn window(&self) -> String {
        self.commands("GET", "/window", Value::Null).await.as_str().expect("a handle").to_owned()
    }

    /// Turns to another window.
    pub async fn turns_to(&self, window: &str) {
        self.commands("POST", "/window", json!({"handle": window})).await;
    }

    /// Resizes the window in front.
    pub async fn resizes(&self, width: u32, height: u32) {
        self.commands("POST", "/window/rect", json!({"width": width, "height": height})).await;
    }

    pub async fn goes_to(&self, url: &str) {
        self.commands("POST", "/url", json!({"url": url})).await;
    }

    pub async fn reloads(&self) {
        self.commands("POST", "/refresh", json!({})).await;
    }

    /// Runs a script in the page and gets what it returns.
    pub async fn runs(&self, script: &str, arguments: Value) -> Value {
        self.commands("POST", "/execute/sync", json!({"script": script, "args": arguments})).await
    }

    /// Waits until a script returns something true, and gets it.
    pub async fn waits_for(&self, what: &str, script: &str) -> Value {
        until(what, || async { is_truthy(&self.runs(script, json!([])).await) }).await;
        self.runs(script, json!([])).await
    }

    /// Clicks the element that a script returns, as a mouse does.
    pub async fn clicks(&self, what: &str, script: &str) {
        self.acts(what, script, "click", json!({})).await;
    }

    /// Types into the element that a script returns, as a keyboard does.
    pub async fn types(&self, what: &str, script: &str, text: &str) {
        self.acts(what, script, "value", json!({"text": text})).await;
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn presses(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        });
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<_>>()});
        self.commands("POST", "/actions", json!({"actions": [keyboard]})).await;
    }

    /// Holds Control while a key is pressed.
    pub async fn presses_with_control(&self, key: &str) {
        let down = |key: &str| json!({"type": "keyDown", "value": key});
        let up = |key: &str| json!({"type": "keyUp", "value": key});
        let strokes = [down(CONTROL), down(key), up(key), up(CONTROL)];
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.commands("POST", "/actions", json!({"actions": [keyboard]})).await;
    }

    /// Becomes a telephone with a screen of that many CSS pixels.
    pub async fn becomes_a_phone(&self, width: u32, height: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": true});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": screen});
        self.commands("POST", "/goog/cdp/execute", command).await;
        let touch = json!({"cmd": "Emulation.setTouchEmulationEnabled", "params": {"enabled": true}});
        self.commands("POST", "/goog/cdp/execute", touch).await;
    }

    /// Does something to an element once it is there. A page may draw it anew at any moment, so then it is looked for again.
    async fn acts(&self, what: &str, script: &str, action: &str, body: Value) {
        until(what, || async {
            let element = self.runs(script, json!([])).await;
            let Some(id) = element[ELEMENT].as_str() else { return false };
            let path = format!("/session/{}/element/{id}/{action}", self.session);
            match self.tries("POST", &path, &body).await {
                Ok(_) => true,
                Err(refusal) if refusal["error"] == "stale element reference" => false,
                Err(refusal) => panic!("{what}: {}: {}", refusal["error"], refusal["message"]),
            }
        })
        .await;
    }

    /// What the console complained of since it was last asked.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.commands("POST", "/se/log", json!({"type": "browser"})).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().filter(|entry| entry["level"] == "SEVERE").map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session; the group is for what would be left behind if the driver does not answer.
        if let Ok(mut line) = TcpStream::connect(self.address.trim_start_matches("http://")) {
            let _ = line.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = write!(
                line,
                "DELETE /session/{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                self.session
            );
            let _ = line.read(&mut [0; 512]);
        }
        let _ = Command::new("sh").args(["-c", &format!("kill -9 -{}", self.driver.id())]).status();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The Enter key, as WebDriver writes it.
pub const ENTER: &str = "\u{E007}";
/// The Tab key.
pub const TAB: &str = "\u{E004}";
/// The arrow to the right.
pub const RIGHT: &str = "\u{E014}";
/// The arrow downwards.
pub const DOWN: &str = "\u{E015}";
const CONTROL: &str = "\u{E009}";

fn is_truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != json!(0) && *value != json!("")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
