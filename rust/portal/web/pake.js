// The owner's side of OPAQUE (RFC 9807): ristretto255, SHA-512, 3DH, Argon2id. The primitives are noble's (noble.js); the other side
// is rust/owner/src/pake.rs. Without TLS a browser has no WebCrypto but for random numbers, hence scripts of our own.
'use strict';
const pake = (() => {
  const { ristretto255, ristretto255_oprf, sha512, hmac, extract, expand, argon2idAsync } = noble;
  const Point = ristretto255.Point, oprf = ristretto255_oprf.oprf;
  const text = (s) => new TextEncoder().encode(s);
  const join = (...parts) => {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) { out.set(p, at); at += p.length; }
    return out;
  };
  const random = (n) => crypto.getRandomValues(new Uint8Array(n));
  const len2 = (bytes) => join(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);
  const xor = (a, b) => a.map((x, i) => x ^ b[i]);
  const same = (a, b) => a.length === b.length && a.reduce((d, x, i) => d | (x ^ b[i]), 0) === 0;
  const context = text('p2p-hotspot owner 1');
  // RFC 9807, 6.4.2: keys of 3DH are derived like those of the OPRF.
  const keyPair = (seed) => oprf.deriveKeyPair(seed, text('OPAQUE-DeriveDiffieHellmanKeyPair'));
  const times = (secret, point) => {
    // Scalars are little-endian (RFC 9496).
    const scalar = secret.reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n);
    return Point.fromBytes(point).multiply(scalar).toBytes();
  };

  // The password, stretched: the same cost as on the box, rust/owner's Argon2 default.
  const stretched = async (password, blind, evaluated, progress) => {
    const y = oprf.finalize(password, blind, evaluated);
    const slow = await argon2idAsync(y, new Uint8Array(16), { t: 2, m: 19456, p: 1, dkLen: 64, onProgress: progress });
    return extract(sha512, join(y, slow), new Uint8Array(0));
  };
  const more = (key, info, length) => expand(sha512, key, info, length);
  const label = (secret, name, transcript) => {
    const full = text('OPAQUE-' + name);
    return more(secret, join(Uint8Array.of(0, 64, full.length), full, Uint8Array.of(transcript.length), transcript), 64);
  };
  const envelope = (key, nonce, serverKey) => {
    const mine = keyPair(more(key, join(nonce, text('PrivateKey')), 32));
    const tag = hmac(sha512, more(key, join(nonce, text('AuthKey')), 64), join(nonce, serverKey, len2(serverKey), len2(mine.publicKey)));
    return { mine, tag };
  };

  // start(): the first message. finish(answer): the last message and the session's key, or an error if the password is wrong.
  const login = (passwordText) => {
    const password = text(passwordText.normalize('NFC'));
    const { blind, blinded } = oprf.blind(password);
    const nonce = random(32), ephemeral = keyPair(random(32));
    const ke1 = join(blinded, nonce, ephemeral.publicKey);
    const finish = async (ke2, progress) => {
      if (ke2.length !== 320) throw new Error('length');
      const [response, serverNonce, serverEphemeral, mac] = [ke2.slice(0, 192), ke2.slice(192, 224), ke2.slice(224, 256), ke2.slice(256)];
      const [evaluated, maskNonce, masked] = [response.slice(0, 32), response.slice(32, 64), response.slice(64)];
      const key = await stretched(password, blind, evaluated, progress);
      const pad = more(more(key, text('MaskingKey'), 64), join(maskNonce, text('CredentialResponsePad')), 128);
      const open = xor(masked, pad);
      const [serverKey, envNonce, envTag] = [open.slice(0, 32), open.slice(32, 64), open.slice(64)];
      const { mine, tag } = envelope(key, envNonce, serverKey);
      if (!same(tag, envTag)) throw new Error('password');
      const transcript = join(text('OPAQUEv1-'), len2(context), len2(mine.publicKey), ke1, len2(serverKey), response, serverNonce, serverEphemeral);
      const shared = join(times(ephemeral.secretKey, serverEphemeral), times(ephemeral.secretKey, serverKey), times(mine.secretKey, serverEphemeral));
      const prk = extract(sha512, shared, new Uint8Array(0)), sum = sha512(transcript);
      const handshake = label(prk, 'HandshakeSecret', sum), none = new Uint8Array(0);
      if (!same(hmac(sha512, label(handshake, 'ServerMAC', none), sum), mac)) throw new Error('password');
      const ke3 = hmac(sha512, label(handshake, 'ClientMAC', none), sha512(join(transcript, mac)));
      return { ke3, key: label(prk, 'SessionKey', sum) };
    };
    return { ke1, finish };
  };

  // A new password, which the box never hears: start(), then upload(answer).
  const register = (passwordText) => {
    const password = text(passwordText.normalize('NFC'));
    const { blind, blinded } = oprf.blind(password);
    const upload = async (answer, progress) => {
      const key = await stretched(password, blind, answer.slice(0, 32), progress);
      const nonce = random(32), { mine, tag } = envelope(key, nonce, answer.slice(32, 64));
      return join(mine.publicKey, more(key, text('MaskingKey'), 64), nonce, tag);
    };
    return { request: blinded, upload };
  };

  const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  const unhex = (s) => Uint8Array.from(s.match(/../g) || [], (pair) => parseInt(pair, 16));
  return { login, register, hex, unhex, join, text };
})();
