// Settings: every key of hotspot.toml, what a change does to phones, and a change on trial.
'use strict';
const settingsPage = (() => {
  const { say, el, field, button, tell, busy, sure, fill } = page;
  const CHOICES = { 'wifi.band': ['2.4', '5'], 'lan.ports': ['auto', 'lan', 'uplink'], 'internet.access': ['blocked', 'voucher', 'password', 'open'] };
  const label = (key) => say('k-' + key.replace(/[._]/g, '-'));
  const option = (value, text, chosen) => el('option', { value, selected: chosen }, text);
  // The browser knows what countries are called in its language.
  const country = (code) => {
    try { return new Intl.DisplayNames([document.documentElement.lang], { type: 'region' }).of(code) + ' (' + code + ')'; } catch (e) { return code; }
  };

  // The control of one key: {box, read()}; read gives undefined while it is as it was.
  const control = (entry, lists) => {
    const { key, value } = entry;
    let input, read = () => input.value;
    if (entry.secret) {
      input = el('input', { type: 'password', autocomplete: 'new-password', maxlength: '128' });
      const none = el('input', { type: 'checkbox', id: 'none-' + key });
      const box = field(label(key), input, say(value ? 'secret-set' : 'secret-none'));
      if (value) box.append(el('label', { class: 'check', for: 'none-' + key }, none, say('secret-remove')));
      return { key, box, input, read: () => (none.checked ? '' : input.value || undefined) };
    }
    if (key === 'community.languages') {
      const all = [...document.querySelectorAll('[data-language]')].map((n) => [n.dataset.language, n.textContent]);
      const ordered = [...value, ...all.map(([code]) => code).filter((code) => !value.includes(code))];
      const checks = ordered.map((code) => [code, el('input', { type: 'checkbox', id: 'lang-' + code, checked: value.includes(code) })]);
      input = el('fieldset', {}, el('legend', {}, label(key)), el('small', { class: 'hint' }, say('h-languages')),
        checks.map(([code, check]) => el('label', { class: 'check', for: 'lang-' + code }, check, (all.find(([c]) => c === code) || [code, code])[1])));
      read = () => checks.filter(([, check]) => check.checked).map(([code]) => code);
      const wrong = el('small', { class: 'bad', hidden: true });
      input.append(wrong);
      input.wrong = (text) => { wrong.hidden = !text; wrong.textContent = text || ''; };
      return { key, box: input, input, read: () => (JSON.stringify(read()) === JSON.stringify(value) ? undefined : read()) };
    }
    if (CHOICES[key]) input = el('select', {}, CHOICES[key].map((c) => option(c, say('c-' + key.split('.')[1] + '-' + c.replace('.', '-')), c === value)));
    else if (key === 'device.country') input = el('select', {}, lists.countries.map((c) => [country(c), c]).sort((a, b) => a[0].localeCompare(b[0])).map(([name, c]) => option(c, name, c === value)));
    else if (key === 'device.timezone') input = el('select', {}, lists.timezones.map((z) => option(z, z, z === value)));
    else if (Array.isArray(value)) { input = el('textarea', { rows: '3', spellcheck: 'false' }); input.value = value.join('\n'); read = () => input.value.split('\n').map((l) => l.trim()).filter(Boolean); }
    else if (typeof value === 'number' && key !== 'wifi.channel') { input = el('input', { type: 'number', min: '0', value }); read = () => Number(input.value); }
    else input = el('input', { type: 'text', value, maxlength: '500' });
    if (key === 'wifi.channel') read = () => (/^\d+$/.test(input.value.trim()) ? Number(input.value) : input.value.trim() || 'auto');
    const hint = 'h-' + key.replace(/[._]/g, '-');
    const box = field(label(key), input, say(hint) === hint ? null : say(hint));
    return { key, box, input, read: () => { const now = read(); return JSON.stringify(now) === JSON.stringify(value) ? undefined : now; } };
  };

  const changed = (controls) => Object.fromEntries(controls.map((c) => [c.key, c.read()]).filter(([, v]) => v !== undefined));
  const mark = (controls, problems) => {
    for (const c of controls) c.box.wrong('');
    const of = (p) => controls.find((c) => c.key === p.key);
    for (const p of problems) if (of(p)) of(p).box.wrong(p.reason);
    const first = problems.map(of).find(Boolean);
    tell(problems.length ? say('not-saved') : '', problems.length > 0, first ? '' : problems.map((p) => p.reason).join(' '));
    if (first) (first.input.focus ? first.input : first.box).focus();
  };

  // Looks at a change, asks where phones would notice, applies it. True when it is done or on trial.
  const save = async (edition, controls, where) => {
    const set = changed(controls);
    if (!Object.keys(set).length) { tell(say('unchanged')); return false; }
    let look;
    try {
      look = await session.ask('POST', '/settings', { edition, set, apply: false });
    } catch (error) {
      if (error.kind === 'refused' && error.status === 422) { mark(controls, error.body.problems); return false; }
      if (error.kind === 'refused' && error.status === 409) { tell(say('conflict'), true); return false; }
      throw error;
    }
    mark(controls, []);
    const keys = look.changes.filter((c) => c.effect === look.effect).map((c) => label(c.key)).join(', ');
    if (look.effect !== 'nothing' && !(await sure(where, say('apply'), el('b', {}, keys), say('effect-' + look.effect)))) { tell(say('not-saved')); return false; }
    const done = await session.ask('POST', '/settings', { edition, set, apply: true }, 20000);
    if (done.applied === 'trial') trial(set); else { tell(say('saved')); }
    return done.applied;
  };

  // The change holds for two minutes; the owner joins again and says that it is good.
  let clock = null;
  const trial = (set, left) => {
    const name = set && set['wifi.ssid'];
    const time = el('b', {});
    const until = Date.now() + (left || 120) * 1000;
    const keep = button(say('keep'), () => busy(keep, async () => {
      try { await session.ask('POST', '/confirm', {}, 20000); } catch (error) {
        if (error.kind === 'refused' && error.status === 425) return tell(say('too-early'), true);
        if (error.kind === 'refused' && error.status === 404) { stop(); page.home('settings'); return tell(say('undone'), true); }
        throw error;
      }
      stop(); page.home('settings'); tell(say('kept'));
    }));
    const back = button(say('undo'), () => busy(back, async () => {
      await session.ask('POST', '/undo', {}, 20000).catch((e) => { if (e.kind !== 'silent') throw e; });
      stop(); page.home('settings'); tell(say('undone'));
    }), true);
    const stop = () => { clearInterval(clock); clock = null; };
    page.show(say('trial-title'), el('p', {}, name ? say('trial-join', { name }) : say('trial-wait')), el('p', {}, say('trial-left') + ' ', time), el('div', { class: 'row' }, keep, back));
    tell('');
    stop();
    const turn = () => {
      const s = Math.max(0, Math.round((until - Date.now()) / 1000));
      time.textContent = Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
      if (s === 0) { stop(); page.start(); tell(say('undone'), true); }
    };
    turn();
    clock = setInterval(turn, 500);
  };

  const begin = async (body) => {
    const got = await session.ask('GET', '/settings');
    if (got.trial_left_s) return trial(null, got.trial_left_s);
    const controls = got.keys.map((entry) => control(entry, got.lists));
    const sections = new Map();
    for (const c of controls) {
      const name = c.key.split('.')[0];
      if (!sections.has(name)) sections.set(name, []);
      sections.get(name).push(c.box);
    }
    const where = el('div', {});
    const go = el('button', { type: 'submit' }, say('save'));
    const form = el('form', { novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      busy(go, async () => { if ((await save(got.edition, controls, where)) === 'kept') { page.home('settings'); tell(say('saved')); } });
    } }, [...sections].map(([name, boxes]) => el('details', { open: name === 'community' || name === 'wifi' }, el('summary', {}, say('s-' + name)), got.later.includes(name) ? el('p', { class: 'hint' }, say('later')) : null, boxes)), where, go);
    fill(body, form);
  };
  return { begin, control, changed, save, trial, mark, label };
})();
