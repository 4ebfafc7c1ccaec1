//! The prompt in a real terminal: the tests type, and look at what is on the screen; they wait for something to appear as long as it
//! takes, and no longer than a minute.

use expectrl::session::OsSession;
use expectrl::{ControlCode, Expect, Regex, Session};
use std::process::Command;
use std::time::{Duration, Instant};

/// What the editor writes when it begins to edit a line; the prompt itself is also drawn again while one is edited.
const PROMPT: &str = "\x1b[?2004h";

/// A session in a terminal.
struct Terminal {
    session: OsSession,
}

impl Terminal {
    fn start() -> Terminal {
        Terminal::with(|_| ())
    }

    fn with(setup: impl FnOnce(&mut Command)) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
        command
            .arg("repl")
            .env("NO_COLOR", "1")
            .env("TERM", "xterm")
            .env("MINIGO_HISTORY", "")
            .env("GOMAXPROCS", "2")
            .env_remove("MINIGO_SEED");
        setup(&mut command);
        let mut session = Session::spawn(command).expect("a terminal");
        session.set_expect_timeout(Some(Duration::from_secs(60)));
        let mut terminal = Terminal { session };
        terminal.sees(PROMPT);
        terminal
    }

    /// Waits until the text appears.
    fn sees(&mut self, text: &str) {
        self.session
            .expect(text)
            .unwrap_or_else(|error| panic!("{text:?} does not appear: {error}"));
    }

    fn sees_like(&mut self, pattern: &str) {
        self.session
            .expect(Regex(pattern))
            .unwrap_or_else(|error| panic!("{pattern:?} does not appear: {error}"));
    }

    fn types(&mut self, text: &str) {
        self.session.send(text).expect("the terminal takes it");
    }

    /// Waits until the editor has handed the terminal to what was entered.
    fn runs(&mut self) {
        self.sees("\x1b[?2004l");
    }

    /// Enters a line and waits for what it shows and for the next prompt.
    fn enters(&mut self, line: &str, shown: &str) {
        self.types(line);
        self.types("\r");
        if !shown.is_empty() {
            self.sees(shown);
        }
        self.sees(PROMPT);
    }

    fn presses(&mut self, key: ControlCode) {
        self.session.send(key).expect("the terminal takes it");
    }

    /// Enters a line that runs on and stops it with Ctrl-C.
    fn stops(&mut self, line: &str) {
        self.types(line);
        self.types("\r");
        self.runs();
        self.presses(ControlCode::EndOfText);
        self.sees("// stopped");
        self.sees(PROMPT);
    }

    /// Leaves with Ctrl-D and waits for the end.
    fn leaves(mut self) {
        self.presses(ControlCode::EndOfTransmission);
        self.session
            .expect(expectrl::Eof)
            .expect("the session ends");
    }
}

#[test]
fn a_value_survives_goroutines_loops_and_deadlocks() {
    let mut t = Terminal::start();
    t.enters("x := 41", "");
    t.enters("ch := make(chan int)", "");
    t.enters("go func() { ch <- x + 1 }()", "");
    t.enters("<-ch", "42 // int");
    t.stops("for {}");
    t.types("<-ch\r");
    t.sees("this input waits for ever - deadlock!");
    t.sees("repl[6]:1:1");
    t.sees("explanation: receive without a sender");
    t.sees("channel `ch` (made at repl[2]:1:7, cap 0)");
    t.sees(PROMPT);
    t.enters("x", "41 // int");
    t.leaves();
}

#[test]
fn output_of_goroutines_appears_above_the_line_that_is_edited() {
    let mut t = Terminal::start();
    t.enters("tick := make(chan int)", "");
    t.enters(
        "go func() { for i := range tick { fmt.Println(\"tick\", i) } }()",
        "",
    );
    t.enters(
        "go func() { time.Sleep(300 * time.Millisecond); tick <- 7 }()",
        "",
    );
    t.types("1 + ");
    t.sees("1 + ");
    t.sees("tick 7");
    // The line is shown again below, and goes on.
    t.sees(">>> 1 + ");
    t.enters("2", "3 // int");
    t.leaves();
}

