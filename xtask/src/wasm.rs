//! `cargo xtask wasm`: the suite of the PDQ kernels, built for WebAssembly and run there.
//!
//! The browser's kernel is reached by nothing else. An interpreter runs it: slower than a
//! browser, but a library, and the bits are the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasmi::{Config, Engine, Linker, Module, Store};

use crate::known_flags;
use crate::repository::{cargo, output, programs, succeed};

/// Builds the suite with WebAssembly's SIMD and runs it.
///
/// # Errors
/// Where it does not build or a test in it fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    known_flags(arguments, &[])?;
    install_target()?;
    let programs = build()?;
    ensure!(programs.len() == 1, "one suite was expected");
    for program in &programs {
        let bytes = std::fs::read(program).context("reading what was built")?;
        execute(&bytes).context("running the PDQ kernels' suite")?;
    }
    println!("wasm32: every test of the PDQ kernels' suite passed");
    Ok(())
}

/// Rust's own library for WebAssembly is no part of every installation.
fn install_target() -> Result<()> {
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", TARGET]);
    if Path::new(output(&mut command)?.trim()).is_dir() {
        return Ok(());
    }
    println!("Installing Rust's library for {TARGET}.");
    succeed(Command::new("rustup").args(["target", "add", TARGET]))
}

fn build() -> Result<Vec<PathBuf>> {
    let mut command = cargo();
    command
        .env("RUSTFLAGS", "-Ctarget-feature=+simd128")
        .args(["test", "-p", "seawall-simd", "--test", "pdq_kernels"])
        .args(["--release", "--target", TARGET])
        .args(["--no-run", "--message-format=json"])
        .args(["--target-dir", "target/wasm"]);
    let said = output(&mut command).context("building for WebAssembly")?;
    let is_wasm = |path: &Path| path.extension().is_some_and(|name| name == "wasm");
    let mut programs = programs(&said)?;
    programs.retain(|path| is_wasm(path));
    Ok(programs)
}

/// Runs a program's `main`. A test that fails there has no way to say why: it traps.
fn execute(bytes: &[u8]) -> Result<()> {
    let mut config = Config::default();
    config.wasm_simd(true);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, bytes)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
    let main = instance.get_typed_func::<(i32, i32), i32>(&store, "main")?;
    let code = main.call(&mut store, (0, 0))?;
    ensure!(code == 0, "the suite ended with {code}");
    Ok(())
}

const TARGET: &str = "wasm32-unknown-unknown";

#[cfg(test)]
mod tests {
    use super::*;

    /// The interpreter reads a program's text as well.
    fn program(body: &str) -> Vec<u8> {
        let text = format!("(module (func (export \"main\") (param i32 i32) (result i32) {body}))");
        text.into_bytes()
    }

    #[test]
    fn a_trap_and_a_code_are_failures() {
        assert!(execute(&program("i32.const 0")).is_ok());
        assert!(execute(&program("i32.const 101")).is_err());
        assert!(execute(&program("unreachable")).is_err());
        assert!(execute(b"no program").is_err());
    }
}
