//! Settings: where they come from, and how errors look.

use super::{LIMIT, minigo, process, program, run};

fn run_with(environment: &[(&str, &str)], arguments: &[&str]) -> process::Run {
    let mut command = minigo();
    for name in [
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "MINIGO_FLAGS",
        "MINIGO_SEED",
        "GOGC",
    ] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied()).args(arguments);
    process::run(&mut command, LIMIT).expect("minigo starts")
}

#[test]
fn flags_beat_the_environment_and_the_environment_the_defaults() {
    let check = |environment: &[(&str, &str)], arguments: &[&str], expected: &str| {
        let mut all = vec!["env"];
        all.extend(arguments);
        let text = run_with(environment, &all).stdout;
        assert!(
            text.lines().any(|line| line == expected),
            "{expected} is not in\n{text}"
        );
    };
    check(&[], &[], "seed='' # default");
    check(
        &[("MINIGO_SEED", "3")],
        &[],
        "seed='3' # environment: MINIGO_SEED",
    );
    check(
        &[("MINIGO_FLAGS", "-seed=4"), ("MINIGO_SEED", "3")],
        &[],
        "seed='4' # MINIGO_FLAGS",
    );
    check(
        &[("MINIGO_FLAGS", "-seed=4")],
        &["--seed=5"],
        "seed='5' # flag",
    );
    check(
        &[("GOMAXPROCS", "3")],
        &[],
        "procs='3' # environment: GOMAXPROCS",
    );
    check(&[("GOMAXPROCS", "3")], &["-procs=2"], "procs='2' # flag");
    check(&[("GOGC", "50")], &[], "GOGC='50' # environment");
    assert_eq!(
        run_with(&[("GOMAXPROCS", "3")], &["env", "procs"]).stdout,
        "3\n"
    );
}

#[test]
fn colors_follow_flag_and_environment() {
    let path = program("colors.mgo", "package main\n\nfunc main() { x }\n");
    let path = path.to_string_lossy();
    let is_colored = |environment: &[(&str, &str)], flag: &str| {
        let run = run_with(
            environment,
            &["check", "--error-format=pretty", flag, &path],
        );
        run.stderr.contains('\x1b')
    };
    assert!(!is_colored(&[], "--color=auto"), "no terminal");
    assert!(is_colored(&[("NO_COLOR", "1")], "--color=always"));
    assert!(is_colored(&[("CLICOLOR_FORCE", "1")], "--color=auto"));
    assert!(!is_colored(&[("CLICOLOR_FORCE", "0")], "--color=auto"));
    assert!(!is_colored(
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
        "--color=auto"
    ));
    assert!(!is_colored(&[("CLICOLOR_FORCE", "1")], "--color=never"));
}

#[test]
fn json_has_one_object_a_line() {
    let path = program(
        "json.mgo",
        "package main\n\nfunc main() {\n\tvar x string = 1\n\tx := 2\n}\n",
    );
    let path = path.to_string_lossy();
    let run = run(&["check", "--error-format=json", &path]);
    assert_eq!(run.exit, Ok(1));
    let lines: Vec<&str> = run.stderr.lines().collect();
    let fields = [
        "\"file\":",
        "\"line\":4,",
        "\"column\":17,",
        "\"endLine\":4,",
        "\"endColumn\":18,",
        "\"severity\":\"error\"",
        "\"code\":\"E0204\"",
        "\"message\":\"cannot use 1",
        "\"labels\":[",
        "\"help\":[",
    ];
    let line = lines
        .iter()
        .find(|line| line.contains("E0204"))
        .expect("the error");
    for field in fields {
        assert!(line.contains(field), "{field} is not in {line}");
    }
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with('{') && line.ends_with('}')),
        "{lines:?}"
    );
}

#[test]
fn what_vet_finds_is_a_warning_that_fails_the_check() {
    let source = "package main\n\nimport \"sync\"\n\ntype T struct {\n\tn  int\n\tmu sync.Mutex\n}\n\nfunc (t T) M() {}\n\nfunc ret(t *T) T { return *t }\n\nfunc main() {\n\tvar t T\n\tu := t\n\t_ = u\n\tfor _, x := range []T{} {\n\t\tx.n++\n\t}\n\tf := func(a, b T) {}\n\tf(t, T{})\n\t_ = []T{t}\n\tt.M()\n\tret(&t)\n}\n";
    let path = program("vet.mgo", source);
    let path = path.to_string_lossy();
    let run = super::run(&["check", &path]);
    let found = run.stderr.replace(&format!("{path}:"), "");
    // As go vet says it.
    let expected = "10:9: M passes lock by value: command-line-arguments.T contains sync.Mutex
12:27: return copies lock value: command-line-arguments.T contains sync.Mutex
16:7: assignment copies lock value to u: command-line-arguments.T contains sync.Mutex
17:6: assignment copies lock value to _: command-line-arguments.T contains sync.Mutex
18:9: range var x copies lock: command-line-arguments.T contains sync.Mutex
21:17: func passes lock by value: command-line-arguments.T contains sync.Mutex
22:4: call of f copies lock value: command-line-arguments.T contains sync.Mutex
23:10: literal copies lock value from t: command-line-arguments.T contains sync.Mutex
";
    assert_eq!((found.as_str(), &run.exit), (expected, &Ok(1)));
    assert_eq!(
        super::run(&["run", &path]).exit,
        Ok(0),
        "it runs all the same"
    );
    let json = super::run(&["check", "--error-format=json", &path]).stderr;
    assert!(json.contains("\"severity\":\"warning\""), "{json}");
}
