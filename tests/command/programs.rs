//! The ways to say which program is meant.

use super::{LIMIT, minigo, program, run};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use wait_timeout::ChildExt;

/// The program prints this, to standard error for `println`.
#[track_caller]
fn check(arguments: &[&str], stdout: &str, stderr: &str) {
    let run = run(arguments);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str(), &run.exit),
        (stdout, stderr, &Ok(0)),
        "{arguments:?}"
    );
}

#[test]
fn several_files_in_the_order_of_the_command_line() {
    let file = |name: &str, text: &str| {
        let path = program(
            name,
            format!("package main\n\nfunc init() {{ println({name:?}) }}\n{text}"),
        );
        path.to_string_lossy().into_owned()
    };
    let a = file("several_a.mgo", "func main() { println(f()) }\n");
    let b = file("several_b.go", "func f() int { return 7 }\n");
    check(
        &["run", &a, &b, "x.txt"],
        "",
        "several_a.mgo\nseveral_b.go\n7\n",
    );
    check(&["run", &b, &a], "", "several_b.go\nseveral_a.mgo\n7\n");
    check(&[&b, &a], "", "several_b.go\nseveral_a.mgo\n7\n");
}

#[test]
fn code_from_the_command_line() {
    check(
        &["-e", "fmt.Println(strings.ToUpper(\"a\"), 1+2)"],
        "A 3\n",
        "",
    );
    check(
        &["run", "-e", "println(len(os.Args), os.Args[1])", "-x"],
        "",
        "2 -x\n",
    );
    check(
        &[
            "-e",
            "func f() int { return 3 }; func main() { println(f()) }",
        ],
        "",
        "3\n",
    );
    check(
        &["-e", "package main; func main() { println(4) }"],
        "",
        "4\n",
    );
    check(&["-e", "time := 3; println(time)"], "", "3\n");
    check(&["-e", "// nothing"], "", "");
    let wrong = run(&["-e", "x := 1\n  y()"]);
    assert_eq!(
        wrong.stderr,
        "-e:1:1: declared and not used: x\n-e:2:3: undefined: y\n"
    );
    let pretty = run(&["run", "--error-format=pretty", "-e", "x := 1\n  y()"]);
    assert!(pretty.stderr.contains("2 │   y()"), "{}", pretty.stderr);
}

#[test]
fn standard_input() {
    let mut child = minigo()
        .args(["-", "argument"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("minigo starts");
    let mut input = child.stdin.take().expect("a pipe");
    let source = "#!/usr/bin/env minigo\npackage main\n\nimport (\"fmt\"; \"os\")\n\nfunc main() { fmt.Println(os.Args[1:]) }\n";
    input.write_all(source.as_bytes()).expect("a reader");
    drop(input);
    child.wait_timeout(LIMIT).expect("a child to wait for");
    let output = child.wait_with_output().expect("output");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[argument]\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_script() {
    let source = format!(
        "#!{}\npackage main\n\nimport (\"fmt\"; \"os\")\n\nfunc main() {{ fmt.Println(os.Args[1:]) }}\n",
        env!("CARGO_BIN_EXE_minigo")
    );
    let path = program("script", source);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    let output = Command::new(&path)
        .args(["--seed=1", "-v"])
        .output()
        .expect("the script starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[--seed=1 -v]\n");
}

#[test]
fn a_folder_without_module() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../folder_without_module");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(
        folder.join("b.mgo"),
        "package main\n\nfunc f() int { return 5 }\n",
    )
    .expect("a file");
    fs::write(
        folder.join("a.mgo"),
        "package main\n\nfunc main() { println(f()) }\n",
    )
    .expect("a file");
    fs::write(folder.join("a_test.mgo"), "package main\n\nfunc f() {}\n").expect("a file");
    check(&["run", &folder.to_string_lossy()], "", "5\n");
    check(&[&folder.to_string_lossy()], "", "5\n");
}

#[test]
fn modules_that_mean_another_go_are_refused() {
    let refused = |name: &str, module: &str, message: &str| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("modules")
            .join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("go.mod"), module).expect("a file");
        fs::write(folder.join("a.mgo"), "package main\n\nfunc main() {}\n").expect("a file");
        let run = run(&["run", &folder.to_string_lossy()]);
        assert_eq!(run.exit, Ok(1), "{run:?}");
        assert!(run.stderr.contains(message), "{run:?}");
    };
    refused(
        "old",
        "module m\n\ngo 1.20\n",
        "go.mod:3: not supported by minigo: go 1.20",
    );
    refused("none", "module m\n", "no go line, which means go 1.16");
    refused("new", "module m\n\ngo 1.28\n", "requires go >= 1.28");
    refused("odd", "mod m\n", "go.mod:1: unknown directive: mod");
    refused(
        "debug",
        "module m\n\ngo 1.27\n\ngodebug panicnil=1\n",
        "not supported by minigo: godebug",
    );
}

#[test]
fn instructions_stand_below_their_lines() {
    let path = program(
        "dis.mgo",
        "package main\n\nfunc main() {\n\tx := 1\n\tprintln(x + 2)\n}\n",
    );
    let run = run(&["dis", &path.to_string_lossy()]);
    assert_eq!(run.exit, Ok(0), "{run:?}");
    let (_, main) = run.stdout.split_once("main.main  ").expect("the function");
    let (before, after) = main
        .split_once("     5 | \tprintln(x + 2)\n")
        .expect("the line");
    assert!(
        before.contains("     4 | \tx := 1\n") && before.contains("ConstInt"),
        "{main}"
    );
    assert!(after.contains("AddIntImm"), "{main}");
    assert!(
        !run.stdout.contains("runtime.main"),
        "the library: {}",
        run.stdout
    );
}
