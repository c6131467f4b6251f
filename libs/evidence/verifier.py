#!/usr/bin/env python3
"""Checks what a Palimpsest classroom has given away, without the classroom: one file, Python 3.8 or newer, no packages.

    python3 verifier.py <folder>           an archive with evidence.json: every checkpoint is computed anew from the events
    python3 verifier.py receipt.json       the proof of a hand-in, or of any event
    python3 verifier.py rows.jsonl         an export whose rows carry a proof each
    python3 verifier.py consistency.json <old checkpoint> <new checkpoint>
                                           that one log is the beginning of the other

    --key <key>           a public key that you have from elsewhere (name+id+base64); may be repeated. Without it the keys that the
                          export names itself are used: that finds accidents and whoever has not signed anew.
    --checkpoint <file>   with a folder: a checkpoint that you kept yourself must fit the archive as well; may be repeated
    --files <folder>      with a receipt: the files in this folder must be those that were handed in

Exit status: 0 everything fits, 1 something does not, 2 it could not be checked.

Sources: Merkle tree and proofs RFC 9162 section 2.1; Ed25519 RFC 8032 section 5.1; notes https://c2sp.org/signed-note and
https://c2sp.org/tlog-checkpoint; archive docs/ARCHIVE.md; the rest docs/EVIDENCE.md.
"""
import base64
import gzip
import hashlib
import json
import os
import re
import sys


class Problem(Exception):
    """What does not fit, in a sentence."""


class Unreadable(Exception):
    """Why it could not be checked."""


# --- Ed25519: points of the curve in extended coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, x*y = T/Z ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    result = (0, 1, 1, 0)
    while number > 0:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def same_point(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def x_of(y, sign):
    """The x of a point of the curve whose y is known; None if there is none."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def point_of(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def is_signed(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    key, nonce = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(digest, "little") % ORDER
    return same_point(times(s, BASE), add(nonce, times(h, key)))


# --- Signed notes and checkpoints ---


def unbase64(text, what):
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Problem(f"{what} is not base64.")


def read_key(text):
    """(name, id, public key)"""
    found = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)", text.strip())
    if not found:
        raise Unreadable(f"This is no key: {text!r}. A key is <name>+<id>+<base64>.")
    name, identifier, typed = found[1], found[2], unbase64(found[3], "A key")
    if len(typed) != 33 or typed[0] != 1:
        raise Unreadable(f"The key of {name} is not of the kind Ed25519.")
    if hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4].hex() != identifier:
        raise Problem(f"The id {identifier} does not belong to the key of {name}: its text was changed.")
    return name, identifier, typed[1:]


def open_note(note, keys):
    """The text of a note that one of the keys has signed."""
    text, separator, rest = note.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        raise Problem("A checkpoint has no signatures.")
    text += "\n"
    signed = False
    for line in rest[:-1].split("\n"):
        found = re.fullmatch(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)", line)
        if not found:
            raise Problem("A signature of a checkpoint cannot be read.")
        signature = unbase64(found[2], "A signature")
        for name, identifier, public in keys:
            if (name, identifier) != (found[1], signature[:4].hex()):
                continue
            if not is_signed(public, text.encode(), signature[4:]):
                raise Problem(f"The signature of {name} does not fit the checkpoint.")
            signed = True
    if not signed:
        raise Problem("None of the keys has signed the checkpoint.")
    return text


def read_checkpoint(note, keys):
    """(size, root)"""
    lines = open_note(note, keys).split("\n")
    if len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]*", lines[1]):
        raise Problem("A checkpoint cannot be read.")
    return int(lines[1]), unbase64(lines[2], "The root of a checkpoint")


# --- The tree ---


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Grows by a leaf at a time; keeps the roots of its complete subtrees."""

    def __init__(self):
        self.size = 0
        self.hashes = []

    def append(self, leaf):
        carry = self.size
        while carry & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            carry >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self):
        if not self.hashes:
            return hashlib.sha256(b"").digest()
        result = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            result = node_hash(left, result)
        return result


def is_included(leaf, index, size, path, root):
    """RFC 9162, 2.1.3.2"""
    if not 0 <= index < size:
        return False
    at, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            result = node_hash(sibling, result)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and result == root


