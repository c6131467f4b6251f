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

export const SECTIONS: readonly string[] = ['Lecture Notes', 'Assignments', 'Tests'];
