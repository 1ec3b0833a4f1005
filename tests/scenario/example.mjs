// The TypeScript example of the API reference, word for word but for the base URL; `file` is Node's Blob.
import { Blob } from 'node:buffer';

const base = process.argv[2];
const file = new Blob(['hello occ\n']);

const bytes = new Uint8Array(await file.arrayBuffer());
const hashBuf = await crypto.subtle.digest("SHA-256", bytes);
const digestB64 = btoa(String.fromCharCode(...new Uint8Array(hashBuf)));
const resp = await fetch(`${base}/commit`, {
method: "POST",
headers: { "Content-Type": "application/json" },
body: JSON.stringify({
digests: [{ digestB64, hashAlg: "sha256" }],
}),
});
const proofs = await resp.json();
// proofs[0] is a complete OCCProof

console.log(JSON.stringify(proofs));
