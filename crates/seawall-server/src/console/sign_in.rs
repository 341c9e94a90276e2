//! `/sign-in` and `/sign-out`.

use askama::Template;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use seawall_store::Role;
use seawall_workflow::{AccessError, SignedIn, WorkflowError};

use super::block;
use super::body::{Fields, Posted};
use super::fault::Fault;
use super::page::{Page, html_with};
use super::session::{Visitor, clear_cookie, home_of, set_cookie};
use super::texts::Texts;
use crate::App;

/// `GET /sign-in`
pub(super) async fn show(State(app): State<App>, visitor: Result<Visitor, Fault>) -> Response {
    match visitor {
        Ok(visitor) => Redirect::to(visitor.home()).into_response(),
        Err(_) => form(&app, StatusCode::OK, String::new(), None),
    }
}

/// `POST /sign-in`
pub(super) async fn sign_in(State(app): State<App>, fields: Fields) -> Result<Response, Fault> {
    let (name, password) = (
        fields.one("name").to_owned(),
        fields.one("password").to_owned(),
    );
    let workflow = app.workflow.clone();
    let (given, t) = (name.clone(), Texts::english());
    let result = block(move || workflow.sign_in(&name, &password)).await;
    match result {
        Ok(signed_in) => enter(&app, signed_in).await,
        Err(AccessError::TooMany) => Ok(form(
            &app,
            StatusCode::TOO_MANY_REQUESTS,
            given,
            Some(t.text("sign-in-too-many")),
        )),
        Err(AccessError::Workflow(error)) => Err(error.into()),
        Err(_) => Ok(form(
            &app,
            StatusCode::UNPROCESSABLE_ENTITY,
            given,
            Some(t.text("sign-in-refused")),
        )),
    }
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(app): State<App>,
    posted: Posted<Visitor>,
) -> Result<Response, Fault> {
    let workflow = app.workflow.clone();
    let session = posted.by.session;
    block(move || workflow.sign_out(&session).map_err(WorkflowError::from)).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, clear_cookie(&app))]);
    Ok((cookie, Redirect::to("/sign-in")).into_response())
}

/// Hands out the session's cookie and leads to where its owner starts.
pub(super) async fn enter(app: &App, signed_in: SignedIn) -> Result<Response, Fault> {
    let (workflow, user) = (app.workflow.clone(), signed_in.user);
    let read = move || {
        workflow
            .store()
            .read(|reader| reader.user(user))
            .map_err(WorkflowError::from)
    };
    let role = block(read).await?.map_or(Role::Auditor, |user| user.role);
    let cookie = AppendHeaders([(header::SET_COOKIE, set_cookie(app, &signed_in))]);
    Ok((cookie, Redirect::to(home_of(role))).into_response())
}

fn form(app: &App, status: StatusCode, name: String, complaint: Option<String>) -> Response {
    let page = Page::new(app, Texts::english().text("sign-in-title"), None);
    html_with(
        status,
        &SignInPage {
            page,
            name,
            complaint,
        },
    )
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    name: String,
    complaint: Option<String>,
}
