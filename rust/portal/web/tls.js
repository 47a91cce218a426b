// HTTPS with a domain of the community's own: certificate and key, to the box and never back.
'use strict';
const tlsPage = (() => {
  const { say, el, field, button, tell, busy, sure, fill } = page;
  const MOST = 48 * 1024; // rust/tls's MAX_CHAIN.

  // A text, or a file whose text goes there.
  const given = (name) => {
    const input = el('textarea', { rows: '4', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'none', dir: 'ltr' });
    const file = el('input', { type: 'file', onchange: async () => {
      if (!file.files[0]) return;
      if (file.files[0].size > MOST) { file.value = ''; return tell(say('tls-no-too-large'), true); }
      input.value = await file.files[0].text();
    } });
    const parts = [field(say('tls-' + name), input, say('tls-' + name + '-hint')), field(say('tls-' + name + '-file'), file)];
    return { input, file, parts };
  };

  const begin = async (place) => {
    const got = await session.ask('GET', '/tls');
    if (got.state === 'off') return fill(place, el('p', {}, say('tls-no-no-domain')));
    const state = el('p', { class: got.state === 'bad' || got.ended ? 'bad' : null }, say('tls-' + (got.ended ? 'ended' : got.state), got));
    const [chain, key] = [given('chain'), given('key')];
    const go = el('button', { type: 'submit' }, say('tls-keep'));
    const form = el('form', { novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      [chain, key].forEach((g) => g.parts[0].wrong(''));
      if (chain.input.value.length > MOST || key.input.value.length > MOST) return tell(say('tls-no-too-large'), true);
      busy(go, async () => {
        let kept;
        try { kept = await session.ask('POST', '/tls', { chain: chain.input.value, key: key.input.value }, 30000); } catch (error) {
          if (error.kind !== 'refused' || error.status !== 422) throw error;
          const where = error.body.code.startsWith('key') ? key : chain;
          where.parts[0].wrong(say('tls-no-' + error.body.code, error.body));
          where.input.focus();
          return tell(say('not-saved'), true);
        }
        await begin(place);
        tell([say('tls-kept', kept), ...kept.notes.map((note) => say('tls-note-' + note, kept))].join(' '));
      });
    } }, chain.parts, key.parts, go);
    const remove = button(say('tls-remove'), async () => {
      if (await sure(place, say('tls-remove'), say('tls-remove-does', got))) busy(remove, async () => { await session.ask('POST', '/tls/remove', {}); await begin(place); tell(say('tls-removed')); });
    }, true);
    fill(place, state, form, got.state === 'none' ? null : remove);
  };

  // A part of a tab; it fills itself.
  const part = () => {
    const place = el('div', {});
    begin(place).catch(page.failed);
    return [el('h3', {}, say('tls')), el('p', {}, say('tls-does')), place];
  };
  return { part };
})();
