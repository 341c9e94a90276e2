//! `/first/{secret}`: a one-time link, by which a person sets a password.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use seawall_store::User;
use seawall_workflow::AccessError;

use super::block;
use super::body::Fields;
use super::fault::Fault;
use super::page::{Page, html_with};
use super::sign_in::enter;
use super::texts::Texts;
use crate::App;

/// `GET /first/{secret}`
pub(super) async fn show(
    State(app): State<App>,
    Path(secret): Path<String>,
) -> Result<Response, Fault> {
    let user = holder(&app, secret).await?;
    Ok(form(&app, StatusCode::OK, user, None))
}

/// `POST /first/{secret}`
pub(super) async fn set_password(
    State(app): State<App>,
    Path(secret): Path<String>,
    fields: Fields,
) -> Result<Response, Fault> {
    let user = holder(&app, secret.clone()).await?;
    let (password, again) = (
        fields.one("password").to_owned(),
        fields.one("password_again"),
    );
    let t = Texts::english();
    if password != again {
        let complaint = Some(t.text("first-differ"));
        return Ok(form(
            &app,
            StatusCode::UNPROCESSABLE_ENTITY,
            user,
            complaint,
        ));
    }
    let workflow = app.workflow.clone();
    match block(move || workflow.use_link(&secret, &password)).await {
        Ok(signed_in) => enter(&app, signed_in).await,
        Err(AccessError::PasswordLength) => Ok(form(
            &app,
            StatusCode::UNPROCESSABLE_ENTITY,
            user,
            Some(t.text("first-length")),
        )),
        Err(error) => Err(fault(error)),
    }
}

async fn holder(app: &App, secret: String) -> Result<User, Fault> {
    let workflow = app.workflow.clone();
    block(move || workflow.link_user(&secret))
        .await
        .map_err(fault)
}

fn fault(error: AccessError) -> Fault {
    match error {
        AccessError::Workflow(error) => error.into(),
        _ => Fault::LinkEnded,
    }
}

fn form(app: &App, status: StatusCode, user: User, complaint: Option<String>) -> Response {
    let t = Texts::english();
    let page = Page::new(app, t.text("first-title"), None);
    let role = t.of("role", user.role.name());
    html_with(
        status,
        &FirstPage {
            page,
            name: user.name,
            role,
            complaint,
        },
    )
}

#[derive(Template)]
#[template(path = "first_link.html")]
struct FirstPage {
    page: Page,
    name: String,
    role: String,
    complaint: Option<String>,
}
