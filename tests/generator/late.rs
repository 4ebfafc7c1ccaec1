//! Expressions with calls that change the other operands.
//!
//! Go leaves open when a variable is read that a call in the same expression changes; its compiler reads after all calls, and so
//! does minigo. The calls go through `keep`, which Go's compiler does not look into: what it inlines it may read earlier.

use super::Generator;
use super::tree::{Node, item};
use super::types::Ty;

/// Variables of a block, and what a call of `change` does to them.
const VARIABLES: &[(&str, &str)] = &[
    ("x#", "x# += 3"),
    ("y#", "y# = x# * 2"),
    ("s#", "s# += \"b\""),
    ("l#", "l# = append(l#[:1:1], x#, y#)"),
    ("l#", "l#[0]++"),
    ("m#", "m#[s#] = x#"),
    ("m#", "m#[\"k\"]++"),
    ("t#", "t#.a += 2"),
    ("t#", "t#.c[1] = t#.a"),
    ("p#", "p# = &@late{a: p#.a + 1, b: p#}"),
    ("p#", "p#.c[0]--"),
    ("a#", "a#[2] += 5"),
    ("f#", "f# = func(n int) int { return n + x# }"),
    ("i#", "i# = x#"),
    ("b#", "b#[0]++"),
    ("u#", "u# += 40"),
    ("d#", "d# *= 1.5"),
];

const BEGIN: &str = "type @late struct {\na int\nb *@late\nc [3]int\n}
x#, y#, s#, l#, m#, t# := 1, 2, \"a\", []int{1, 2, 3}, map[string]int{\"k\": 1, \"a\": 2}, @late{a: 1}
p#, a#, f#, i#, b#, u#, d# := &@late{a: 5}, [3]int{7, 8, 9}, func(n int) int { return n }, any(1), []byte(\"cd\"), uint8(250), 1.25";

const SHOW: &str =
    "fmt.Println(x#, y#, s#, l#, m#, t#.a, t#.c, p#.a, p#.c, a#, f#(1), i#, b#, u#, d#)";

impl Generator {
    /// A block whose expressions change their operands.
    pub(crate) fn late_operands(&mut self) -> Node {
        let id = self.fresh("");
        let text = |text: &str| {
            Node::Text(
                text.replace('#', &id)
                    .replace("@late", &format!("late{id}")),
            )
        };
        let mut nodes = vec![
            text(&format!("{{\n{BEGIN}\n")),
            text("change# := keep(func() int {\n"),
        ];
        for _ in 0..self.random.range(1, 6) {
            let (_, change) = self.random.pick(VARIABLES);
            nodes.push(Node::Item(vec![text(&format!("{change}\n"))]));
        }
        nodes.push(text("return x#\n})\nname# := keep(func() string {\n"));
        for _ in 0..self.random.range(1, 3) {
            let (_, change) = self.random.pick(VARIABLES);
            nodes.push(Node::Item(vec![text(&format!("{change}\n"))]));
        }
        nodes.push(text("return s#\n})\n"));
        for _ in 0..self.random.range(1, 5) {
            let statement = self.late_statement(&id);
            nodes.push(statement);
            nodes.push(Node::Item(vec![text(&format!("{SHOW}\n"))]));
        }
        nodes.push(text(&format!("_, _ = change#, name#\n{SHOW}\n}}\n")));
        Node::Item(nodes)
    }

