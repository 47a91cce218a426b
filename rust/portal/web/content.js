// The library: what is held, what waits for the owner's word, who is trusted, what arrived.
'use strict';
const contentPage = (() => {
  const { say, el, field, button, tell, busy, sure, fill } = page;
  const key = (name) => el('code', { class: 'key' }, name);
  // As the phone writes it; the box's clock may never have been set.
  const time = (t) => (t ? new Date(t * 1000).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' }) : '?');

  const look = async () => {
    try { return await session.ask('GET', '/content?lang=' + document.documentElement.lang); } catch (error) {
      if (error.kind === 'refused' && error.status === 503) return null;
      throw error;
    }
  };

  // `open`: the bundle that stays unfolded.
  const begin = async (body, open) => {
    const got = await look();
    if (!got) return fill(body, el('p', {}, say('content-away')), button(say('again-look'), () => page.home('content')));
    const going = el('div', { class: 'going', hidden: true }, el('p', {}), el('progress', { max: '100', 'aria-label': say('working') }));
    fill(body, going, space(got.space), ...waiting(body, got), ...held(body, got, open), ...publishers(body, got), ...sources(body, got), ...onward(got), arrived(), ...care(body));
    const unfolded = body.querySelector('details[open] > summary');
    if (unfolded) unfolded.focus();
    watch(body, going, got.progress).catch(page.failed);
  };

  const draw = (place, progress) => {
    if (place) place.hidden = !progress;
    if (!place || !progress) return;
    const [text, bar] = place.children;
    text.textContent = say('content-what-' + progress.what, { title: progress.title });
    if (progress.percent === null) bar.removeAttribute('value'); else bar.value = progress.percent;
  };
  // What is under way, such as a stick that was pushed in, until it has ended; then the tab is drawn anew, unless a question is open.
  const watch = async (body, place, progress) => {
    if (!progress) return;
    while (progress && place.isConnected) {
      draw(place, progress);
      await session.pause();
      const got = await look();
      progress = got && got.progress;
    }
    draw(place, null);
    if (place.isConnected && !working && !body.querySelector('.ask')) await begin(body);
  };

  // Work that takes time, to its end.
  let working = false;
  const work = (node, body, path, what) => busy(node, async () => {
    working = true;
    try {
      const { job } = await session.ask('POST', '/content' + path, what);
      const ended = await session.job(job, async () => {
        if (!body.isConnected) return false;
        const got = await look();
        draw(body.querySelector('.going'), got && got.progress);
      });
      if (!body.isConnected) return;
      await begin(body);
      document.querySelector('#owner h2').focus({ preventScroll: true });
      if (ended.state === 'failed') tell(say('content-failed') + ' ' + ended.text, true); else tell(say('content-done'));
    } finally { working = false; }
  });
  // The same after a question.
  const asked = (label, body, where, text, path, what, quiet) => {
    const go = button(label, async () => { if (await sure(where, label, text)) await work(go, body, path, what); }, quiet);
    return go;
  };

  const space = (s) => el('dl', {}, el('dt', {}, say('content-space')), el('dd', {}, say('content-used', { used: s.used }),
    el('meter', { min: '0', max: '100', value: s.percent, 'aria-label': say('content-space') }), el('small', {}, say('content-room', s))));

  // What a publisher has signed is together, since a word about the publisher is a word about all of it.
  const waiting = (body, got) => {
    const what = (w) => [el('b', { dir: 'auto' }, w.title), el('small', { class: 'hint' }, el('span', { dir: 'auto' }, w.place), w.size ? ' · ' + w.size : '')];
    const named = (node, w) => { node.setAttribute('aria-label', node.textContent + ': ' + w.title); return node; };
    const take = (w, label, quiet) => { const go = button(say(label), () => work(go, body, '/take', { id: w.id }), quiet); return named(go, w); };
    const alone = (w) => {
      const no = button(say('content-no'), () => busy(no, async () => { await session.ask('POST', '/content/decline', { id: w.id }); await begin(body); tell(''); }), true);
      return el('li', {}, what(w), el('p', {}, say('content-kind-' + w.kind)), el('div', { class: 'row' }, take(w, 'content-take-in'), named(no, w)));
    };
    const signed = (publisher) => {
      const item = el('li', {}, el('p', {}, say('content-kind-bundle'), ' ', key(publisher)),
        el('ul', { class: 'list apart' }, got.waiting.filter((w) => w.publisher === publisher).map((w) => el('li', {}, what(w), el('div', { class: 'row' }, take(w, 'content-take', true))))));
      const word = (name) => [say('content-' + name + '-does'), ' ', key(publisher)];
      item.append(el('div', { class: 'row' }, asked(say('content-trust'), body, item, word('trust'), '/publisher', { publisher, word: 'trust' }),
        asked(say('content-no'), body, item, word('no'), '/publisher', { publisher, word: 'refuse' }, true)));
      return item;
    };
    const publishers = [...new Set(got.waiting.filter((w) => w.publisher).map((w) => w.publisher))];
    return [el('h3', {}, say('content-waiting')), got.waiting.length ? el('ul', { class: 'list apart' }, publishers.map(signed), got.waiting.filter((w) => !w.publisher).map(alone)) : el('p', {}, say('content-no-waiting')),
      got.waiting_all > got.waiting.length ? el('p', { class: 'hint' }, say('content-more', { n: got.waiting_all - got.waiting.length })) : ''];
  };

  const held = (body, got, open) => {
    const first = got.bundles.find((b) => !b.pinned);
    const row = (label, value, more) => (value ? [el('dt', {}, say('content-' + label)), el('dd', more || {}, value)] : null);
    const one = (b) => {
      const note = b.pinned ? say('content-pinned') : b === first ? say('content-first') : '';
      const pin = button(say(b.pinned ? 'content-unpin' : 'content-pin'), () => busy(pin, async () => {
        await session.ask('POST', '/content/pin', { root: b.root, pinned: !b.pinned });
        await begin(body, b.root);
        tell('');
      }), true);
      const inside = el('div', {}, el('dl', {}, row('publisher', b.publisher ? key(b.publisher) : say('content-unsigned')), row('release', String(b.seq)), row('files', String(b.files)),
        row('languages', b.languages, { dir: 'auto' }), row('license', b.license, { dir: 'auto' }), row('arrived', time(b.arrived))));
      inside.append(el('div', { class: 'row' }, pin, asked(say('content-remove'), body, inside, say('content-remove-does'), '/remove', { root: b.root }, true)));
      return el('details', { open: b.root === open }, el('summary', {}, el('span', { dir: 'auto' }, b.title), el('small', { class: 'hint' }, b.size + (note ? ' · ' + note : ''))), inside);
    };
    return [el('h3', {}, say('content-held', { n: got.bundles_all })), got.bundles.length ? el('p', { class: 'hint' }, say('content-order')) : el('p', {}, say('content-none')), got.bundles.map(one),
      got.bundles_all > got.bundles.length ? el('p', { class: 'hint' }, say('content-more', { n: got.bundles_all - got.bundles.length })) : ''];
  };

  const publishers = (body, got) => {
    const forget = (name) => { const item = el('li', {}, key(name)); item.append(asked(say('content-forget'), body, item, say('content-forget-does'), '/publisher', { publisher: name, word: 'forget' }, true)); return item; };
    const settled = got.by_settings.map((name) => el('li', {}, key(name), el('small', { class: 'hint' }, say('content-by-settings'))));
    const some = (title, items) => (items.length ? [el('h4', {}, say(title)), el('ul', { class: 'list apart' }, items)] : '');
    const name = el('input', { type: 'text', maxlength: '100', spellcheck: 'false', autocapitalize: 'none', dir: 'ltr' });
    const box = field(say('content-trust-name-field'), name, say('content-trust-name-hint'));
    const go = el('button', { type: 'submit' }, say('content-trust'));
    const form = el('form', { novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      const publisher = name.value.trim();
      box.wrong(publisher ? '' : say('empty'));
      if (publisher && await sure(form, say('content-trust'), [say('content-trust-does'), ' ', key(publisher)])) await work(go, body, '/publisher', { publisher, word: 'trust' });
    } }, box, go);
    const any = got.trusted.length + got.refused.length + settled.length;
    return [el('h3', {}, say('content-publishers')), any ? '' : el('p', {}, say('content-nobody')), some('content-trusted', [...settled, ...got.trusted.map(forget)]), some('content-refused', got.refused.map(forget)),
      el('details', {}, el('summary', {}, say('content-trust-name')), form)];
  };

  const sources = (body, got) => {
    const one = (s) => el('li', {}, el('span', { dir: 'ltr' }, s.address), el('small', { class: s.ok ? 'hint' : 'hint bad' }, time(s.t) + ' · ', el('span', { lang: 'en' }, s.text)));
    const none = got.sources_set ? say('content-not-looked', { n: got.sources_set }) : say('content-no-sources');
    const follow = button(say('content-follow'), () => work(follow, body, '/follow', {}), true);
    const address = el('input', { type: 'url', maxlength: '500', spellcheck: 'false', dir: 'ltr' });
    const go = el('button', { type: 'submit' }, say('content-take-in'));
    const form = el('form', { novalidate: true, onsubmit: (event) => { event.preventDefault(); work(go, body, '/import', { address: address.value }); } }, field(say('content-address-field'), address, say('content-address-hint')), go);
    return [el('h3', {}, say('content-sources')), got.sources.length ? el('ul', { class: 'list' }, got.sources.map(one)) : el('p', {}, none), got.sources_set ? follow : '',
      el('details', {}, el('summary', {}, say('content-address')), form)];
  };

  // For the next village: all that is held, unless some are left out.
  const onward = (got) => {
    if (!got.bundles.length) return [];
    const boxes = got.bundles.map((b) => el('input', { type: 'checkbox', id: 'out-' + b.root, value: b.root, checked: true }));
    const more = () => el('fieldset', {}, el('legend', {}, say('content-out-which')), got.bundles.map((b, n) => el('label', { class: 'check', for: 'out-' + b.root }, boxes[n], el('span', {}, el('span', { dir: 'auto' }, b.title), ' · ' + b.size))));
    const roots = () => boxes.filter((box) => box.checked).map((box) => box.value);
    return [sticksPart.part(say('content-out'), say('content-out-does'), say('content-out-go'), (stick) => session.ask('POST', '/content/export', { stick, roots: roots() }), more)];
  };

  // Fetched when it is unfolded.
  const arrived = () => {
    const list = el('div', {});
    const line = (l) => el('li', {}, el('b', {}, say('content-log-' + l.what)), ': ', el('span', { dir: 'auto' }, l.title),
      el('small', { class: 'hint' }, time(l.t), l.from ? [' · ', el('span', { dir: 'auto' }, l.from)] : '', l.why ? [' · ', el('span', { lang: 'en', dir: 'auto' }, l.why)] : ''));
    return el('details', { ontoggle: (event) => {
      if (!event.target.open || list.firstChild) return;
      session.ask('GET', '/content/log').then((got) => fill(list, got.log.length ? el('ul', { class: 'list' }, got.log.map(line)) : el('p', {}, say('content-no-log')))).catch(page.failed);
    } }, el('summary', {}, say('content-log')), list);
  };

  const care = (body) => {
    const go = button(say('content-care-go'), () => work(go, body, '/scrub', {}), true);
    return [el('details', {}, el('summary', {}, say('content-care')), el('p', {}, say('content-care-does')), go)];
  };
  return { begin };
})();
