import type { ItemKind } from '@palimpsest/domain';

/** Texts of the demo course. */
export const LECTURE_NOTES = `# Lecture 1: values, names, input

A *name* refers to a value. Assignment binds it:

    price = 19.5
    print(price * 2)

\`input()\` always gives text; turn it into a number before you calculate:

    age = int(input("Your age? "))
    print("Next year:", age + 1)

When your program has ended, its console becomes a Python prompt with all of its variables:
type \`price\` there and see.
`;

export const SHARED_MAIN = `"""Two of you edit this file at the same time. Press Run (F5) and watch the console together."""

name = input("What is your name? ")
print(f"Hello, {name}!")

numbers = [1, 4, 9, 16]
print("The sum of", numbers, "is", sum(numbers))
`;

export const PERSONAL_MAIN = `"""Your own workspace: only you and your professors see it."""

print("Ready when you are.")
`;

export interface DemoItem {
  readonly section: string;
  readonly kind: ItemKind;
  readonly title: string;
  readonly path: string;
  readonly text: string;
  /** Of an assignment. */
  readonly dueInDays?: number;
  /** Of a test. */
  readonly startsInDays?: number;
  readonly minutes?: number;
}

/** What the demo course has published: each with one file. Days count from the day on which the course is made. */
export const DEMO_ITEMS: readonly DemoItem[] = [
  {
    section: 'Lecture Notes',
    kind: 'material',
    title: 'Values, names, input',
    path: 'lecture-1.md',
    text: LECTURE_NOTES,
  },
  {
    section: 'Assignments',
    kind: 'assignment',
    title: 'Temperatures',
    path: 'main.py',
    dueInDays: 14,
    text: `"""Temperatures. Hand in when it prints the table for 0, 10, 20 and 30 degrees Celsius."""


def fahrenheit(celsius):
    ...  # your work: 0 °C is 32 °F, and 100 °C is 212 °F


for celsius in [0, 10, 20, 30]:
    print(celsius, fahrenheit(celsius))
`,
  },
  {
    section: 'Tests',
    kind: 'test',
    title: 'First test',
    path: 'main.py',
    startsInDays: 7,
    minutes: 45,
    text: `"""First test. What is here when the time is over counts, if you have handed it in."""

# 1. Print the sum of the numbers from 1 to 100.

# 2. Ask for a word and print it backwards.
`,
  },
];

export const SECTIONS: readonly string[] = ['Lecture Notes', 'Assignments', 'Tests'];