def is_consistent(first, size, path, old_root, new_root):
    """RFC 9162, 2.1.4.2"""
    if not 0 < first <= size:
        return False
    if first == size:
        return not path and old_root == new_root
    path = ([old_root] if first & (first - 1) == 0 else []) + path
    if not path:
        return False
    at, last = first - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


# --- Archives ---

# An event's line in an archive, and a leaf, differ by the position, which is another in every store.
POSITION = re.compile(rb'^(\{"stream":"(?:[^"\\]|\\.)*","revision":"[0-9]+",)"position":"(?:[^"\\]|\\.)*",')


def segment_lines(folder, segment):
    """The records of a file of an archive, after its checksum was compared."""
    path = os.path.join(folder, os.path.basename(segment["file"]))
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256()
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
        if digest.hexdigest() != segment["sha256"]:
            raise Problem(f"{segment['file']} is not the file that archive.json names: its checksum differs.")
        with gzip.open(path, "rb") as lines:
            next(lines)
            for line in lines:
                yield line[:-1]
    except (OSError, EOFError, StopIteration) as error:
        raise Problem(f"{segment['file']} cannot be read: {error}")


def leaves(folder, segments):
    for segment in segments:
        if segment["kind"] == "events":
            for line in segment_lines(folder, segment):
                leaf, count = POSITION.subn(rb"\1", line, count=1)
                if count != 1:
                    raise Problem(f"{segment['file']} has a line that is no event.")
                yield leaf


def check_blobs(folder, segments):
    count = 0
    for segment in segments:
        if segment["kind"] == "blobs":
            for line in segment_lines(folder, segment):
                blob = json.loads(line)
                content = unbase64(blob["bytesBase64"], "A blob")
                if hashlib.sha256(content).hexdigest() != blob["sha256"]:
                    raise Problem(f"The bytes of blob {blob['sha256']} are not those that its name says.")
                count += 1
    return count


def in_words(leaf):
    event = json.loads(leaf)
    return f"{event['type']}, event {event['revision']} of {event['stream']}, recorded {event['recordedAt']}"


def check_archive(folder, trusted, held):
    manifest = read_json(os.path.join(folder, "archive.json"))
    evidence = read_json(os.path.join(folder, "evidence.json"))
    keys = trusted or [read_key(key) for key in evidence["keys"]]
    heads = sorted(read_checkpoint(note, keys) for note in evidence["checkpoints"] + held)
    tree, good, after_good = Tree(), 0, None
    waiting = list(heads)

    def compare(leaf):
        nonlocal good, after_good
        while waiting and waiting[0][0] == tree.size:
            if waiting.pop(0)[1] != tree.root():
                raise Problem(
                    f"The first {tree.size} events are not those that were signed; the first {good} are. Something was "
                    f"changed, removed or reordered from event number {good + 1} ({after_good}) to number {tree.size}"
                    + (f" ({in_words(leaf)})." if leaf else ".")
                )
            good, after_good = tree.size, None

    compare(None)
    for leaf in leaves(folder, manifest["segments"]):
        tree.append(leaf_hash(leaf))
        after_good = after_good or in_words(leaf)
        compare(leaf)
    if waiting:
        raise Problem(f"{waiting[-1][0]} events were signed; the archive has only {tree.size}: events are missing.")
    if tree.size != manifest["events"]:
        raise Problem(f"archive.json says {manifest['events']} events; there are {tree.size}.")
    blobs = check_blobs(folder, manifest["segments"])
    print(f"{tree.size} events and {blobs} blobs were read, {len(heads)} checkpoints checked.")
    print(f"The first {good} events are exactly those that were signed. Root: {base64.b64encode(tree.root()).decode()}")
    if good < tree.size:
        print(f"The last {tree.size - good} came after the last checkpoint: nothing vouches for them yet.")


# --- Proofs of single events ---


def check_proof(proof, trusted):
    """The event, where the proof has it; else None."""
    if proof.get("format") != "palimpsest-proof" or proof.get("version") != 1:
        raise Unreadable("This is no proof of a version that this program knows.")
    keys = trusted or [read_key(key) for key in proof["keys"]]
    size, root = read_checkpoint(proof["checkpoint"], keys)
    hashed = unbase64(proof["leafHash"], "The hash of the event")
    if "leaf" in proof and leaf_hash(proof["leaf"].encode("utf-8", "surrogatepass")) != hashed:
        raise Problem("The event is not the one that the proof is of: it was changed.")
    path = [unbase64(one, "A hash") for one in proof["hashes"]]
    if not is_included(hashed, proof["index"], size, path, root):
        raise Problem("The event is not in the log that the checkpoint vouches for.")
    return json.loads(proof["leaf"]) if "leaf" in proof else None


