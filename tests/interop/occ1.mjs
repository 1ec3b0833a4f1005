// occ/1 from its description alone, in JavaScript: shares nothing with the C code that it is held against.
import { createHash, createPublicKey, verify as edVerify } from 'node:crypto';

/** RFC 8785: names by UTF-16 code unit, no white space, ECMAScript's own strings and numbers. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const names = Object.getOwnPropertyNames(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

export const sha256 = (data) => createHash('sha256').update(data).digest();

/** PROTOCOL §2.1. */
export function signedBody(proof) {
  const body = {
    version: proof.version,
    artifact: proof.artifact,
    commit: proof.commit,
    publicKeyB64: proof.signer.publicKeyB64,
    enforcement: proof.environment.enforcement,
    measurement: proof.environment.measurement,
  };
  if (proof.environment.attestation) body.attestationFormat = proof.environment.attestation.format;
  if (proof.agency) body.actor = proof.agency.actor;
  for (const name of ['attribution', 'policy', 'principal']) if (name in proof) body[name] = proof[name];
  return canonical(body);
}

/** PROTOCOL §2.2. */
export function linkHash(proof) {
  const { timestamps, proofHash, ...kept } = proof;
  return sha256(canonical(kept)).toString('base64');
}

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const keys = new Map();

export function publicKey(b64) {
  if (!keys.has(b64)) {
    keys.set(b64, createPublicKey({ key: Buffer.concat([SPKI, Buffer.from(b64, 'base64')]), format: 'der', type: 'spki' }));
  }
  return keys.get(b64);
}

export function isSigned(proof) {
  const signature = Buffer.from(proof.signer.signatureB64, 'base64');
  return edVerify(null, Buffer.from(signedBody(proof)), publicKey(proof.signer.publicKeyB64), signature);
}

/** A generator of numbers that gives the same for the same seed (mulberry32). */
export class Chance {
  constructor(seed) {
    this.state = seed >>> 0;
  }
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n) {
    return Math.floor(this.next() * n);
  }
  of(list) {
    return list[this.below(list.length)];
  }
  bytes(n) {
    return Buffer.from(Array.from({ length: n }, () => this.below(256)));
  }

  double() {
    const view = new DataView(new ArrayBuffer(8));
    for (;;) {
      view.setUint32(0, this.below(4294967296));
      view.setUint32(4, this.below(4294967296));
      const number = view.getFloat64(0);
      if (Number.isFinite(number)) return number;
    }
  }

  number() {
    switch (this.below(8)) {
      case 0: return this.below(10);
      case 1: return -this.below(100000);
      case 2: return this.of([0, -1, 1e21, 1e-7, 1e-6, 123456789012345680000, 9007199254740991, -9007199254740991, 5e-324,
        1.7976931348623157e308, 2.2250738585072014e-308, 0.1, 4.35, 1e23, 333333333.33333329, 9007199254740992]);
      case 3: return 2 ** (this.below(2098) - 1074);
      case 4: return this.below(2 ** 31) / 2 ** this.below(40);
      case 5: return 10 ** (this.below(600) - 300);
      default: return this.double();
    }
  }

  codePoint() {
    switch (this.below(9)) {
      case 0: return this.below(0x20) || 1;
      case 1: return this.of([0x22, 0x5c, 0x2f, 0x7f, 0x80, 0xa0, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff, 0xd7ff, 0xe000, 0x10ffff, 0xfffd, 0x200e, 0x202e]);
      case 2: return 0x80 + this.below(0x780);
      case 3: return 0x800 + this.below(0xd000);
      case 4: return 0xe000 + this.below(0x2000);
      case 5: return 0x10000 + this.below(0x100000);
      default: return 0x20 + this.below(0x5f);
    }
  }

  string() {
    let text = '';
    for (let n = this.of([0, 1, 2, 5, 12, 12, 40]); n > 0; n--) text += String.fromCodePoint(this.codePoint());
    return text;
  }

  name() {
    return this.next() < 0.2
      ? this.of(['__proto__', 'constructor', 'toString', '0', '17', '-1', '01', '', ' ', 'a', 'A', '\u20ac', '\ud83d\ude00', '\ufb33', '\r', '1e3', 'length', 'version', 'commit'])
      : this.string();
  }

  /** A random JSON value; names do not repeat within an object. */
  value(depth) {
    const kind = this.below(depth > 0 ? 9 : 6);
    if (kind < 2) return this.number();
    if (kind < 4) return this.string();
    if (kind === 4) return this.of([true, false]);
    if (kind === 5) return null;
    if (kind === 6) return Array.from({ length: this.below(5) }, () => this.value(depth - 1));
    return this.object(depth - 1);
  }

  object(depth) {
    const made = {};
    for (let n = this.below(6); n > 0; n--) {
      Object.defineProperty(made, this.name(), { value: this.value(depth), enumerable: true, configurable: true, writable: true });
    }
    return made;
  }
}

/** JSON text of a value in one of the many forms that mean the same: other order, other escapes, other number text, blanks. */
export function looseText(value, chance) {
  const blank = () => (chance.next() < 0.1 ? chance.of([' ', '\n', '\t', '\r\n', '  ']) : '');
  if (Array.isArray(value)) return `[${blank()}${value.map((item) => looseText(item, chance)).join(`${blank()},${blank()}`)}${blank()}]`;
  if (value !== null && typeof value === 'object') {
    const names = Object.getOwnPropertyNames(value).sort(() => chance.next() - 0.5);
    return `{${blank()}${names.map((name) => `${looseString(name, chance)}${blank()}:${blank()}${looseText(value[name], chance)}`).join(`${blank()},`)}}`;
  }
  if (typeof value === 'string') return looseString(value, chance);
  if (typeof value === 'number') return looseNumber(value, chance);
  return JSON.stringify(value);
}

function looseString(text, chance) {
  let out = '"';
  for (const unit of text) {
    const plain = JSON.stringify(unit).slice(1, -1);
    if (chance.next() < 0.15) {
      for (let i = 0; i < unit.length; i++) {
        const hex = unit.charCodeAt(i).toString(16).padStart(4, '0');
        out += `\\u${chance.next() < 0.5 ? hex : hex.toUpperCase()}`;
      }
    } else out += unit === '/' && chance.next() < 0.5 ? '\\/' : plain;
  }
  return `${out}"`;
}

function looseNumber(number, chance) {
  const text = String(number);
  switch (chance.below(5)) {
    case 0: return number.toExponential();
    case 1: return number.toExponential().replace('e', 'E');
    case 2: return Number.isSafeInteger(number) ? `${text}.0` : text;
    case 3: return number.toExponential(20); // more digits than needed, of the same double
    // An integer literal must be one that the double does not change: 1e21 and beyond print with an exponent anyway.
    default: return text;
  }
}
