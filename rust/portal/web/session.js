// The owner's session: every request and answer sealed with the login's key and a counter (rust/owner/src/session.rs).
'use strict';
const session = (() => {
  const store = 'hotspot-owner';
  const { hex, unhex, text } = pake;
  let state = null; // { id, up, down, n }: for this tab only, gone when it closes.
  try { state = JSON.parse(sessionStorage.getItem(store)); } catch (e) { /* no storage: a reload logs out */ }
  const keep = () => {
    try {
      if (state) sessionStorage.setItem(store, JSON.stringify(state)); else sessionStorage.removeItem(store);
    } catch (e) { /* the same */ }
  };

  const post = async (path, body, wait) => {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), wait || 15000);
    try {
      const got = await fetch('/admin/api/' + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, signal: stop.signal, cache: 'no-store' });
      return { status: got.status, body: await got.json().catch(() => ({})) };
    } finally { clearTimeout(timer); }
  };

  const fail = (kind, more) => Object.assign(new Error(kind), { kind }, more);

  const login = async (password, progress) => {
    const mine = pake.login(password);
    const first = await post('login', { first: hex(mine.ke1) });
    if (first.status === 429) throw fail('wait', { seconds: first.body.wait_s });
    if (first.status !== 200) throw fail('box');
    let done;
    try { done = await mine.finish(unhex(first.body.answer), progress); } catch (e) { throw fail('password'); }
    const last = await post('login', { login: first.body.login, last: hex(done.ke3) });
    if (last.status !== 200) throw fail('password');
    state = { id: last.body.session, up: hex(done.key.slice(0, 32)), down: hex(done.key.slice(32)), n: 0 };
    keep();
    return last.body;
  };

  const nonce = (n) => {
    const bytes = new Uint8Array(12);
    new DataView(bytes.buffer).setBigUint64(4, BigInt(n));
    return bytes;
  };

  // One at a time: the box takes counters in order only.
  let turn = Promise.resolve();
  const ask = (method, path, body, wait) => {
    const next = turn.then(() => sealed(method, path, body, wait));
    turn = next.catch(() => {});
    return next;
  };
  const sealed = async (method, path, body, wait) => {
    if (!state) throw fail('session');
    const n = ++state.n, id = unhex(state.id);
    keep();
    const box = noble.chacha20poly1305(unhex(state.up), nonce(n), id).encrypt(text(JSON.stringify({ method, path, body })));
    let got;
    try { got = await post('sealed', { session: state.id, n, box: hex(box) }, wait); } catch (e) { throw fail('silent'); }
    if (got.status === 401) { state = null; keep(); throw fail('session'); }
    if (got.status !== 200) throw fail('silent');
    // An answer that does not open was made up by somebody else.
    let open;
    try { open = JSON.parse(new TextDecoder().decode(noble.chacha20poly1305(unhex(state.down), nonce(n), id).decrypt(unhex(got.body.box)))); } catch (e) { throw fail('forged'); }
    if (open.status >= 400) throw fail('refused', { status: open.status, body: open.body });
    return open.body;
  };
  // Work of contentd that takes time: what became of it. `meanwhile` is done between two looks; when it says false, nobody waits any more.
  const AGAIN = 1000; // Milliseconds between two looks.
  const pause = () => new Promise((done) => { setTimeout(done, AGAIN); });
  const job = async (n, meanwhile) => {
    for (;;) {
      const ended = await ask('GET', '/content/job?n=' + n);
      if (ended.state !== 'working') return ended;
      if (meanwhile && await meanwhile() === false) return ended;
      await pause();
    }
  };
  const end = () => { state = null; keep(); };
  return { login, ask, job, pause, end, is: () => state !== null };
})();
