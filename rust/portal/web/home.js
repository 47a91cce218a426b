// The community's own part of the first page: welcome, colours, picture, links.
'use strict';
const homePage = (() => {
  const { say, el, field, tell, busy, fill } = page;
  const SIDE = 900, ROOM = 24 * 1024; // Pixels of the picture's longer side; rust/portal's MAX_PICTURE.

  // The picture, made small by the browser: the first page has to stay light.
  const shrink = async (file) => {
    const image = await createImageBitmap(file);
    for (let side = SIDE; side >= 200; side *= 0.8) {
      const scale = Math.min(1, side / Math.max(image.width, image.height));
      const canvas = el('canvas', { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      for (const quality of [0.8, 0.6, 0.4]) {
        const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', quality));
        if (blob && blob.size <= ROOM) return new Uint8Array(await blob.arrayBuffer());
      }
    }
    throw new Error('picture');
  };

  const begin = async (body) => {
    const got = await session.ask('GET', '/home');
    const languages = [...document.querySelectorAll('[data-language]')].map((n) => [n.dataset.language, n.textContent]);
    const welcome = languages.map(([code, name]) => {
      const input = el('textarea', { rows: '3', maxlength: '600', lang: code, dir: 'auto' });
      input.value = got.welcome[code] || '';
      return [code, input, field(say('home-welcome', { language: name }), input)];
    });
    const colour = el('select', {}, got.colours.map((c) => el('option', { value: c, selected: c === got.colour }, say('home-' + c))));
    const file = el('input', { type: 'file', accept: 'image/*' });
    const remove = el('input', { type: 'checkbox', id: 'no-picture' });
    const words = el('input', { type: 'text', maxlength: '200', value: got.picture_text });
    const links = el('textarea', { rows: '5', spellcheck: 'false' });
    links.value = got.links.map((l) => l.title + ' | ' + l.address).join('\n');
    const go = el('button', { type: 'submit' }, say('save'));
    const form = el('form', { novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      busy(go, async () => {
        const set = {
          welcome: Object.fromEntries(welcome.map(([code, input]) => [code, input.value])), colour: colour.value, picture_text: words.value,
          links: links.value.split('\n').filter((l) => l.trim()).map((l) => { const at = l.lastIndexOf('|'); return { title: l.slice(0, Math.max(at, 0)).trim(), address: l.slice(at + 1).trim() }; }),
        };
        const body = { home: set };
        if (remove.checked) body.picture = '';
        else if (file.files[0]) {
          try { body.picture = pake.hex(await shrink(file.files[0])); } catch (error) { return tell(say('home-no-picture'), true); }
        }
        await session.ask('POST', '/home', body, 30000);
        page.home('home');
        tell(say('saved'));
      });
    } }, welcome.map(([, , box]) => box), field(say('home-colour'), colour), field(say('home-picture'), file, say('home-picture-hint')),
    got.picture ? el('label', { class: 'check', for: 'no-picture' }, remove, say('home-remove')) : null, field(say('home-picture-text'), words), field(say('home-links'), links, say('home-links-hint')), go);
    fill(body, form);
  };
  return { begin };
})();
