"""A fake of an IMAP server, from RFC 9051: one folder, one user, and only what a client needs to read mails."""

import asyncio
import re


class FakeImap:
    user, password = "seed", "p@ss word"

    def __init__(self, *mails: bytes) -> None:
        self.mails = dict(enumerate(mails, 7))
        self.seen: set[int] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            writer.write(self._answer(command) + f"{tag} {self._verdict(command)}\r\n".encode())
            await writer.drain()

    def _verdict(self, command: str) -> str:
        if command.startswith("LOGIN") and command != f'LOGIN {self.user} "{self.password}"':
            return "NO [AUTHENTICATIONFAILED] wrong"
        if command.startswith("SELECT") and "INBOX" not in command:
            return "NO no such folder"
        return "OK done"

    def _answer(self, command: str) -> bytes:
        words = command.split()
        if words[0] == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if words[0] == "SELECT":
            return f"* {len(self.mails)} EXISTS\r\n".encode()
        if words[0] == "LOGOUT":
            return b"* BYE\r\n"
        if words[:2] == ["UID", "SEARCH"]:
            return f"* SEARCH {' '.join(str(uid) for uid in self.mails if uid not in self.seen)}\r\n".encode()
        if words[:2] == ["UID", "STORE"] and "Seen" in command:
            self.seen.add(int(words[2]))
        if fetch := re.match(r"UID FETCH (\d+) \((.+)\)", command):
            mail = self.mails[int(fetch[1])]
            if fetch[2] == "RFC822.SIZE":
                return f"* 1 FETCH (UID {fetch[1]} RFC822.SIZE {len(mail)})\r\n".encode()
            return f"* 1 FETCH (UID {fetch[1]} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"
        return b""
