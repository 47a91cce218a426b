// Onto a stick: which one, and the work to its end.
'use strict';
const sticksPart = (() => {
  const { say, el, button, tell, busy, fill } = page;

  // A part to unfold, with what `more()` gives and the sticks that are in. `go(stick)` begins the work and gives its job.
  const part = (title, text, label, go, more) => {
    const place = el('div', {});
    const draw = async () => {
      const got = await session.ask('GET', '/sticks?lang=' + document.documentElement.lang);
      const usable = got.sticks.filter((s) => s.free !== null);
      const useless = got.sticks.filter((s) => s.free === null).map((s) => el('p', { class: 'bad' }, s.name + ': ', el('span', { lang: 'en' }, s.why || '')));
      if (!usable.length) return fill(place, useless, el('p', {}, say('stick-none')), button(say('again-look'), () => draw().catch(page.failed), true));
      const choice = usable.map((s, n) => el('label', { class: 'check', for: 'stick-' + s.name },
        el('input', { type: 'radio', name: 'stick', id: 'stick-' + s.name, value: s.name, checked: n === 0 }), say('stick-of', { name: s.name, size: s.size, free: s.free })));
      const extra = more ? more() : null;
      const write = button(label, () => busy(write, async () => {
        const { job } = await go(place.querySelector('input[name="stick"]:checked').value);
        const ended = await session.job(job);
        if (ended.state === 'failed') tell(say('content-failed') + ' ' + ended.text, true); else tell(say('stick-done'));
      }));
      fill(place, useless, el('fieldset', {}, el('legend', {}, say('stick-which')), choice), extra, el('p', { class: 'hint' }, say('stick-folder')), write);
    };
    return el('details', { ontoggle: (event) => { if (event.target.open && !place.firstChild) draw().catch(page.failed); } }, el('summary', {}, title), el('p', {}, text), place);
  };
  return { part };
})();
