//! A reviewer's browser, as far as pages, forms and one cookie go.

use std::cell::RefCell;

use url::form_urlencoded::Serializer;

use super::{Answer, Http};

/// A client for the console that keeps its session's cookie.
pub(crate) struct Console {
    /// The listener.
    pub(crate) http: Http,
    cookie: RefCell<Option<String>>,
}

impl Console {
    /// A client for the console at `base`, not signed in.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            http: Http::new(base),
            cookie: RefCell::new(None),
        }
    }

    /// Uses a one-time link: sets a password and signs in.
    #[track_caller]
    pub(crate) fn use_link(&self, path: &str) {
        let fields = [("password", PASSWORD), ("password_again", PASSWORD)];
        self.submit(path, &fields).expect(303);
    }

    /// Signs in with the password that [`Self::use_link`] sets.
    #[track_caller]
    pub(crate) fn sign_in(&self, name: &str) {
        self.submit("/sign-in", &[("name", name), ("password", PASSWORD)])
            .expect(303);
    }

    /// The session's cookie, for clients of another kind.
    pub(crate) fn cookie(&self) -> Option<String> {
        self.cookie.borrow().clone()
    }

    /// Gets a page.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.exchange("GET", path, &[], None)
    }

    /// Sends a form as it is.
    #[track_caller]
    pub(crate) fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.exchange("POST", path, &[kind], Some(form.as_bytes()))
    }

    /// Sends a form with the token that `page` carries.
    #[track_caller]
    pub(crate) fn submit_from(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = csrf(self.get(page).expect(200).text());
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.submit(path, &all)
    }

    /// Reveals a case's picture in a mode and fetches it: the picture's bytes.
    #[track_caller]
    pub(crate) fn reveal(&self, case: &str, mode: &str) -> Vec<u8> {
        let page = format!("/cases/{case}");
        let shown = self.submit_from(&page, &format!("{page}/reveals"), &[("mode", mode)]);
        let shown = shown.expect(303);
        let location = shown.header("location").expect("a place to go on");
        let (_, reveal) = location.split_once("shown=").expect("the reveal is named");
        self.get(&format!("{page}/reveals/{reveal}"))
            .expect(200)
            .bytes
    }

    /// Sends a decision of a case.
    #[track_caller]
    pub(crate) fn decide(&self, case: &str, fields: &[(&str, &str)]) -> Answer {
        let page = format!("/cases/{case}");
        self.submit_from(&page, &format!("{page}/decision"), fields)
    }

    #[track_caller]
    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let cookie = self.cookie.borrow().clone();
        let mut all = headers.to_vec();
        all.extend(cookie.as_deref().map(|cookie| ("cookie", cookie)));
        let answer = self.http.send(method, path, &all, body);
        if let Some(set) = answer.header("set-cookie") {
            let pair = set.split(';').next().unwrap_or_default();
            *self.cookie.borrow_mut() = Some(pair.to_owned());
        }
        answer
    }
}

/// The form token that a page carries.
#[track_caller]
pub(crate) fn csrf(page: &str) -> String {
    let (_, rest) = page
        .split_once(r#"name="csrf" value=""#)
        .expect("the page has a form");
    let (token, _) = rest.split_once('"').expect("the value ends");
    token.to_owned()
}

const PASSWORD: &str = "a long pass phrase for tests";
