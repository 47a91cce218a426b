// Who is here now. Nothing of it is kept, neither on the box nor in the browser.
'use strict';
const peoplePage = (() => {
  const { say, el, button, fill } = page;

  const begin = async (body) => {
    const got = await session.ask('GET', '/people?lang=' + document.documentElement.lang);
    const one = (p) => el('li', {}, el('b', { dir: 'auto' }, p.name), el('small', { class: 'hint', dir: 'ltr' }, p.address),
      p.notes.map((n) => el('small', { class: 'note' }, n)), p.alarm ? el('small', { class: 'note bad' }, p.alarm) : null);
    const some = (title, list) => (list.length ? [el('h3', {}, say(title)), el('ul', { class: 'list apart' }, list.map(one))] : '');
    fill(body, el('p', {}, say('people-how')), el('dl', {}, el('dt', {}, say('people-places')), el('dd', { class: got.full ? 'bad' : null }, got.places, got.full ? el('small', {}, say('people-full')) : null)),
      got.wifi.length + got.others.length ? '' : el('p', {}, say('people-nobody')), some('people-wifi', got.wifi), some('people-others', got.others),
      got.more ? el('p', { class: 'hint' }, say('people-more', { n: got.more })) : '', button(say('again-look'), () => page.home('people'), true));
  };
  return { begin };
})();
