// validate_openapi.mjs NODE-MODULES FILE: is it an OpenAPI document, and does it name what the service answers?
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const [modules, file] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { Validator } = await import(pathToFileURL(require.resolve('@seriousme/openapi-schema-validator')));

const validator = new Validator();
const result = await validator.validate(file);
assert.ok(result.valid, JSON.stringify(result.errors, null, 2));
const specification = validator.specification;
const calls = [['/commit', 'post'], ['/key', 'get'], ['/verify', 'post'], ['/health', 'get'], ['/challenge', 'post'],
  ['/allocate-slot', 'post'], ['/metrics', 'get'],
  ['/proofs/{digest}', 'get'], ['/proofs', 'get'], ['/epochs', 'get']];
for (const [path, method] of calls) {
  const operation = specification.paths[path]?.[method];
  assert.ok(operation, `${method} ${path} is missing`);
  assert.ok(operation.responses['200'], `${method} ${path}: no answer 200`);
}
// A validator that accepts anything proves nothing.
const broken = structuredClone(specification);
broken.paths['/commit'].post.responses = 5;
assert.equal((await new Validator().validate(broken)).valid, false);
console.log(`valid OpenAPI ${validator.version}`);
