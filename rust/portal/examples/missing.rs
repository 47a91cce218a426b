//! Lists what each language file still lacks (shown in English until then); exit status 1 if anything.

fn main() -> std::process::ExitCode {
    let mut missing = 0;
    for language in &portal::lang::LANGUAGES {
        for name in language.missing {
            println!("strings/{}.ftl: {name}", language.code);
            missing += 1;
        }
    }
    println!("{missing} missing in {} languages", portal::lang::LANGUAGES.len());
    std::process::ExitCode::from(u8::from(missing > 0))
}