    fn late_statement(&mut self, id: &str) -> Node {
        let mut parts = Vec::new();
        let mut int = |this: &mut Generator| {
            let depth = this.random.range(1, 4);
            parts.push(this.late_int(id, depth));
        };
        let template = match self.random.below(24) {
            0 => "x# = $",
            1 => "x# += $",
            2 => "y# -= $",
            3 => "l#[uint($)%uint(len(l#))] = $",
            4 => "a#[uint($)%3] += $",
            5 => "t#.a, x# = $, $",
            6 => "x#, l#[0], p#.a = $, $, $",
            7 => "m#[s#] = $",
            8 => "m#[s#] += $",
            9 => "l# = append(l#, $, $)",
            10 => "p#.c[uint(x#)%3] = $",
            11 => "*p# = late#{a: $, b: p#, c: [3]int{$, $, x#}}",
            12 => "if x# < ($) {\nfmt.Println(\"less\")\n}",
            13 => {
                "switch ($) {\ncase $, x#:\nfmt.Println(\"same\")\ncase y# + $:\nfmt.Println(\"other\")\n}"
            }
            14 => "for n, v := range []int{$, x#, $} {\nfmt.Println(n, v)\n}",
            15 => "fmt.Println(func() (int, string, []int) { return $, s#, l# }())",
            16 => {
                "l#[uint(y#)%uint(len(l#))], y# = func(n int) (int, int) { x# += n; return x#, y# }($)"
            }
            17 => "func() {\ndefer fmt.Println($, x#, l#)\ndefer f#($)\n}()",
            18 => "m# = map[string]int{s#: $, \"z\": $}",
            19 => "{\nv#, w# := $, $\nfmt.Println(v#, w#)\n}",
            20 => "s# += fmt.Sprint($, s#)",
            21 => "fmt.Println(len(l#), $, t#, *p#.b, a#, i#, string(b#), u#, d#)",
            _ => "fmt.Println($, $, $)",
        };
        for _ in template.matches('$') {
            int(self);
        }
        let template = template
            .replace("*p#.b, ", "")
            .replace("late#", &format!("late{id}"))
            .replace('#', id);
        item(&template, parts)
    }

    /// An `int` of a variable that calls change.
    fn late_int(&mut self, id: &str, depth: usize) -> Node {
        const LEAVES: &[&str] = &[
            "x#",
            "y#",
            "t#.a",
            "t#.c[1]",
            "p#.a",
            "p#.c[0]",
            "l#[0]",
            "l#[len(l#)-1]",
            "l#[uint(x#)%uint(len(l#))]",
            "m#[s#]",
            "m#[\"k\"]",
            "a#[2]",
            "a#[uint(y#)%3]",
            "i#.(int)",
            "len(s#)",
            "len(l#)",
            "len(string(b#))",
            "int(b#[0])",
            "int(u#)",
            "int(d#)",
            "int(s#[len(s#)-1])",
            "len(l#[1:])",
            "len(s#[1:])",
            "*(&x#)",
        ];
        const CALLS: &[&str] = &[
            "change#()",
            "len(name#())",
            "func() int { y#++; x# = y#; return x# }()",
            "f#(change#())",
        ];
        const NESTED: &[&str] = &[
            "($ + $)",
            "($ + $)",
            "($ - $)",
            "($ * $)",
            "-($)",
            "($ / ($ | 1))",
            "f#($)",
            "min($, $)",
            "[]int{$, $}[uint($)%2]",
            "[...]int{$, $, 3}[1]",
            "len(append(l#, $, $))",
            "late#{a: $, c: [3]int{1: $}}.a",
            "(&late#{a: $}).a",
            "map[int]int{$: $, y#: 1}[x#]",
            "len(s# + fmt.Sprint($) + name#() + s#)",
            "len(fmt.Sprint($, s#, $, l#, t#.a))",
            "len(fmt.Sprint(late#{a: $}, $))",
            "pick($ < $, x#, $)",
            "pick(x# < $ && $ > y#, $, l#[0])",
            "pick(s# == name#(), $, $)",
            "pick(any($) == i#, $, 1)",
            "func(n int, more ...int) int { return n + len(more) }($, $, x#)",
            "func() int { return $ }()",
        ];
        let text = match self.random.below(10) {
            _ if depth == 0 && self.random.chance(30) => *self.random.pick(CALLS),
            _ if depth == 0 => *self.random.pick(LEAVES),
            0..2 => *self.random.pick(LEAVES),
            2..5 => *self.random.pick(CALLS),
            _ => *self.random.pick(NESTED),
        };
        let parts = text.matches('$').map(|_| self.late_int(id, depth - 1));
        let parts = parts.collect();
        let template = text.replace("late#", &format!("late{id}")).replace('#', id);
        self.make(&Ty::INT, &template, parts)
    }
}
