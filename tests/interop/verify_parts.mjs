// verify_parts.mjs FILE: an array of proofs, in the order in which they were given out. Every signature in them, and what ties
// their parts together (PROTOCOL §2, §4, §6), from the description alone. Prints what was found; any fault ends it.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { canonical, isSigned, linkHash, publicKey, sha256 } from './occ1.mjs';

const found = { proofs: 0, slots: 0, agencies: 0, links: 0, epochLinks: 0, attribution: 0, policy: 0, principal: 0 };

function checkSlot(proof) {
  const { signatureB64, ...body } = proof.slotAllocation;
  const text = Buffer.from(canonical(body));
  assert.ok(verify(null, text, publicKey(body.publicKeyB64), Buffer.from(signatureB64, 'base64')), 'slot signature');
  assert.equal(proof.commit.slotHashB64, sha256(text).toString('base64'), 'slotHashB64');
  assert.equal(body.version, 'occ/slot/1');
  assert.equal(proof.commit.slotCounter, body.counter);
  assert.equal(proof.commit.nonceB64, body.nonceB64, 'nonce');
  assert.ok(BigInt(proof.commit.counter) > BigInt(body.counter), 'counter after the slot');
  assert.equal(body.publicKeyB64, proof.signer.publicKeyB64);
  assert.equal(body.epochId, proof.commit.epochId);
  assert.equal(body.chainId, proof.commit.chainId);
}

function checkAgency(proof) {
  const { actor, authorization } = proof.agency;
  const spki = Buffer.from(actor.publicKeyB64, 'base64');
  const { signatureB64, ...payload } = authorization;
  assert.equal(createHash('sha256').update(spki).digest('hex'), actor.keyId);
  assert.equal(authorization.artifactHash, proof.artifact.digestB64);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  assert.ok(verify('sha256', Buffer.from(canonical(payload)), key, Buffer.from(signatureB64, 'base64')), 'actor signature');
}

const heads = new Map(); // of epoch and chain
const lasts = new Map(); // of chain
for (const proof of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const { commit } = proof;
  const chain = commit.chainId ?? '';
  const before = heads.get(`${commit.epochId} ${chain}`);
  assert.ok(isSigned(proof), 'signature');
  if (before !== undefined) {
    assert.equal(commit.prevB64, linkHash(before), 'prevB64');
    assert.ok(BigInt(commit.counter) > BigInt(before.commit.counter));
    found.links++;
  } else if (commit.epochLink) {
    const last = lasts.get(chain);
    assert.equal(commit.epochLink.prevProofHashB64, linkHash(last), 'epochLink');
    assert.equal(commit.epochLink.prevCounter, last.commit.counter);
    assert.equal(commit.epochLink.toEpochId, commit.epochId);
    found.epochLinks++;
  }
  if (proof.slotAllocation) checkSlot(proof);
  if (proof.agency) checkAgency(proof);
  found.slots += proof.slotAllocation ? 1 : 0;
  found.agencies += proof.agency ? 1 : 0;
  for (const name of ['attribution', 'policy', 'principal']) found[name] += name in proof ? 1 : 0;
  found.proofs++;
  heads.set(`${commit.epochId} ${chain}`, proof);
  lasts.set(chain, proof);
}
console.log(JSON.stringify(found));
