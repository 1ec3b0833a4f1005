// verify_ours.mjs BASE-URL COUNT SEED: commits COUNT digests with random metadata and checks every proof that comes back:
// signature, identity, links, counters, time, and that its text is its own canonical form.
import assert from 'node:assert/strict';
import http from 'node:http';
import { writeFileSync } from 'node:fs';

import { Chance, canonical, isSigned, linkHash, looseText, sha256 } from './occ1.mjs';

const [base, countText, seedText, keepPath] = process.argv.slice(2);
const chance = new Chance(Number(seedText));
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function post(path, text) {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(text);
    const request = http.request(base + path, { method: 'POST', agent, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The text of a request for n digests; each has metadata of its own, the request's, or none. */
function makeRequest(n) {
  const shared = chance.next() < 0.3 ? chance.object(4) : undefined;
  const expected = [];
  const entries = [];
  for (let i = 0; i < n; i++) {
    const digestB64 = chance.bytes(32).toString('base64');
    const own = chance.next() < 0.8 ? chance.object(4) : undefined;
    expected.push({ digestB64, metadata: own ?? shared });
    entries.push(`{"digestB64":"${digestB64}","hashAlg":"sha256"${own ? `,"metadata":${looseText(own, chance)}` : ''}}`);
  }
  return { text: `{"digests":[${entries.join(',')}]${shared ? `,"metadata":${looseText(shared, chance)}` : ''}}`, expected };
}

let last = null;
let done = 0;
const kept = [];
const key = JSON.parse(await new Promise((resolve) => http.get(`${base}/key`, { agent }, (r) => { let t = ''; r.on('data', (c) => (t += c)); r.on('end', () => resolve(t)); })));

while (done < Number(countText)) {
  const { text, expected } = makeRequest(chance.of([1, 2, 40, 100]));
  const answer = await post('/commit', text);
  assert.equal(answer.status, 200, `${answer.text}\n${text.slice(0, 2000)}`);
  const proofs = JSON.parse(answer.text);
  assert.equal(answer.text.trimEnd(), canonical(proofs), 'the text of a proof is its own canonical form');
  assert.equal(proofs.length, expected.length);
  proofs.forEach((proof, i) => {
    assert.equal(proof.version, 'occ/1');
    assert.deepEqual(proof.artifact, { hashAlg: 'sha256', digestB64: expected[i].digestB64 });
    const metadata = expected[i].metadata;
    if (metadata && Object.getOwnPropertyNames(metadata).length > 0) assert.equal(canonical(proof.metadata), canonical(metadata));
    else assert.ok(proof.metadata === undefined || canonical(proof.metadata) === '{}');
    assert.ok(isSigned(proof), 'Ed25519 over the signed body');
    assert.equal(proof.signer.publicKeyB64, key.publicKeyB64);
    assert.match(proof.commit.epochId, /^[0-9a-f]{64}$/);
    assert.equal(proof.commit.epochId, key.epochId);
    assert.equal(Buffer.from(proof.commit.nonceB64, 'base64').length, 32);
    assert.ok(Number.isSafeInteger(proof.commit.time));
    if (last === null) {
      assert.equal(proof.commit.counter, '1');
      assert.equal(proof.commit.prevB64, undefined);
    } else {
      assert.equal(BigInt(proof.commit.counter), BigInt(last.commit.counter) + 1n);
      assert.equal(proof.commit.prevB64, linkHash(last));
      assert.ok(proof.commit.time >= last.commit.time);
    }
    last = proof;
    if (keepPath && kept.length < 3000) kept.push(proof);
  });
  done += proofs.length;
}
agent.destroy();
if (keepPath) writeFileSync(keepPath, canonical(kept));
assert.ok(sha256('').toString('hex').startsWith('e3b0c442'));
console.log(`${done} proofs verified`);
