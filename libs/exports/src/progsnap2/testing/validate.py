"""Checks a ProgSnap2 v1.0 dataset in a folder and prints, as JSON, what is wrong and what pandas makes of it.

The tables are those of CSSPLICE/ProgSnapToolkit, progsnap2-v1.0.yaml (commit 0007195). For each file the text is put together
again by applying its File.Edit rows, in the manner of the toolkit's readers: pandas.read_csv with defaults, Python's slices.
"""
import json
import sys
from datetime import datetime
from pathlib import Path

import pandas

COMMON = """EventType EventID CodeStateID SubjectID ToolInstances Order ClientTimestamp ServerTimestamp CourseID CourseSectionID
TermID AssignmentID AssignmentIsGraded ProblemID ProblemIsGraded Attempt ExperimentalCondition TeamID LoggingErrorID
IsFabricatedEvent""".split()
SPECIFIC = """ParentEventID SessionID ProjectID ResourceID CodeStateSection CopiedText DestinationCodeStateSection EventInitiator
EditType CompileResult CompileMessageType CompileMessageData SourceLocation ExecutionID TestID ExecutionResult Score
ExtraCreditScore ProgramInput ProgramOutput ProgramErrorOutput InterventionCategory InterventionType InterventionMessage
InsertText DeleteText DeleteLength""".split()
ALWAYS = "EventType EventID SubjectID ToolInstances".split()
SCORES = "Score ExtraCreditScore".split()
RESOURCES = "ProgramInput ProgramOutput ProgramErrorOutput".split()
# Required and optional columns of each event.
EVENTS = {
    "Session.Start": (["SessionID"], []),
    "Session.End": (["SessionID"], []),
    "Project.Open": (["ProjectID"], []),
    "Project.Close": (["ProjectID"], []),
    "File.Create": (["CodeStateSection"], ["EventInitiator"]),
    "File.Delete": (["CodeStateSection"], ["EventInitiator"]),
    "File.Open": (["CodeStateSection"], ["EventInitiator"]),
    "File.Close": (["CodeStateSection"], ["EventInitiator"]),
    "File.Save": (["CodeStateSection"], ["EventInitiator"]),
    "File.Rename": (["CodeStateSection", "DestinationCodeStateSection"], ["EventInitiator"]),
    "File.Copy": (["CodeStateSection", "DestinationCodeStateSection"], ["EventInitiator"]),
    "File.Edit": (
        ["CodeStateSection", "EditType"],
        ["EventInitiator", "SourceLocation", "InsertText", "DeleteText", "DeleteLength", "ParentEventID"],
    ),
    "File.Focus": (["CodeStateSection"], ["EventInitiator"]),
    "File.CopyText": (["CopiedText"], ["CodeStateSection", "SourceLocation"]),
    "Compile": (["CodeStateSection", "CompileResult"], ["EventInitiator"]),
    "Compile.Error": (
        ["ParentEventID", "CodeStateSection", "CompileMessageType", "CompileMessageData", "SourceLocation"],
        [],
    ),
    "Compile.Warning": (
        ["ParentEventID", "CodeStateSection", "CompileMessageType", "CompileMessageData", "SourceLocation"],
        [],
    ),
    "Submit": ([], ["ExecutionID", *SCORES]),
    "Run.Program": (["ExecutionResult"], ["ExecutionID", *SCORES, *RESOURCES]),
    "Run.Test": (["ExecutionID", "TestID", "ExecutionResult"], [*SCORES, *RESOURCES]),
    "Debug.Program": (["ExecutionResult"], ["ExecutionID", *SCORES, *RESOURCES]),
    "Debug.Test": (["ExecutionID", "TestID", "ExecutionResult"], [*SCORES, *RESOURCES]),
    "Resource.View": (["ResourceID"], []),
    "Intervention": (
        ["EventInitiator", "InterventionCategory", "InterventionType", "InterventionMessage"],
        [],
    ),
}
ENUMS = {
    "EventInitiator": """UserDirectAction UserIndirectAction ToolReaction ToolTimedEvent InstructorDirectAction
        InstructorIndirectAction TeamMemberDirectAction TeamMemberIndirectAction""".split(),
    "EditType": "Insert Delete Replace Move Paste Undo Redo Refactor Reset GenericEdit".split(),
    "CompileResult": "Success Warning Error".split(),
    "ExecutionResult": "Success Timeout Error TestFailed".split(),
    "InterventionCategory": "Feedback Hint CodeHighlight CodeChange EarnedGrade".split(),
}