#[test]
fn ctrl_c_leaves_a_block_and_an_empty_prompt_says_how_to_leave() {
    let mut t = Terminal::start();
    t.presses(ControlCode::EndOfText);
    t.sees("(:quit or Ctrl-D to exit)");
    t.sees(PROMPT);
    t.types("func f() {\r");
    t.types("return");
    t.sees("return");
    t.presses(ControlCode::EndOfText);
    t.sees(PROMPT);
    t.enters("1 + 1", "2 // int");
    // Two empty lines end what cannot be right.
    t.types("g := func( {\r\r\r");
    t.sees("syntax error");
    t.sees(PROMPT);
    t.types(":q\r");
    t.session.expect(expectrl::Eof).expect("the session ends");
}

#[test]
fn a_sleeping_evaluation_says_so_and_stops() {
    let mut t = Terminal::start();
    t.types("time.Sleep(time.Hour)\r");
    t.sees("// waiting: sleep");
    t.presses(ControlCode::EndOfText);
    t.sees("// stopped");
    t.sees(PROMPT);
    t.enters("go func() { time.Sleep(time.Hour) }()", "");
    t.types("select {}\r");
    t.sees("// waiting: select (no cases)");
    t.presses(ControlCode::EndOfText);
    t.sees(PROMPT);
    t.types("go func() { select {} }(); for {}\r");
    t.runs();
    t.presses(ControlCode::EndOfText);
    t.sees_like("// goroutine \\d+ that it started still runs; :kill new ends it");
    t.sees(PROMPT);
    t.enters(":kill new", "");
    t.leaves();
}

#[test]
fn panics_keep_the_session() {
    let mut t = Terminal::start();
    t.enters("m := map[string]int{\"a\": 1}", "");
    t.enters("var p *int", "");
    t.types("*p\r");
    t.sees("panic: runtime error: invalid memory address or nil pointer dereference");
    t.sees("repl[3]:1:1");
    t.sees(PROMPT);
    t.types("go func() { panic(\"behind\") }()\r");
    t.sees("panic: behind");
    t.enters("m[\"a\"]", "1 // int");
    t.enters(":strict on", "");
    t.types("panic(\"the end\")\r");
    t.sees("panic: the end");
    t.session.expect(expectrl::Eof).expect("the session ends");
}