def check_receipt(proof, trusted, files):
    event = check_proof(proof, trusted)
    size = read_checkpoint(proof["checkpoint"], trusted or [read_key(key) for key in proof["keys"]])[0]
    print(f"Event number {proof['index'] + 1} of the {size} that the checkpoint vouches for.")
    if event is None:
        return
    print(f"{event['type']}, event {event['revision']} of {event['stream']}, recorded {event['recordedAt']}, id {event['id']}")
    handed_in = json.loads(event["data"]).get("files", []) if event["type"] == "WorkHandedIn" else []
    for file in handed_in:
        print(f"  {file['sha256']}  {file['path']}")
        if files is not None:
            check_file(os.path.join(files, *file["path"].split("/")), file)
    if files is not None:
        print(f"The {len(handed_in)} files in {files} are those that were handed in.")


def check_file(path, handed_in):
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise Problem(f"{handed_in['path']} was handed in and cannot be read here: {error}")
    if hashlib.sha256(content).hexdigest() != handed_in["sha256"]:
        raise Problem(f"{path} is not the file that was handed in: its hash differs.")


def check_rows(path, trusted):
    proved, without = 0, 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if not isinstance(row, dict) or not isinstance(row.get("proof"), dict):
                without += 1
                continue
            try:
                event = check_proof(row["proof"], trusted)
                differs = [name for name in ("id", "stream", "revision", "type") if event and name in row and str(row[name]) != event[name]]
                if differs:
                    raise Problem(f"its {', '.join(differs)} is not that of the event that it proves.")
            except Problem as problem:
                raise Problem(f"Line {number}: {problem}")
            proved += 1
    print(f"{proved} rows are proved" + (f"; {without} carry no proof." if without else "."))
    if proved == 0:
        raise Unreadable("No row carries a proof.")


def check_consistency(proof, old_note, new_note, trusted):
    if not trusted:
        raise Unreadable("Name the key that has signed the checkpoints with --key.")
    (first, old_root), (size, new_root) = read_checkpoint(old_note, trusted), read_checkpoint(new_note, trusted)
    path = [unbase64(one, "A hash") for one in proof["hashes"]]
    if not is_consistent(first, size, path, old_root, new_root):
        raise Problem(f"The log of {first} events is not the beginning of the one of {size}: it was changed.")
    print(f"The log of {first} events is the beginning of the one of {size}.")


# --- The command ---


def read_text(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {error}")


def read_json(path):
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise Unreadable(f"{path} is no JSON: {error}")


def read_words(words):
    options = {"--key": [], "--checkpoint": [], "--files": []}
    rest = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word not in options:
            rest.append(word)
        elif not words:
            raise Unreadable(f"{word} needs a value.")
        else:
            options[word].append(words.pop(0))
    return rest, options


def check(words):
    rest, options = read_words(words)
    if not rest or rest[0].startswith("-"):
        raise Unreadable(__doc__)
    trusted = [read_key(key) for key in options["--key"]]
    what = rest[0]
    if os.path.isdir(what):
        check_archive(what, trusted, [read_text(path) for path in options["--checkpoint"]])
    elif what.endswith(".jsonl"):
        check_rows(what, trusted)
    else:
        proof = read_json(what)
        if isinstance(proof, dict) and proof.get("format") == "palimpsest-consistency":
            if len(rest) != 3:
                raise Unreadable("Name the old and the new checkpoint as well.")
            check_consistency(proof, read_text(rest[1]), read_text(rest[2]), trusted)
        elif isinstance(proof, dict):
            check_receipt(proof, trusted, options["--files"][0] if options["--files"] else None)
        else:
            raise Unreadable(f"{what} is no proof.")
    if not trusted:
        print("Note: the keys were taken from the export itself. Compare them with one that you have from elsewhere (--key).")
    print("OK")


def main():
    try:
        check(sys.argv[1:])
        return 0
    except Problem as problem:
        print(f"NOT OK: {problem}")
        return 1
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        print(f"It has another form than this program knows ({type(error).__name__}: {error}).", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
