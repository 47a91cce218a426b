// The first time: five steps, each says what it does to people's phones. Nothing is applied before the last.
'use strict';
const setupPage = (() => {
  const { say, el, field, button, tell, busy } = page;
  const STEPS = [
    ['languages', ['community.languages']],
    ['community', ['community.name']],
    ['wifi', ['wifi.ssid', 'device.country', 'wifi.password']],
    ['internet', ['internet.access', 'internet.password']],
    ['password', []],
  ];

  const begin = async () => {
    let got;
    try { got = await session.ask('GET', '/settings'); } catch (error) { return page.failed(error); }
    const controls = Object.fromEntries(got.keys.map((entry) => [entry.key, settingsPage.control(entry, got.lists)]));
    const first = el('input', { type: 'password', autocomplete: 'new-password', maxlength: '128' });
    const again = el('input', { type: 'password', autocomplete: 'new-password', maxlength: '128' });
    const passwords = [field(say('new-password'), first, say('new-password-hint')), field(say('again'), again)];
    let chosen = false;
    const step = (n) => {
      const [name, keys] = STEPS[n];
      const last = n === STEPS.length - 1;
      const parts = last ? passwords : keys.map((key) => controls[key].box);
      const where = el('div', {});
      const go = el('button', { type: 'submit' }, say(last ? 'finish' : 'next'));
      const form = el('form', { novalidate: true, onsubmit: (event) => { event.preventDefault(); busy(go, () => (last ? finish(where) : check(n, keys))); } },
        parts, where, el('div', { class: 'row' }, go, n ? button(say('back'), () => step(n - 1), true) : null));
      page.show(say('step', { n: n + 1, of: STEPS.length }) + ': ' + say('step-' + name), el('p', {}, say('step-' + name + '-does')), got.later.includes(name) ? el('p', { class: 'hint' }, say('later')) : null, form).focus();
      tell('');
    };
    // The box judges the values of this step; nothing is applied.
    const check = async (n, keys) => {
      const mine = keys.map((key) => controls[key]);
      try {
        await session.ask('POST', '/settings', { edition: got.edition, set: settingsPage.changed(mine), apply: false });
      } catch (error) {
        if (error.kind === 'refused' && error.status === 422) return settingsPage.mark(mine, error.body.problems);
        throw error;
      }
      settingsPage.mark(mine, []);
      step(n + 1);
    };
    const finish = async (where) => {
      if (!chosen) {
        passwords.forEach((p) => p.wrong(''));
        if ([...first.value].length < 8) { passwords[0].wrong(say('too-short')); first.focus(); return tell('', true); }
        if (first.value !== again.value) { passwords[1].wrong(say('not-same')); again.focus(); return tell('', true); }
        await boxPage.choosePassword(first.value);
        chosen = true;
      }
      const all = Object.values(controls);
      if (!Object.keys(settingsPage.changed(all)).length) return page.home('state');
      const applied = await settingsPage.save(got.edition, all, where);
      if (applied === 'kept') { page.home('state'); tell(say('setup-done')); }
    };
    step(0);
  };
  return { begin };
})();