#[test]
fn names_fields_methods_packages_commands_and_files_are_completed() {
    let folder = std::env::temp_dir().join(format!("minigo-repl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(
        folder.join("program.mgo"),
        "package main\n\nfunc loaded() int { return 77 }\n",
    )
    .expect("a file");
    let mut t = Terminal::with(|command| {
        command.current_dir(&folder);
    });
    t.enters("type point struct { horizontal, vertical int }", "");
    t.enters(
        "func (p point) Length() int { return p.horizontal + p.vertical }",
        "",
    );
    t.enters("position := point{3, 4}", "");
    t.types("posi\t.hori\t\r");
    t.sees("3 // int");
    t.sees(PROMPT);
    t.types("position.Len\t()\r");
    t.sees("7 // int");
    t.sees(PROMPT);
    t.types("strings.ToUp\t(\"a\")\r");
    t.sees("\"A\" // string");
    t.sees(PROMPT);
    t.types(":va\t\r");
    t.sees("var position point");
    t.sees(PROMPT);
    t.types(":load prog\t\r");
    t.sees(PROMPT);
    t.enters("loaded()", "77 // int");
    t.leaves();
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn history_keeps_several_lines_as_one_item_across_sessions() {
    let file = std::env::temp_dir().join(format!("minigo-history-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let mut t = Terminal::with(|command| {
        command.env("MINIGO_HISTORY", &file);
    });
    t.types("func twice(x int) int {\rreturn 2 * x\r}\r");
    t.sees(PROMPT);
    t.enters("twice(4)", "8 // int");
    t.leaves();
    let mut t = Terminal::with(|command| {
        command.env("MINIGO_HISTORY", &file);
    });
    // Up twice: the function, whole; entering it needs no further line.
    t.types("\x1b[A\x1b[A");
    t.sees("return 2 * x");
    t.types("\r");
    t.sees(PROMPT);
    t.enters("twice(5)", "10 // int");
    // Ctrl-R finds it, too.
    t.types("\x12twice(4");
    t.sees("twice(4)");
    t.types("\r");
    t.sees("8 // int");
    t.sees(PROMPT);
    t.leaves();
    std::fs::remove_file(&file).expect("the history was written");
}

#[test]
fn a_paste_is_one_input() {
    let mut t = Terminal::start();
    t.types("\x1b[200~a := 1\nb := a + 1\na + b\x1b[201~\r");
    t.sees("3 // int");
    t.sees(PROMPT);
    t.leaves();
}

#[test]
fn goroutines_channels_and_locks_are_shown() {
    let mut t = Terminal::start();
    t.enters("requests, done := make(chan int), make(chan bool)", "");
    t.enters("var mu sync.Mutex", "");
    t.enters("mu.Lock()", "");
    t.enters("go func() { mu.Lock(); mu.Unlock(); done <- true }()", "");
    t.enters(
        "go func() { for r := range requests { fmt.Println(\"got\", r) } }()",
        "",
    );
    t.types(":go\r");
    t.sees_like(
        "\\d+ +sync.Mutex.Lock on mu +repl\\[4\\]:1:\\d+ +by goroutine \\d+ at repl\\[4\\]:1:\\d+",
    );
    t.sees(PROMPT);
    t.types(":go\r");
    t.sees_like("\\d+ +chan receive on requests +repl\\[5\\]:1:\\d+");
    t.sees(PROMPT);
    t.types(":chan requests\r");
    t.sees_like("requests // chan int\r\n +holds 0 of 0\r\n +waiting to receive: goroutine \\d+\r\n +waiting to send: nobody");
    t.sees(PROMPT);
    t.types(":lock mu\r");
    t.sees_like(
        "mu // sync.Mutex\r\n +locked by a goroutine that has ended\r\n +waiting: goroutine \\d+",
    );
    t.sees(PROMPT);
    t.leaves();
}

#[test]
fn what_waits_outside_of_the_machine_stops() {
    let mut t = Terminal::start();
    let mut stops = |line: &str, waits: &str| {
        t.types(line);
        t.types("\r");
        t.sees(waits);
        t.presses(ControlCode::EndOfText);
        t.sees("// stopped");
        t.sees(PROMPT);
        // What is typed from now on is the prompt's.
        t.enters("40 + 2", "42 // int");
    };
    stops(
        "bufio.NewReader(os.Stdin).ReadString('\\n')",
        "// waiting: a system call",
    );
    stops(
        "var word string; fmt.Scan(&word)",
        "// waiting: a system call",
    );
    stops(
        "r, w, _ := os.Pipe(); r.Read(make([]byte, 1))",
        "// waiting: a system call",
    );
    stops("w.Write(make([]byte, 1<<20))", "// waiting: a system call");
    stops("time.Sleep(time.Hour)", "// waiting: sleep");
    stops(
        "import \"net\"; l, _ := net.Listen(\"tcp\", \"127.0.0.1:0\"); l.Accept()",
        "// waiting: IO wait",
    );
    stops(
        "c, _ := net.Dial(\"tcp\", l.Addr().String()); c.Read(make([]byte, 1))",
        "// waiting: IO wait",
    );
    t.enters(":go", "no goroutines");
    t.leaves();
}

#[test]
fn what_is_typed_reaches_a_program_that_reads() {
    let mut t = Terminal::start();
    t.types("var word string; n, _ := fmt.Scanln(&word)\r");
    t.sees("// waiting: a system call");
    t.types("hello\n");
    t.sees(PROMPT);
    t.enters("word", "\"hello\" // string");
    t.leaves();
}

#[test]
fn many_goroutines_do_not_keep_the_prompt_away() {
    let mut t = Terminal::start();
    t.types(
        "for i := 0; ; i++ { go func() { select {} }(); if i == 100_000 { println(\"many\") } }\r",
    );
    t.runs();
    t.sees("many\r\n");
    t.presses(ControlCode::EndOfText);
    t.sees("// stopped");
    t.sees_like(
        "// (\\d+ goroutines are there|goroutines .* and \\d+ more that it started still run); :kill new ends",
    );
    t.sees(PROMPT);
    t.types(":go\r");
    t.sees_like("and \\d+ more\r\n");
    t.sees(PROMPT);
    t.enters(":kill all", "");
    t.enters(":wait", "");
    t.enters(":go", "no goroutines");
    t.leaves();
}

#[test]
fn what_a_stopped_input_leaves_behind_is_told() {
    let mut t = Terminal::start();
    t.types("for range 50 { go func() { select {} }() }; println(\"started\"); for {}\r");
    t.runs();
    t.sees("started\r\n");
    t.presses(ControlCode::EndOfText);
    t.sees("// stopped");
    t.sees_like(
        "// goroutines (\\d+, ){10}and \\d+ more that it started still run; :kill new ends them",
    );
    t.sees(PROMPT);
    t.enters(":kill new", "");
    t.enters(":wait", "");
    t.enters(":go", "no goroutines");
    t.leaves();
}

#[test]
fn deferred_calls_without_end_do_not_keep_the_prompt_away() {
    let mut t = Terminal::start();
    t.stops("for { defer func() { go func() {}() }() }");
    t.stops("defer func() { for {} }(); for {}");
    t.enters("1 + 1", "2 // int");
    t.leaves();
}

#[test]
fn loops_without_end_do_not_keep_an_input_from_its_turn() {
    let mut t = Terminal::start();
    t.enters("for range 2000 { go func() { for {} }() }", "");
    t.enters("1 + 1", "2 // int");
    t.stops("for {}");
    t.enters(":kill all", "");
    t.enters(":wait", "");
    t.enters(":go", "no goroutines");
    t.leaves();
}

#[test]
fn the_last_input_is_edited_with_the_users_editor() {
    let mut t = Terminal::with(|command| {
        command
            .env("VISUAL", "sed -i s/21/40/")
            .env("EDITOR", "false");
    });
    t.enters("2 + 21", "23 // int");
    t.types(":edit\r");
    t.sees("2 + 40");
    t.sees("42 // int");
    t.sees(PROMPT);
    t.types(":history\r");
    t.sees("2 + 21\r\n2 + 40\r\n");
    t.sees(PROMPT);
    t.types(":clear\r");
    t.sees("\x1b[H\x1b[2J");
    t.sees(PROMPT);
    t.leaves();
}

/// Numbers that only look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn name(&mut self) -> &'static str {
        self.one(&["a", "b", "ch", "mu", "f", "T"])
    }

    fn expression(&mut self, depth: usize) -> String {
        let name = self.name();
        if depth > 2 {
            return self
                .one(&["a", "ch", "7", "\"s\"", "true", "nil", "1.5"])
                .to_string();
        }
        let x = self.expression(depth + 1);
        match self.below(11) {
            0 | 1 => name.to_string(),
            2 => format!(
                "{x}{}{}",
                self.one(&["+", "/", "<<", "==", "&&"]),
                self.expression(depth + 1)
            ),
            3 => format!("{name}({x})"),
            4 => format!("<-{name}"),
            5 => format!("[]int{{{x}}}[{}]", self.expression(depth + 1)),
            6 => self
                .one(&[
                    "make(chan int)",
                    "make(chan int, 1)",
                    "new(int)",
                    "sync.Mutex{}",
                ])
                .to_string(),
            7 => format!("func() int {{ return {x} }}"),
            8 => format!("&{name}"),
            9 => format!("{name}.{}", self.name()),
            _ => format!("fmt.Sprint({x})"),
        }
    }

    fn line(&mut self, depth: usize) -> String {
        let (name, x) = (self.name(), self.expression(0));
        let inner = if depth > 1 {
            String::new()
        } else {
            self.line(depth + 1)
        };
        match self.below(22) {
            0..3 => format!("{name} := {x}"),
            3 | 4 => x,
            5 | 6 => format!("go func() {{ {inner} }}()"),
            7 => format!("{name} <- {x}"),
            8 => "for {}".to_string(),
            9 => format!("for {{ {inner} }}"),
            10 => "select {}".to_string(),
            11 => format!("func f(a int) int {{ return a + {x} }}"),
            12 => format!("type T struct {{ a int; {name} chan T }}"),
            13 => format!("func (t *T) M{}() {{ {inner} }}", self.below(5)),
            14 => format!("defer func() {{ {inner} }}()"),
            15 => format!("panic({x})"),
            16 => self
                .one(&[
                    "mu.Lock()",
                    "mu.Unlock()",
                    "var mu sync.Mutex",
                    "var wg sync.WaitGroup; wg.Add(1); wg.Wait()",
                ])
                .to_string(),
            17 => self
                .one(&[
                    "time.Sleep(time.Millisecond)",
                    "time.Sleep(time.Hour)",
                    "<-time.After(time.Hour)",
                ])
                .to_string(),
            18 => self
                .one(&[
                    ":go",
                    ":vars",
                    ":funcs",
                    ":graph",
                    ":gc",
                    ":kill all",
                    ":chan ch",
                    ":lock mu",
                    ":procs 3",
                    ":procs 1",
                    ":kill new",
                    ":reset",
                    ":wait",
                    ":type f",
                    ":dis f",
                    ":nothing",
                ])
                .to_string(),
            19 => format!("if {x} {{ {inner} }}"),
            20 => format!("{name} = {x}"),
            _ => (0..self.below(30))
                .map(|_| {
                    self.one(&[
                        "a", "(", ")", "{", "}", "[", "]", "+", ":=", "<-", ".", ";", "\"", "`",
                        "'", " ", "go", "1",
                    ])
                })
                .collect(),
        }
    }
}

