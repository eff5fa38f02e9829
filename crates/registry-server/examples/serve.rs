//! A registry to try by hand: `serve ADDRESS ROOT`.

use registry_server::{Config, LogSink, serve};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    let root = arguments.next().ok_or("usage: serve ADDRESS ROOT [CONFIG]")?;
    let file = arguments.next();
    let config = Config::load(root, file.as_deref().map(std::path::Path::new), [])?;
    let running = serve(Config { listen, log: LogSink::new(|line| eprintln!("{line}")), ..config })?;
    println!("listening on {}", running.url());
    loop {
        std::thread::park();
    }
}
