// validate_reports.mjs NODE-MODULES OPENAPI: standard input is {reports, policies, proofs}; does each fit its schema of the OpenAPI
// document? Reports must have no member that their schema does not name. Prints how many were looked at.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, file] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const Ajv = require('ajv-draft-04'); // what the schemas of OpenAPI 3.0 are made of
const { components } = require('yaml').parse(readFileSync(file, 'utf8'));

/** The schema with every object that names its members closed. */
function closed(schema) {
  if (schema === null || typeof schema !== 'object') return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const made = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  if (made.type === 'object' && made.properties && !('additionalProperties' in made)) made.additionalProperties = false;
  return made;
}

function validatorOf(name, schemas) {
  const ajv = new (Ajv.default ?? Ajv)({ strict: false });
  ajv.addSchema({ id: 'openapi', components: { schemas } });
  return ajv.compile({ $ref: `openapi#/components/schemas/${name}` });
}

const input = JSON.parse(readFileSync(0, 'utf8'));
const { schemas } = components;
let looked = 0;
for (const [list, name, rules] of [['reports', 'Report', closed(schemas)], ['policies', 'VerificationPolicy', schemas], ['proofs', 'OCCProof', schemas]]) {
  const validate = validatorOf(name, rules);
  for (const value of input[list]) {
    assert.ok(validate(value), `${JSON.stringify(validate.errors)} in ${JSON.stringify(value).slice(0, 2000)}`);
    looked++;
  }
  // A validator that accepts anything proves nothing.
  assert.ok(!validate({}) || name === 'VerificationPolicy');
  assert.ok(!validate({ valid: true, checks: [], unknown: 1 }));
}
console.log(looked);
