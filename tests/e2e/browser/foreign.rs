//! What others wrote is text, and nothing but the console's own script runs.

use std::io::Read;
use std::net::TcpListener;
use std::slice;

use seawall_testkit::{jpeg, picture as pattern};
use serde_json::{Value, json};

use crate::{SEED, Stage, WIDTH, case_of, context};

#[test]
fn a_file_name_is_shown_as_text_and_nothing_in_it_runs() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let browser = &stage.browser;
    browser.resize(320, 800);
    stage.requests();
    for (number, (name, shown)) in names().into_iter().enumerate() {
        let case = named(&stage, number, &name);
        stage.open(&format!("/cases/{case}"));
        let page = browser.script(LOOK, &[]);
        assert_eq!(page["File name"], shown, "byte for byte");
        assert_eq!(page["Screen name"], SCREEN_NAME);
        assert_eq!(page["strange"], json!([]), "no element comes from {name}");
        assert_eq!(page["ran"], Value::Null, "{name}");
        assert!(!browser.has_alert(), "{name}");
        assert_eq!(page["overflow"], 0, "{name} stands out of the page");
        for url in stage.requests() {
            assert!(
                url.contains("/static/") || url.ends_with(&case),
                "{name}: {url}"
            );
        }
    }
    stage.open("/queue");
    stage.ends_clean();
}

#[test]
fn nothing_but_the_consoles_own_script_runs() {
    let Some(stage) = Stage::signed_in() else {
        return;
    };
    let case = stage.case("item-1");
    let browser = &stage.browser;
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("it need not wait");
    let address = elsewhere.local_addr().expect("it is bound");
    let address = json!(format!("http://{address}"));
    for path in ["/queue", &format!("/cases/{case}"), "/figures", "/audit"] {
        for (what, attack) in ATTACKS {
            stage.open(path);
            let log = browser.log();
            assert!(log.is_empty(), "{path} keeps its own policy: {log:?}");
            browser.script(&format!("{WATCH}{attack}"), slice::from_ref(&address));
            stage.until(what, "return window.refused.length > 0");
            let ran = browser.script("return window.ran ?? null", &[]);
            assert_eq!(ran, Value::Null, "{path}: {what}");
            browser.log();
        }
    }
    // The browser tells of requests that its policy then stops, and opens a connection for a
    // form before it asks its policy: what counts is what was sent when it is gone.
    browser.requests();
    stage.ends_clean();
    while let Ok((mut connection, _)) = elsewhere.accept() {
        let mut sent = Vec::new();
        drop(connection.read_to_end(&mut sent));
        assert_eq!(String::from_utf8_lossy(&sent), "", "nothing goes elsewhere");
    }
}

/// Opens a case by an upload with this name, and gives its id.
#[track_caller]
fn named(stage: &Stage, number: usize, name: &str) -> String {
    let mut context = context();
    context["file_name"] = json!(name);
    context["screen_name"] = json!(SCREEN_NAME);
    let text = |name: &str, value: &str| {
        format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body = text("item_id", &format!("item-{number}"));
    body += &text("context", &context.to_string());
    body += "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let mut body = body.into_bytes();
    body.extend(jpeg(&pattern(WIDTH, 480, SEED), 40));
    body.extend(b"\r\n--edge--\r\n");
    let kind = ("content-type", "multipart/form-data; boundary=edge");
    let scan = stage
        .api
        .send("POST", "/api/v1/scans", &[kind], Some(&body));
    case_of(&scan.expect(200).json())
}

/// Case SW-A43 and characters that are not seen: what a platform sends as a name, and what the
/// console shows of it.
fn names() -> Vec<(String, String)> {
    let same = |name: &str| (name.to_owned(), name.to_owned());
    let mut names: Vec<_> = AS_IT_IS.iter().copied().map(same).collect();
    names.push(same(&format!("{}.png", "x".repeat(300))));
    let other = |(name, shown): &(&str, &str)| ((*name).to_owned(), (*shown).to_owned());
    names.extend(MADE_VISIBLE.iter().map(other));
    names
}

const AS_IT_IS: [&str; 10] = [
    "<img src=x onerror=alert(1)>.png",
    "\"><svg onload=alert(1)>.png",
    "a&b<c>.png",
    "файл.png",
    "한글.png",
    "cafe\u{301}.png",
    "..\\..\\up.png",
    "../up.png",
    "</dd></dl><script>window.ran = true</script>.png",
    "&lt;b&gt; &amp;amp; {{ name }} {% raw %}.png",
];

const MADE_VISIBLE: [(&str, &str); 3] = [
    ("gpj.\u{202e}exe.png", "gpj.\u{27e8}U+202E\u{27e9}exe.png"),
    (
        "a\u{200b}b\u{2066}c.png",
        "a\u{27e8}U+200B\u{27e9}b\u{27e8}U+2066\u{27e9}c.png",
    ),
    (
        "line\nbreak\u{7}\0.png",
        "line\u{240a}break\u{2407}\u{2400}.png",
    ),
];

const SCREEN_NAME: &str = "<b onclick=\"window.ran = true\">Quiet</b> & 'Harbour'";

/// Every fact of the page by its name, and what would give a name away that became markup.
const LOOK: &str = "
    const page = { ran: window.ran ?? null };
    for (const fact of document.querySelectorAll('.facts > div'))
      page[fact.querySelector('dt').textContent] = fact.querySelector('dd').textContent;
    const strange = 'main b, main script, main img, main [onclick], main svg:not(.gauge)';
    page.strange = [...document.querySelectorAll(strange)].map((found) => found.outerHTML);
    const { scrollWidth, clientWidth } = document.scrollingElement;
    page.overflow = scrollWidth - clientWidth;
    return page;";

const WATCH: &str = "
    window.refused = [];
    document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective));
    const [elsewhere] = arguments;";

/// What a page would do if foreign markup ever came into it. Each must be refused by policy.
const ATTACKS: [(&str, &str); 6] = [
    (
        "a script in the page",
        "const script = document.createElement('script');
         script.textContent = 'window.ran = true';
         document.body.append(script);",
    ),
    (
        "a script from elsewhere",
        "const script = document.createElement('script');
         script.src = elsewhere + '/script.js';
         document.body.append(script);",
    ),
    (
        "a script in an attribute",
        "const button = document.createElement('button');
         button.setAttribute('onclick', 'window.ran = true');
         document.body.append(button);
         button.click();",
    ),
    (
        "a style in an attribute",
        "document.querySelector('main').setAttribute('style', 'display: none');",
    ),
    (
        "a picture from elsewhere",
        "document.body.append(Object.assign(new Image(), { src: elsewhere + '/pixel.png' }));",
    ),
    (
        "a form to elsewhere",
        "const form = Object.assign(document.createElement('form'), { action: elsewhere, method: 'post' });
         document.body.append(form);
         form.submit();",
    ),
];