/// `MINIGO_SEED` chooses the lines.
#[test]
#[ignore = "takes minutes, and the time that it measures is the machine's, too"]
fn a_thousand_random_lines_never_lose_the_prompt() {
    let seed = std::env::var("MINIGO_SEED").map_or(1, |text| text.parse().expect("a number"));
    let mut t = Terminal::start();
    let mut random = Random(0x5eed_0123_4567_89ab ^ u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
    let mut longest = (Duration::ZERO, String::new());
    for number in 0..1000 {
        let line = random.line(0);
        if std::env::var_os("SHOW").is_some() {
            eprintln!("{number} {line:?}");
        }
        t.types(&line);
        t.types("\r");
        t.session
            .set_expect_timeout(Some(Duration::from_millis(200)));
        let at_once = t.session.expect(PROMPT).is_ok();
        t.session.set_expect_timeout(Some(Duration::from_secs(60)));
        if !at_once {
            // It runs, or is not complete: Ctrl-C ends both.
            let pressed = Instant::now();
            t.presses(ControlCode::EndOfText);
            t.session
                .expect(PROMPT)
                .unwrap_or_else(|error| panic!("no prompt after {line:?}: {error}"));
            longest = longest.max((pressed.elapsed(), line.clone()));
        }
        // It may have come to its end right before Ctrl-C: then a second prompt is on its way.
        t.types(&format!(":after{number}\r"));
        t.session
            .expect(format!("there is no command :after{number}"))
            .unwrap_or_else(|error| panic!("no answer after {line:?}: {error}"));
        t.sees(PROMPT);
    }
    t.leaves();
    let (time, line) = longest;
    println!("the longest wait was {time:?}, after {line:?}");
    assert!(time <= Duration::from_secs(1), "{time:?} after {line:?}");
}
