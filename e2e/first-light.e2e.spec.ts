import { describeFirstLight } from './first-light.js';

describeFirstLight('Postgres');
