// The box itself: how it is, updates, its log, the password, restart.
'use strict';
const boxPage = (() => {
  const { say, el, field, button, tell, busy, sure, fill } = page;

  const state = async (body) => {
    const got = await session.ask('GET', '/report?lang=' + document.documentElement.lang);
    if (got.trial_left_s) return settingsPage.trial(null, got.trial_left_s);
    fill(body,
      el('p', { class: got.trouble ? 'bad' : '' }, el('b', {}, got.headline)),
      el('dl', {}, got.rows.map((row) => [el('dt', {}, row.label), el('dd', { class: row.bad ? 'bad' : null }, row.text, row.notes.map((n) => el('small', {}, n)))])),
      got.troubles.length ? el('ul', { class: 'list' }, got.troubles.map((t) => el('li', {}, el('span', { lang: 'en', dir: 'auto' }, t)))) : null);
  };

  const log = async (body) => {
    const got = await session.ask('GET', '/log?lines=200');
    const text = got.lines.map((l) => '[' + (l.t_ms / 1000).toFixed(1) + '] ' + l.daemon + ': ' + l.text).join('\n');
    fill(body, el('pre', { tabindex: '0', lang: 'en', dir: 'ltr', role: 'region', 'aria-label': say('tab-log') }, text), button(say('again-look'), () => page.home('log')));
  };

  const updates = async (body) => {
    let got;
    try { got = await session.ask('GET', '/updates'); } catch (error) {
      if (error.kind !== 'refused') throw error;
      return fill(body, el('p', {}, say('updates-none')));
    }
    const slot = (s) => (s ? (s.slot || '?').toUpperCase() + ' · ' + (s.seq === undefined || s.seq === null ? '?' : s.seq) : '?');
    const act = (name, path) => { const b = button(say('u-' + name), () => busy(b, async () => { await session.ask('POST', path, {}, 60000); page.home('updates'); }), name !== 'check'); return b; };
    const history = await session.ask('GET', '/updates/history').catch(() => ({ lines: [] }));
    fill(body,
      el('dl', {}, el('dt', {}, say('u-state')), el('dd', {}, say('u-s-' + got.state)), el('dt', {}, say('u-running')), el('dd', {}, slot(got.running)), el('dt', {}, say('u-other')), el('dd', {}, slot(got.other)),
        got.last_error ? [el('dt', {}, say('u-error')), el('dd', { class: 'bad', lang: 'en' }, got.last_error)] : null),
      got.state === 'writing' ? el('progress', { max: '1', value: String(got.progress || 0), 'aria-label': say('u-s-writing') }) : null,
      el('p', {}, say('u-note')),
      el('div', { class: 'row' }, act('check', '/updates/check'), got.state === 'ready' ? act('restart', '/updates/restart') : null, act('rollback', '/updates/rollback')),
      history.lines.length ? [el('h3', {}, say('u-history')), el('ul', { class: 'list' }, history.lines.map((line) => el('li', {}, el('span', { lang: 'en', dir: 'auto' }, line))))] : null);
    if (got.state === 'writing') setTimeout(() => body.isConnected && document.querySelector('progress') && page.home('updates'), 3000);
  };

  const choosePassword = async (secret) => {
    const mine = pake.register(secret);
    const got = await session.ask('POST', '/password', { request: pake.hex(mine.request) });
    const upload = await mine.upload(pake.unhex(got.answer));
    await session.ask('POST', '/password', { upload: pake.hex(upload) });
  };

  // The box's clock against this phone's, and the token of /metrics.
  const clock = () => {
    const go = button(say('clock-set'), () => busy(go, async () => {
      try { await session.ask('POST', '/clock', { unix_s: Math.round(Date.now() / 1000) }); tell(say('clock-done')); } catch (error) {
        if (error.kind === 'refused' && error.status === 409) return tell(say('clock-far'), true);
        throw error;
      }
    }), true);
    return [el('h3', {}, say('clock')), el('p', {}, say('clock-does')), go];
  };
  const metrics = () => {
    const place = el('p', {});
    const go = button(say('metrics-show'), () => busy(go, async () => { const got = await session.ask('GET', '/metrics-token'); place.replaceChildren(el('code', {}, 'Authorization: Bearer ' + got.token)); tell(''); }), true);
    return [el('h3', {}, say('metrics')), el('p', {}, say('metrics-does')), place, go];
  };

  const more = (body) => {
    const first = el('input', { type: 'password', autocomplete: 'new-password', maxlength: '128' });
    const again = el('input', { type: 'password', autocomplete: 'new-password', maxlength: '128' });
    const fields = [field(say('new-password'), first, say('new-password-hint')), field(say('again'), again)];
    const go = el('button', { type: 'submit' }, say('change-password'));
    const form = el('form', { novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      fields.forEach((f) => f.wrong(''));
      if ([...first.value].length < 8) { fields[0].wrong(say('too-short')); return first.focus(); }
      if (first.value !== again.value) { fields[1].wrong(say('not-same')); return again.focus(); }
      busy(go, async () => { await choosePassword(first.value); first.value = again.value = ''; tell(say('password-changed')); });
    } }, fields, go);
    const place = el('div', {});
    const restart = button(say('restart'), async () => {
      if (await sure(place, say('restart'), say('restart-does'))) busy(restart, async () => { await session.ask('POST', '/restart', {}); tell(say('restarting')); });
    }, true);
    const out = button(say('logout'), () => busy(out, async () => { await session.ask('POST', '/logout', {}).catch(() => {}); session.end(); page.start(); }), true);
    fill(body, el('h3', {}, say('change-password')), form, el('h3', {}, say('restart')), el('p', {}, say('restart-does')), restart, place, ...clock(), ...tlsPage.part(), ...metrics(), el('h3', {}, say('logout')), out);
  };

  return { state, log, updates, more, choosePassword };
})();
page.start();
