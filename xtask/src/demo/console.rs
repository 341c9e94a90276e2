//! A reviewer before the console: what a browser sends, without a browser.

use anyhow::{Context as _, Result, ensure};

use super::client::{Answer, Client};

/// The password of the demo's reviewer, who lives as long as the demo's folder.
const PASSWORD: &str = "a-long-password-for-the-demo-only";

/// The first bytes of a PNG.
const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A signed-in reviewer.
pub(crate) struct Reviewer {
    client: Client,
}

impl Reviewer {
    /// Takes up an account through its one-time link.
    ///
    /// # Errors
    /// Where the link is not taken, or is taken a second time.
    pub(crate) fn sign_in(console: &str, first_link_path: &str) -> Result<Self> {
        let origin = console.trim_end_matches('/').to_owned();
        let visitor = Client::new(console).with("origin", origin);
        visitor
            .get(first_link_path)?
            .expect_status(200)
            .context("opening the one-time link")?;
        let fields = [("password", PASSWORD), ("password_again", PASSWORD)];
        let answer = visitor
            .post_form(first_link_path, &fields)?
            .expect_status(303)?;
        let cookie = answer
            .header("set-cookie")
            .context("looking for the session's cookie")?;
        for attribute in ["HttpOnly", "SameSite"] {
            ensure!(
                cookie.contains(attribute),
                "the session's cookie is not {attribute}"
            );
        }
        let pair = cookie.split(';').next().unwrap_or_default().to_owned();
        let again = visitor.post_form(first_link_path, &fields)?;
        ensure!(again.status >= 400, "the one-time link worked twice");
        Ok(Self {
            client: visitor.with("cookie", pair),
        })
    }

    /// A page's text.
    ///
    /// # Errors
    /// Where it is not shown.
    pub(crate) fn page(&self, path: &str) -> Result<String> {
        Ok(self.client.get(path)?.expect_status(200)?.text())
    }

    /// Asks to see a case's picture in a mode, and gives the size of what was shown.
    ///
    /// # Errors
    /// Where it is not shown, may be cached, or is shown a second time.
    pub(crate) fn reveal(&self, case: &str, mode: &str) -> Result<usize> {
        let path = format!("/cases/{case}");
        let csrf = csrf(&self.page(&path)?)?;
        let fields = [("csrf", csrf.as_str()), ("mode", mode)];
        let answer = self
            .client
            .post_form(&format!("{path}/reveals"), &fields)?
            .expect_status(303)?;
        let shown = answer.header("location").unwrap_or_default();
        let reveal = shown
            .split_once("shown=")
            .context("looking for the reveal's id")?
            .1;
        let picture = self
            .client
            .get(&format!("{path}/reveals/{reveal}"))?
            .expect_status(200)?;
        ensure!(
            picture.body.starts_with(PNG_START),
            "what was shown is no PNG"
        );
        let cached = picture.header("cache-control").unwrap_or_default();
        ensure!(
            cached.contains("no-store"),
            "the picture may be cached: {cached:?}"
        );
        let again = self.client.get(&format!("{path}/reveals/{reveal}"))?;
        ensure!(again.status >= 400, "the same reveal was shown twice");
        Ok(picture.body.len())
    }

    /// Decides a case, and gives the answer whatever it is.
    ///
    /// # Errors
    /// Where the case's page or the form is not answered.
    pub(crate) fn decide(&self, case: &str, csrf: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let mut all = vec![("csrf", csrf)];
        all.extend(fields);
        self.client
            .post_form(&format!("/cases/{case}/decision"), &all)
    }

    /// The token of a case's page, which every form carries.
    ///
    /// # Errors
    /// Where the page is not shown or has none.
    pub(crate) fn csrf(&self, case: &str) -> Result<String> {
        csrf(&self.page(&format!("/cases/{case}"))?)
    }
}

/// The value of the hidden field, wherever the template puts its attributes.
fn csrf(page: &str) -> Result<String> {
    let field = page.split('<').find(|tag| tag.contains("name=\"csrf\""));
    let field = field.context("looking for the form's token")?;
    let value = field
        .split_once("value=\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    Ok(value.context("reading the form's token")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_in_any_order_of_attributes() {
        for page in [
            "<form><input type=\"hidden\" name=\"csrf\" value=\"abc\"></form>",
            "<input value=\"abc\" name=\"csrf\">",
        ] {
            assert_eq!(csrf(page).expect("there"), "abc");
        }
        assert!(csrf("<input name=\"other\" value=\"abc\">").is_err());
    }
}
