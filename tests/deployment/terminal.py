"""What `latchkey` asks for at a terminal, answered by somebody who types."""

import os
import pathlib
import pty
import select
import subprocess
import termios
import time

from visitor import check


class Terminal:
    """One command at a terminal of its own."""

    def __init__(self, command: list, folder: pathlib.Path, environment: dict[str, str] | None = None):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.seen, self.all = "", ""

    def until(self, words: str, seconds: float = 30) -> bool:
        """Reads until the words are there; they are then read over."""
        while words not in self.seen:
            ready, _, _ = select.select([self.ours], [], [], seconds)
            if not ready:
                return False
            try:
                read = os.read(self.ours, 4096).decode()
            except OSError:  # the command has ended
                return False
            self.seen += read
            self.all += read
        self.seen = self.seen.split(words, 1)[1]
        return True

    def answer(self, question: str, answer: str, hidden: bool = False):
        """Waits for a question and answers it; where what is typed is not shown, once the terminal shows it no more."""
        check(f"  it asks for {question}", self.until(question), self.seen)
        while hidden and termios.tcgetattr(self.ours)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(self.ours, f"{answer}\n".encode())

    def end(self) -> tuple[int, str]:
        """What it ended with, and what it said since the last answer."""
        self.until("\0")
        return self.process.wait(30), self.seen


def asked(latchkey: pathlib.Path, folder: pathlib.Path):
    """`latchkey init` in an empty folder: a wrong answer is asked for again, an empty one takes what stands in brackets."""
    folder = folder / "asked"
    folder.mkdir()
    terminal = Terminal([latchkey, "init", "--region", "eu-central-1"], folder)
    terminal.answer("Stage [dev]: ", "")
    terminal.answer("MailIdentity: ", "no-reply@example.net")
    terminal.answer("MailIdentity: ", "example.net")
    terminal.answer("MailFrom: ", "Example")
    terminal.answer("MailFrom: ", "Example <no-reply@example.net>")
    terminal.answer("DomainName [none]: ", "")
    terminal.answer("AlarmEmail [none]: ", "ops@example.net")
    code, said = terminal.end()
    written = (folder / "samconfig.toml").read_text(encoding="utf-8") if code == 0 else ""
    check("latchkey init writes what was typed", code == 0 and "Example <no-reply@example.net>" in written and "ops@example.net" in written, said + written)
    check("  and says which DNS records come next", "DNS records" in said and "_dmarc" in said, said)
