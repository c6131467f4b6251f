import { type PipeTransform, ValidationPipe } from '@nestjs/common';
import type { WrongFieldDto } from '@palimpsest/protocol';
import type { ValidationError } from 'class-validator';
import { invalidRequest, Problem } from './problem.js';

/** Names of fields are the client's own words: shown, but not for pages. */
const MAX_FIELD_NAME = 80;

/** Every wrong field, those of objects and lists inside with their path: `files.3.path`. */
export function wrongFields(errors: readonly ValidationError[], above = ''): WrongFieldDto[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const field = `${above}${property}`.slice(0, MAX_FIELD_NAME);
    const own = Object.entries(constraints).map(([kind, message]) => ({
      field,
      problem: inWords(kind, message, property),
    }));
    return [...own, ...wrongFields(children, `${field}.`)];
  });
}

/** class-validator begins its sentences with the name of the property, which stands before them here already. */
function inWords(kind: string, message: string, property: string): string {
  if (kind === 'whitelistValidation') return 'is not known here';
  if (kind === 'unknownValue') return 'is not an object with the fields that are described';
  const name = `${property} `;
  const said = message.startsWith(name) ? message.slice(name.length) : message;
  return said.slice(0, 300);
}

/** Bodies and queries by the rules of their classes: what is not described there is refused. */
export function requestValidation(): PipeTransform {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    exceptionFactory: (errors) => {
      const fields = wrongFields(errors);
      return invalidRequest(fields.length > 0 ? fields : [{ field: 'body', problem: 'must be a JSON object' }]);
    },
  });
}

/** A part of the path. What cannot be the name of anything is the name of nothing: 404, as for one that there is not. */
export class PathPart implements PipeTransform<unknown, string> {
  constructor(
    readonly name: string,
    readonly pattern: RegExp,
  ) {}

  transform(value: unknown): string {
    if (typeof value === 'string' && this.pattern.test(value)) return value;
    throw new Problem(404, 'not-found', `There is nothing at this address: its part "${this.name}" cannot be right.`);
  }
}
