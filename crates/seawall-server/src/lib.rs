//! HTTP: native API, console, public listener
