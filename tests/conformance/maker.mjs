// maker.mjs: keys, certificates, attestation documents and timestamp tokens for make.mjs. All of it is made from labels, so that a
// second run gives the same bytes: the keys are known to everybody and good for nothing else. From PROTOCOL.md and the RFCs alone.
import { createECDH, createHash, createHmac, createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';

import { bitString, cbor, der, derInteger, hex, sequence } from '../interop/encoders.mjs';
import { sha256 } from '../interop/occ1.mjs';

export const NOW = 1774000000000;
export const HOUR = 3600000;
export const b64 = (bytes) => Buffer.from(bytes).toString('base64');

/** As many bytes as wanted, the same for the same label. */
export function bytesOf(label, length = 32) {
  const parts = [];
  for (let i = 0; parts.length * 64 < length; i++) parts.push(createHash('sha512').update(`occ conformance ${i} ${label}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

// ---- keys ----

export class EdKey {
  constructor(label) {
    const pkcs8 = Buffer.concat([hex('302e020100300506032b657004220420'), bytesOf(`ed25519 ${label}`)]);
    this.privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    this.raw = createPublicKey(this.privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  }
  sign(data) {
    return signBytes(null, data, this.privateKey);
  }
}

const CURVES = {
  'P-256': { name: 'prime256v1', oid: '2a8648ce3d030107', size: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  'P-384': { name: 'secp384r1', oid: '2b81040022', size: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n },
};
const toNumber = (bytes) => BigInt(`0x${bytes.toString('hex')}`);
const toBytes = (number, size) => Buffer.from(number.toString(16).padStart(2 * size, '0'), 'hex');
function power(base, exponent, modulus) {
  let result = 1n;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) if (e & 1n) result = (result * b) % modulus;
  return result;
}

/** An ECDSA key whose signatures are the same every time, as RFC 6979 has them in spirit: k comes from key and hash, node:crypto makes k * G. */
export class EcKey {
  constructor(label, curve = 'P-256') {
    this.curve = CURVES[curve];
    this.d = (toNumber(bytesOf(`ec ${curve} ${label}`, 64)) % (this.curve.order - 1n)) + 1n;
    this.spki = sequence(sequence(der(6, hex('2a8648ce3d0201')), der(6, hex(this.curve.oid))), bitString(this.pointOf(this.d)));
  }
  pointOf(number, form) {
    const ecdh = createECDH(this.curve.name);
    ecdh.setPrivateKey(toBytes(number, this.curve.size));
    return ecdh.getPublicKey(null, form);
  }
  /** {r, s} over a hash as long as the curve's order. */
  signHash(hash) {
    const { order, size } = this.curve;
    const k = (toNumber(createHmac('sha512', toBytes(this.d, size)).update(hash).digest()) % (order - 1n)) + 1n;
    const r = toNumber(this.pointOf(k).subarray(1, 1 + size)) % order;
    const s = (power(k, order - 2n, order) * ((toNumber(hash) + r * this.d) % order)) % order;
    return { r, s };
  }
  hashOf(data) {
    return createHash(this.curve.size === 48 ? 'sha384' : 'sha256').update(data).digest();
  }
  sign(data) {
    const { r, s } = this.signHash(this.hashOf(data));
    return sequence(derInteger(r), derInteger(s));
  }
  signRaw(data) {
    const { r, s } = this.signHash(this.hashOf(data));
    return Buffer.concat([toBytes(r, this.curve.size), toBytes(s, this.curve.size)]);
  }
  get algorithm() {
    return sequence(der(6, hex(this.curve.size === 48 ? '2a8648ce3d040303' : '2a8648ce3d040302')));
  }
}

// ---- certificates (RFC 5280) ----

const distinguished = (name) => sequence(der(0x31, sequence(der(6, hex('550403')), der(12, name))));
const utcTime = (ms) => der(0x17, `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`);
const CRITICAL = der(1, Buffer.from([0xff]));
const extension = (oid, value, critical = true) => sequence(der(6, hex(oid)), ...(critical ? [CRITICAL] : []), der(4, value));
const USAGES = { sign: bitString(Buffer.from([0x80]), 7), authority: bitString(Buffer.from([0x04]), 2) };

/** of: {name, key, issuer: {name, key}, ca, pathLength?, usage: "sign" | "authority" | null, notBefore, notAfter, more: extensions}. */
export function certificate(of) {
  const constraints = of.ca ? [CRITICAL, ...(of.pathLength === undefined ? [] : [derInteger(BigInt(of.pathLength))])] : [];
  const extensions = [extension('551d13', sequence(...constraints)), ...(of.usage ? [extension('551d0f', USAGES[of.usage])] : []), ...(of.more ?? [])];
  const serial = Buffer.concat([Buffer.from([1]), bytesOf(`serial ${of.name} ${of.notAfter}`, 8)]);
  const tbs = sequence(der(0xa0, derInteger(2n)), der(2, serial), of.issuer.key.algorithm, distinguished(of.issuer.name),
    sequence(utcTime(of.notBefore), utcTime(of.notAfter)), distinguished(of.name), of.key.spki, der(0xa3, sequence(...extensions)));
  return sequence(tbs, of.issuer.key.algorithm, bitString(of.issuer.key.sign(tbs)));
}

export function makeRoot(name, curve) {
  const root = { name, key: new EcKey(name, curve), ca: true, usage: 'authority', notBefore: NOW - 1e5 * HOUR, notAfter: NOW + 1e5 * HOUR };
  root.issuer = root;
  root.der = certificate(root);
  root.pem = `-----BEGIN CERTIFICATE-----\n${b64(root.der).replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
  return root;
}

/** A path from a root down to a leaf: change[i] alters the certificate at i. */
export function makePath(root, authorities, change = {}) {
  const path = [];
  for (let i = 0; i <= authorities; i++) {
    const last = i === authorities;
    const name = i === 0 ? root.name : `${root.name}, level ${i} of ${authorities}`;
    const entry = { name, key: i === 0 ? root.key : new EcKey(name, 'P-384'), issuer: i === 0 ? root : path[i - 1], ca: !last, usage: last ? 'sign' : 'authority',
      notBefore: last ? NOW - HOUR : NOW - 100 * HOUR, notAfter: last ? NOW + 2 * HOUR : NOW + 100 * HOUR, ...change[i] };
    entry.der = i === 0 ? root.der : certificate(entry);
    path.push(entry);
  }
  return path;
}

// ---- attestation documents (AWS's nitro_enclave specification; RFC 9052) ----

export const PCRS = new Map([0, 1, 2, 3].map((i) => [i, i === 3 ? Buffer.alloc(48) : bytesOf(`pcr ${i}`, 48)]));
export const MEASUREMENT = PCRS.get(0).toString('hex');

/** given: {path, fields, pcrs, algorithm, key (that signs), tagged, indefinite, unprotected, signature(bytes)}. */
export function makeDocument(given) {
  const { path } = given;
  const fields = { module_id: 'i-0123456789abcdef0-enc0123456789abcdef', digest: 'SHA384', timestamp: NOW, pcrs: given.pcrs ?? PCRS,
    certificate: path.at(-1).der, cabundle: path.slice(0, -1).map((entry) => entry.der), public_key: null, user_data: null, nonce: null, ...given.fields };
  const payload = cbor(new Map(Object.entries(fields).filter(([, value]) => value !== undefined)), given.indefinite);
  const header = cbor(new Map([[1, given.algorithm ?? -35]]));
  const signature = (given.key ?? path.at(-1).key).signRaw(cbor(['Signature1', header, Buffer.alloc(0), payload]));
  const sign1 = cbor([header, given.unprotected ?? new Map(), payload, given.signature ? given.signature(signature) : signature]);
  return given.tagged ? Buffer.concat([Buffer.from([0xd2]), sign1]) : sign1;
}

// ---- timestamp tokens (RFC 3161, RFC 5652, RFC 5816) ----

const oid = (text) => der(6, hex(text));
const SHA256 = sequence(oid('608648016503040201'), der(5));
const ID_TST_INFO = oid('2a864886f70d0109100104');
const ID_SIGNED_DATA = oid('2a864886f70d010702');
const set = (...parts) => der(0x31, ...[...parts].sort(Buffer.compare));
const attribute = (name, value) => sequence(oid(name), set(value));
export const TIME_STAMPING = sequence(oid('2b06010505070308'));
export const CLIENT_AUTH_TOO = sequence(oid('2b06010505070308'), oid('2b06010505070302'));

/** An authority: usage = its extended key usage, critical or not. */
export function makeAuthority(root, { name = 'a signer of these cases', usage = TIME_STAMPING, critical = true, notBefore = NOW - 1000 * HOUR, notAfter = NOW + 1000 * HOUR } = {}) {
  const signer = { name, key: new EcKey(name), issuer: root, ca: false, usage: 'sign', notBefore, notAfter,
    more: usage === null ? [] : [extension('551d25', usage, critical)] };
  signer.der = certificate(signer);
  return signer;
}

const serialAndIssuer = (der_) => {
  // tbsCertificate: [0] version, serial, algorithm, issuer
  let at = 0;
  const next = (bytes) => {
    let length = bytes[at + 1];
    let start = at + 2;
    if (length > 0x7f) {
      const count = length & 0x7f;
      length = bytes.readUIntBE(start, count);
      start += count;
    }
    const whole = bytes.subarray(at, start + length);
    at = start + length;
    return [whole, bytes.subarray(start, start + length)];
  };
  const [, certificate_] = next(der_);
  at = 0;
  const [, tbs] = next(certificate_);
  at = 0;
  next(tbs);
  const [serial] = next(tbs);
  next(tbs);
  const [issuer] = next(tbs);
  return { serial, issuer };
};

/** given: {signer, digest, genTime, certificates (in it; default the signer's), alter(signature), attest (the certificate that is named)}. */
export function makeToken(given) {
  const { signer } = given;
  const seconds = new Date(given.genTime ?? NOW).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const info = sequence(derInteger(1n), oid('2a030405'), sequence(SHA256, der(4, given.digest)), derInteger(given.serial ?? 77n), der(0x18, `${seconds}Z`),
    sequence(derInteger(1n)));
  const essCertId = sequence(der(4, sha256((given.attest ?? signer).der)));
  const attributes = [attribute('2a864886f70d010903', ID_TST_INFO), attribute('2a864886f70d010904', der(4, sha256(given.content ?? info))),
    attribute('2a864886f70d010910022f', sequence(sequence(essCertId)))];
  const signed = set(...attributes);
  const signature = signer.key.sign(signed);
  const { serial, issuer } = serialAndIssuer(signer.der);
  const signerInfo = sequence(derInteger(1n), sequence(issuer, serial), SHA256, Buffer.concat([Buffer.from([0xa0]), signed.subarray(1)]),
    signer.key.algorithm, der(4, given.alter ? given.alter(signature) : signature));
  const certificates = given.certificates ?? [signer.der];
  const signedData = sequence(derInteger(3n), set(SHA256), sequence(ID_TST_INFO, der(0xa0, der(4, info))),
    ...(certificates.length ? [der(0xa0, ...[...certificates].sort(Buffer.compare))] : []), der(0x31, signerInfo));
  return sequence(ID_SIGNED_DATA, der(0xa0, signedData));
}