def problems_of(row, extended):
    kind = row["EventType"]
    given = {name for name, value in row.items() if value != ""}
    if kind.startswith("X-"):
        return [] if extended else [f"{kind} in a strict dataset"]
    if kind not in EVENTS:
        return [f"no event type {kind}"]
    required, optional = EVENTS[kind]
    found = [f"{kind} without {name}" for name in [*ALWAYS, *required] if name not in given]
    allowed = {*COMMON, *required, *optional}
    found += [f"{kind} with {name}" for name in given if name not in allowed and not (extended and name.startswith("X-"))]
    for name, values in ENUMS.items():
        if name in given and row[name] not in values:
            found.append(f"{name} is {row[name]}")
    for name in ("ClientTimestamp", "ServerTimestamp"):
        if name in given and datetime.strptime(row[name], "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo is None:
            found.append(f"{name} without a zone")
    for name in SCORES:
        if name in given and ("." not in row[name] or not 0 <= float(row[name]) <= 1):
            found.append(f"{name} is {row[name]}")
    return found


def check(folder, extended):
    plain = pandas.read_csv(folder / "MainTable.csv", dtype=str, keep_default_na=False)
    states = pandas.read_csv(folder / "CodeStates.csv", dtype=str, keep_default_na=False)
    found = []
    head = [*COMMON, *SPECIFIC]
    if list(plain.columns)[:47] != head or (not extended and len(plain.columns) != 47):
        found.append(f"columns are {list(plain.columns)}")
    rows = plain.to_dict("records")
    events = {row["EventID"] for row in rows}
    known = {"", *states["CodeStateID"]}
    if len(events) != len(rows):
        found.append("an EventID stands for two rows")
    if [int(row["Order"]) for row in rows] != list(range(1, len(rows) + 1)):
        found.append("Order does not count the rows")
    for row in rows:
        found += problems_of(row, extended)
        if row["CodeStateID"] not in known:
            found.append(f"there is no code state {row['CodeStateID']}")
        if row["ParentEventID"] not in {"", *events}:
            found.append(f"there is no parent {row['ParentEventID']}")
        found += [f"there is no {row[name]}" for name in RESOURCES if row[name] and not (folder / row[name]).exists()]
    return found


def replayed(folder):
    """Texts by workspace (AssignmentID and TeamID) and path, as a reader with pandas' defaults puts them together."""
    table = pandas.read_csv(folder / "MainTable.csv")
    texts = {}
    for row in table[table["EventType"].isin(["File.Edit", "File.Rename"])].sort_values("Order").to_dict("records"):
        place = (row["AssignmentID"], "" if pandas.isna(row["TeamID"]) else row["TeamID"], row["CodeStateSection"])
        if row["EventType"] == "File.Rename":
            texts[(*place[:2], row["DestinationCodeStateSection"])] = texts.pop(place, "")
            continue
        text = texts.get(place, "")
        at = int(row["SourceLocation"])
        deleted = "" if pandas.isna(row["DeleteText"]) else row["DeleteText"]
        inserted = "" if pandas.isna(row["InsertText"]) else row["InsertText"]
        if text[at : at + len(deleted)] != deleted:
            raise SystemExit(f"{place}: {deleted!r} is not at {at} in {text!r}")
        texts[place] = text[:at] + inserted + text[at + len(deleted) :]
    return {"|".join(place): text for place, text in texts.items()}


def last_states(folder):
    """Of each workspace the texts of the code state that its last row names."""
    table = pandas.read_csv(folder / "MainTable.csv", dtype=str, keep_default_na=False)
    states = pandas.read_csv(folder / "CodeStates.csv", dtype=str, keep_default_na=False)
    texts = {}
    for (assignment, team), rows in table[table["AssignmentID"] != ""].groupby(["AssignmentID", "TeamID"]):
        for row in states[states["CodeStateID"] == rows.iloc[-1]["CodeStateID"]].to_dict("records"):
            texts["|".join((assignment, team, row["CodeStateSection"]))] = row["Code"]
    return texts


def main():
    folder = Path(sys.argv[1])
    extended = sys.argv[2] == "extended"
    found = check(folder, extended)
    # A dataset that begins in the middle has edits of texts that it does not have from their beginning.
    texts = {} if "part" in sys.argv else replayed(folder)
    print(json.dumps({"problems": found, "replayed": texts, "states": last_states(folder)}))


main()
