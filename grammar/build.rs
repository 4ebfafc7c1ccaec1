//! Generates the parser from `src/minigo.lalrpop`.

fn main() {
    println!("cargo::rerun-if-changed=src/minigo.lalrpop");
    if let Err(error) = lalrpop::process_src() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
